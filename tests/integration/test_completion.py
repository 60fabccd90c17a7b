"""`rolecall completion`: what real shells make of the keys that people press."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support import terminal
from support.command import ROLECALL
from support.forms import long
from support.terminal import ALL, TAB

FILE = """
targets:
  - name: dev
    role_arn: arn:aws:iam::222222222222:role/deploy
  - name: production
    role_arn: arn:aws:iam::333333333333:role/deploy
"""
SHELLS = ("bash", long("zsh"), long("fish"))


@pytest.fixture
def place(tmp_path):
    (tmp_path / "rolecall.yml").write_text(FILE)
    (tmp_path / "other.yml").write_text("")
    (tmp_path / "reports").mkdir()
    return tmp_path


def environ():
    return {**os.environ, "PATH": f"{Path(ROLECALL).parent}:{os.environ['PATH']}"}


def needs(shell):
    if not shutil.which(shell):
        assert os.environ.get("COMPLETION_TESTS") != "required", f"{shell} is missing"
        pytest.skip(f"{shell} is not installed here")


def completed(shell, words, place):
    """What the shell would put in place of the last word."""
    needs(shell)
    if shell == "fish":
        script = f'rolecall completion fish | source; complete -C "{words}"'
        done = subprocess.run(
            ["fish", "--no-config", "-c", script],
            cwd=place, env=environ(), capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        return {line.partition("\t")[0] for line in done.stdout.splitlines()}
    last = words.rpartition(" ")[2]
    line = terminal.typed(shell, words + ALL, folder=place, environ=environ())
    return set(line.removeprefix(words.removesuffix(last)).split())


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("rolecall pl", {"plan"}),
        ("rolecall plan --max-", {"--max-parallel", "--max-failures"}),
        ("rolecall run --session-p", {"--session-policy"}),
        ("rolecall run --on-failure ", {"stop", "continue", "abort"}),
        ("rolecall init --ba", {"--batch"}),
        ("rolecall init --batch ", {"target", "wave", "shard"}),
        ("rolecall init --form ", {"codebuild", "stepfunctions"}),
        ("rolecall report --format ", {"text", "md", "html", "junit", "json"}),
        ("rolecall exec ", {"dev", "production"}),
        ("rolecall exec p", {"production"}),
        ("rolecall run --only ", {"dev", "production"}),
        ("rolecall run --only dev,", {"dev,dev", "dev,production"}),
        ("rolecall run --only dev,p", {"dev,production"}),
        ("rolecall assume ", {"dev", "production"}),
        ("rolecall run --config o", {"other.yml"}),
        ("rolecall completion ", {"bash", "fish", "zsh"}),
    ],
)
def test_what_can_stand_there_is_offered(shell, words, found, place):
    assert completed(shell, words, place) == found


@pytest.mark.parametrize("shell", SHELLS[:2])
def test_tab_writes_the_rest_of_the_only_word_there_is(shell, place):
    needs(shell)
    line = terminal.typed(shell, f"rolecall exec prod{TAB}", folder=place, environ=environ())
    assert line == "rolecall exec production "


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_offered(shell, place):
    listed = subprocess.run([ROLECALL, "--help"], capture_output=True, text=True, check=True).stdout
    commands = set(re.findall(r"^ {2}(\w+) ", listed, re.MULTILINE))
    assert completed(shell, "rolecall ", place) - {"-h", "--help", "--version"} == commands


def test_a_mistake_in_the_settings_is_no_business_of_a_completion(place):
    (place / "rolecall.yml").write_text("targets: [nonsense]\n")
    done = subprocess.run(
        [ROLECALL, "completion", "--targets"],
        cwd=place, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_name_that_would_run_something_is_not_offered(shell, place):
    # bash expands what it is given to choose from.
    (place / "rolecall.yml").write_text(FILE.replace("production", "'$(touch${IFS}ran)'"))
    assert "$" not in "".join(completed(shell, "rolecall exec ", place))
    assert not (place / "ran").exists()


@pytest.mark.parametrize("given", [[], ["tcsh"], ["bash", "--targets"]])
def test_a_shell_that_is_not_known_ends_with_2(given, place):
    done = subprocess.run(
        [ROLECALL, "completion", *given], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "bash" in done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_the_topics_of_explain_and_what_only_means_are_completed(shell, place):
    assert completed(shell, "rolecall explain access", place) == {"access-denied"}
    assert completed(shell, "rolecall explain MAX_", place) == {"MAX_PARALLEL", "MAX_FAILURES"}
    assert completed(shell, "rolecall run --only prod", place) == {"production"}
