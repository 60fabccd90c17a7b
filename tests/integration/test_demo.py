"""The demo and the playground, start to end: what they say of themselves is checked here too."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from playground import TRY

from support.command import ROLECALL
from support.tutorial import steps

ROOT = Path(__file__).parents[2]
FIRST_RUN = ROOT / "docs" / "first-run.md"
DEMO = ROOT / "pipeline" / "demo" / "demo.py"
PLAYGROUND = DEMO.with_name("playground.py")


@pytest.fixture
def playground(tmp_path, monkeypatch):
    """Gives a shell in the playground its script, as in `make playground < script`."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("SHELL", "bash")

    def run(script):
        return subprocess.run(
            [sys.executable, str(PLAYGROUND)],
            input=script, capture_output=True, text=True, check=False, timeout=280,
        )  # fmt: skip

    return run


def test_the_demo_deploys_to_four_accounts_and_is_denied_a_second_time(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    # What an earlier demo has left gives way.
    stale = tmp_path / "build" / "kept" / "release-1" / "stale"
    stale.parent.mkdir(parents=True)
    stale.touch()
    done = subprocess.run(
        [sys.executable, str(DEMO), "build/kept"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 succeeded" in done.stdout
    assert "1 of 4 roles could not be assumed; nothing was deployed" in done.stdout
    for account in ("dev", "test", "acceptance", "production"):
        assert f"release 1 in {account}" in done.stdout
    assert "release 2 in dev" not in done.stdout
    assert list(scratch.iterdir()) == []
    # Its last words say where the pages are, and the command.
    pages = [f"build/kept/release-{number}/report.html" for number in (1, 2)]
    left = done.stdout.partition("nothing of it is left.")[2]
    assert [line.strip() for line in left.splitlines() if line.endswith(".html")] == pages
    assert [(tmp_path / page).is_file() for page in pages] == [True, True]
    reports = [(tmp_path / page).with_name("report.json").read_text("utf-8") for page in pages]
    assert [json.loads(report)["exit_code"] for report in reports] == [0, 4]
    assert not stale.exists()
    [command] = re.findall(r"export PATH=(.*)$", left, re.MULTILINE)
    script = f"export PATH={command}; command -v rolecall"
    found = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ROLECALL
    # The tutorial shows parts of it.
    shown = [s.text for s in steps(FIRST_RUN.read_text("utf-8")) if s.mark == "a part of the demo"]
    assert len(shown) == 2
    assert [text for text in shown if text not in done.stdout] == []


@pytest.mark.long
def test_the_playground_does_what_it_tells_one_to_try(playground, tmp_path):
    done = playground("set -e\n" + "".join(f"echo '$ {line}'\n{line}\n" for line in TRY))
    assert done.returncode == 0, done.stdout + done.stderr
    said = dict(re.findall(r"^\$ (.*)\n((?:(?!\$ rolecall).*\n)*)", done.stdout, re.MULTILINE))
    plan, one, everything, again, look, ask = (said[line] for line in TRY)
    assert "4 targets, in sequence" in plan
    assert "1 succeeded in " in one
    assert "4 succeeded in " in everything
    of, _, table = again.partition("\n\n")
    assert of.startswith("Caller: arn:aws:sts::111111111111:assumed-role/rolecall-codebuild/")
    assert table.startswith("target ")
    assert table in everything
    assert "index.html" in look
    assert ask.count(":assumed-role/crossaccount-") == 4
    assert list(tmp_path.iterdir()) == []
    # The page tells to try some of them.
    shown = FIRST_RUN.read_text("utf-8").partition("make playground\n")[2].partition("```")[0]
    commands = re.findall(r"^playground \$ (.*)$", shown, re.MULTILINE)
    assert commands.pop() == "exit"
    assert set(commands) <= TRY.keys()


def test_what_the_readme_shows_of_the_playground_fails_once_and_goes_on(playground):
    readme = (ROOT / "README.md").read_text("utf-8")
    lines = re.findall(r"^playground \$ (.*)$", readme, re.MULTILINE)
    done = playground("".join(f'{line}\necho "ended with $?"\n' for line in lines) + "ls report\n")
    codes = [int(code) for code in re.findall(r"^ended with (\d+)$", done.stdout, re.MULTILINE)]
    assert codes == [0, 0, 0, 1, 0, 0, 0], done.stdout + done.stderr
    # The line that the log ends with is the one that is shown.
    left = re.search(r"^To run all that is left: (.*)$", done.stdout, re.MULTILINE)
    assert left[1] == lines[-2]
    assert done.stdout.count("dev succeeded") == 2
    assert "report.html" in done.stdout.splitlines()


@pytest.mark.long
def test_in_the_playground_nothing_of_the_user_s_is_within_reach(playground, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("ROLECALL_TARGETS", "mine=arn:aws:iam::999999999999:role/mine")
    done = playground("echo $HOME $PWD $AWS_ENDPOINT_URL; env; rolecall assume dev; exit 7")
    assert done.returncode == 7, done.stdout + done.stderr
    home, folder, url = done.stdout.splitlines()[0].split()
    assert home == folder
    assert home.startswith(str(tmp_path))
    assert url.startswith("http://127.0.0.1:")
    assert "mine" not in done.stdout
    assert "profile dev: account 222222222222" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_a_playground_that_is_ended_ends_its_shell_and_its_organisation(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("SHELL", "bash")
    with subprocess.Popen(
        [sys.executable, str(PLAYGROUND)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        process.stdin.write("echo $$ $AWS_ENDPOINT_URL\n")
        process.stdin.flush()
        shell, url = process.stdout.readline().split()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(shell), 0)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=10)
    assert list(tmp_path.iterdir()) == []
