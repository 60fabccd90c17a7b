"""Commands that do harm, and what kills."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from support.command import TARGETS, until

PAGE = (Path(__file__).parents[2] / "docs/reliability.md").read_text("utf-8")
ONE = TARGETS.split()[0]


def test_commands_that_delete_their_private_folder_harm_themselves_alone(rolecall):
    done = rolecall.run('rm -rf "$(dirname "$AWS_CONFIG_FILE")"')
    assert (done.code, done.statuses) == (0, ["succeeded"] * 3)


def test_commands_that_delete_the_private_folders_of_all_end_in_a_reason(rolecall):
    done = rolecall.run('rm -rf "${AWS_CONFIG_FILE%/*/*/*/*}"')
    assert done.code == 1
    assert done.report["bug"] is None
    assert "cannot be made" in done.report["results"][1]["reason"]


def test_commands_that_delete_the_working_folder_leave_a_report(rolecall, tmp_path):
    done = rolecall.run(f"rm -rf {tmp_path}/*; rmdir {tmp_path} || true", TMPDIR="/var/tmp")
    assert done.code in {0, 1}
    assert done.report["bug"] is None
    assert done.report["results"][0]["status"] == "succeeded"


def test_a_private_folder_that_cannot_be_read_any_more_is_removed_all_the_same(rolecall):
    lock = 'cd "$(dirname "$AWS_CONFIG_FILE")" && mkdir -p deep/er && chmod 0 deep/er deep .'
    done = rolecall.run(lock)
    assert done.code == 0
    assert rolecall.left_over() == []


def test_output_without_end_is_ended_by_the_timeout(rolecall):
    done = rolecall.run("yes", ROLECALL_TARGETS=ONE, ROLECALL_TIMEOUT="1s", ROLECALL_GRACE="1s")
    assert done.code == 1
    assert done.report["results"][0]["commands"][0]["reason"] == "timed out: over TIMEOUT, 1.0 s"


def test_a_command_that_a_signal_ends_is_told_by_its_name(rolecall):
    for script, reason in (
        ("kill -KILL $$", "killed by SIGKILL"),
        ("ulimit -f 1; head -c 1m /dev/zero > large", "exit code 153 (SIGXFSZ)"),
    ):
        done = rolecall.run(script, ROLECALL_TARGETS=ONE)
        assert done.code == 1
        assert done.report["results"][0]["commands"][0]["reason"] == reason


def test_a_command_that_stops_itself_is_killed_after_its_time(rolecall):
    limits = {"ROLECALL_TIMEOUT": "1s", "ROLECALL_GRACE": "1s"}
    done = rolecall.run("kill -STOP $$", ROLECALL_TARGETS=ONE, **limits)
    assert done.code == 1
    assert done.report["results"][0]["commands"][0]["reason"] == "timed out: over TIMEOUT, 1.0 s"


def test_a_signal_to_its_own_group_reaches_neither_rolecall_nor_other_targets(rolecall):
    others = {"ROLECALL_MAX_PARALLEL": "3", "ROLECALL_ON_FAILURE": "continue"}
    done = rolecall.run('[ "$ROLECALL_TARGET" = tst ] || exit 0; kill -KILL 0', **others)
    assert (done.code, done.statuses) == (1, ["succeeded", "failed", "succeeded"])
    assert done.report["results"][1]["commands"][0]["reason"] == "killed by SIGKILL"


def test_what_has_left_its_group_runs_on_and_holds_nothing_up(rolecall, tmp_path):
    wait = "until [ -e go ]; do sleep 0.05; done; mv there ended"
    script = f"setsid sh -c 'echo $$ > there; {wait}' & until [ -s there ]; do sleep 0.05; done"
    done = rolecall.run(script, ROLECALL_TARGETS=ONE)
    assert (done.code, done.statuses) == (0, ["succeeded"])
    os.kill(int((tmp_path / "there").read_text()), 0)
    (tmp_path / "go").touch()
    until((tmp_path / "ended").exists)


def test_what_a_killed_run_leaves_is_its_owner_s_alone_and_in_nobody_s_way(rolecall):
    started = rolecall.folder / "started"
    script = f"echo $$ > {started}.part; mv {started}.part {started}; exec sleep 60"
    process = rolecall.start("run", ROLECALL_COMMANDS=script, ROLECALL_TARGETS=ONE)
    until(started.exists)
    process.kill()
    process.wait()
    # Its command goes on, with its session, until somebody ends it.
    os.kill(int(started.read_text()), signal.SIGKILL)
    process.communicate()
    (folder,) = (rolecall.folder / "tmp").glob("rolecall-*")
    found = [folder, *folder.rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in found if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in found if path.is_file()} == {0o600}
    left = rolecall.left_over()
    assert "session.json" in {path.name for path in left}
    assert not (rolecall.folder / "rolecall-report/report.json").exists()
    assert rolecall.run("true").code == 0
    assert rolecall.left_over() == left
    (rolecall.folder / "tmp/rolecall-mine").mkdir()
    cleaning = re.search(r"^```sh\n(find .*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    subprocess.run(["sh", "-c", cleaning[1]], env=rolecall.environ({}), check=True)
    assert [path.name for path in (rolecall.folder / "tmp").iterdir()] == ["rolecall-mine"]


def test_a_killed_run_begins_no_more_and_its_command_ends_when_it_prints(rolecall, tmp_path):
    wait = f"echo $$ > {tmp_path}/first; until [ -e {tmp_path}/go ]; do sleep 0.05; done"
    printing = f"{wait}; touch {tmp_path}/quiet; /bin/echo here; touch {tmp_path}/printed"
    for command in (printing, f"{wait}; touch {tmp_path}/quiet"):
        script = json.dumps([command, f"touch {tmp_path}/second"])
        process = rolecall.start("run", ROLECALL_COMMANDS=script)
        until((tmp_path / "first").exists)
        process.kill()
        process.communicate()
        (tmp_path / "go").touch()
        until(lambda: ended(int((tmp_path / "first").read_text())))
        assert (tmp_path / "quiet").exists()
        for name in ("quiet", "go", "first"):
            (tmp_path / name).unlink()
    assert {path.name for path in tmp_path.iterdir()} == {"rolecall-report", "tmp"}
    for folder in (tmp_path / "tmp").iterdir():
        shutil.rmtree(folder)


def ended(process):
    """Whether it runs no more; nobody may have fetched what was left of it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
