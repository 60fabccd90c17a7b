"""Faults around a run: full disks, missing folders, no descriptors, commands that do harm."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from support.command import ROLECALL, TARGETS, Finished

ROOT = Path(__file__).parents[2]
ONE = TARGETS.split()[0]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 128 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a file system")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder):
    return f"head -c 1m /dev/zero > {folder}/filler 2>/dev/null || true"


# The limit of processes is one of users other than root, who may not read a root's Python.
AS_ANOTHER = (
    *("setpriv", "--reuid=54321", "--clear-groups"),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
)


def limited(rolecall, limits, *arguments, through=(), **extra):
    """A run under limits of the system's: a mapping of `resource.RLIMIT_*` to a number."""

    def limit():
        for name, number in limits.items():
            resource.setrlimit(name, (number, number))

    done = subprocess.run(
        [*through, ROLECALL, *arguments],
        cwd=rolecall.folder,
        env=rolecall.environ(extra),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
        timeout=60,
    )
    return Finished(code=done.returncode, out=done.stdout, err=done.stderr, folder=rolecall.folder)


def test_a_full_disk_at_the_end_keeps_the_exit_code_and_says_that_there_is_no_report(
    rolecall, small_disk
):
    done = rolecall.run(fill(small_disk), ROLECALL_REPORT_DIR=str(small_disk / "report"))
    assert done.code == 0
    assert "no report:" in done.err
    assert "No space left on device" in done.err
    assert "Traceback" not in done.err + done.out
    assert done.out.count("succeeded") >= 3


def test_a_full_temporary_folder_fails_the_target_and_the_report_tells_why(rolecall, small_disk):
    done = rolecall.run(
        "true", TMPDIR=str(small_disk), ROLECALL_BEFORE=fill(small_disk), ROLECALL_TARGETS=ONE
    )
    assert done.code == 1
    assert "No space left on device" in done.report["results"][0]["reason"]
    assert not list(small_disk.glob("rolecall-*"))


def test_commands_that_delete_their_private_folder_harm_themselves_alone(rolecall):
    done = rolecall.run('rm -rf "$(dirname "$AWS_CONFIG_FILE")"')
    assert (done.code, done.statuses) == (0, ["succeeded"] * 3)


def test_commands_that_delete_the_private_folders_of_all_end_in_a_reason(rolecall):
    done = rolecall.run('rm -rf "$(dirname "$(dirname "$AWS_CONFIG_FILE")")"')
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


MANY = {
    "ROLECALL_TARGETS": "\n".join(f"arn:aws:iam::{n:012}:role/r" for n in range(1, 33)),
    "ROLECALL_COMMANDS": "sleep 0.3",
    "ROLECALL_MAX_PARALLEL": "32",
    "ROLECALL_ON_FAILURE": "continue",
}


def test_too_few_descriptors_fail_targets_and_let_the_others_go_on(rolecall):
    done = limited(rolecall, {resource.RLIMIT_NOFILE: 48}, "run", **MANY)
    assert done.code == 1
    assert done.report["bug"] is None
    results = done.report["results"]
    # Of a target that came as far as its shell the command has the reason.
    refused = [
        found["reason"] or found["commands"][0]["reason"]
        for found in results
        if found["status"] == "failed"
    ]
    assert 0 < len(refused) < len(results)
    assert all("Too many open files" in reason for reason in refused)


def test_too_few_processes_fail_targets_and_let_the_others_go_on(rolecall):
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("root and setpriv are needed to run as a user without other processes")
    with tempfile.TemporaryDirectory() as name:
        # pytest's own folders are for root alone.
        others = replace(rolecall, folder=Path(name))
        others.environ({})
        for folder in (others.folder, others.folder / "tmp"):
            folder.chmod(0o777)
        done = limited(others, {resource.RLIMIT_NPROC: 30}, "run", through=AS_ANOTHER, **MANY)
        assert done.code == 1, done.err
        assert done.report["bug"] is None
        statuses = {found["status"] for found in done.report["results"]}
    assert statuses == {"succeeded", "failed"}


@pytest.mark.parametrize("path", [".", "report.json", "junit.xml", "report.html", "exports.sh"])
def test_a_symlink_that_commands_plant_where_the_report_goes_is_not_followed(
    rolecall, tmp_path, path
):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "report.json").write_text("mine")
    report = tmp_path / "rolecall-report"
    plant = f"rm -rf {report}; ln -s {precious} {report}"
    if path != ".":
        plant = f"rm -f {report}/{path}; ln -s {precious}/report.json {report}/{path}"
    done = rolecall.run(plant, ROLECALL_TARGETS=ONE)
    assert done.code == 0
    assert "is a symbolic link, which rolecall does not write through" in done.message
    assert [p.name for p in precious.iterdir()] == ["report.json"]
    assert (precious / "report.json").read_text() == "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--out", "planted"),
        ("plan", "--batch", "target", "--out", "planted"),
        ("report", "rolecall-report", "--format", "html", "--out", "planted"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_symlink_in_place_of_a_file_to_write_is_refused(rolecall, tmp_path, arguments):
    assert rolecall.run("true").code == 0
    (tmp_path / "buildspec.yml").write_bytes((ROOT / "buildspec.yml").read_bytes())
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "planted").symlink_to(tmp_path / "precious")
    done = rolecall(*arguments, ROLECALL_COMMANDS="true")
    assert done.code == 2
    assert "is a symbolic link, which rolecall does not write through" in done.message
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_symlink_in_place_of_the_merged_report_is_refused(rolecall, tmp_path):
    assert rolecall.run("true").code == 0
    (tmp_path / "precious").mkdir()
    (tmp_path / "merged").symlink_to(tmp_path / "precious")
    done = rolecall("merge", "rolecall-report", "--out", "merged")
    assert done.code == 2
    assert "is a symbolic link" in done.message
    assert list((tmp_path / "precious").iterdir()) == []


def test_a_symlink_in_place_of_the_lock_of_the_aws_files_is_not_followed(rolecall, tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws/.rolecall.lock").symlink_to(tmp_path / "precious")
    files = {
        "AWS_CONFIG_FILE": str(tmp_path / "aws/config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "aws/credentials"),
    }
    done = rolecall("assume", "arn:aws:iam::222222222222:role/deploy", "client", **files)
    assert done.code == 2
    assert "cannot be locked" in done.message
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize("name", ["..", ".", "-rf", "a" * 64, "CON", "a..", "-"])
def test_a_name_that_would_mean_another_place_stays_a_name(rolecall, tmp_path, name):
    before = {path.name for path in tmp_path.iterdir()}
    done = rolecall.run(
        'test "$ROLECALL_TARGET" = "$AWS_PROFILE"',
        ROLECALL_TARGETS=f"{name}=arn:aws:iam::222222222222:role/deploy",
    )
    assert done.code == 0, done.out
    assert done.report["results"][0]["target"] == name
    assert {path.name for path in tmp_path.iterdir()} - before == {"rolecall-report", "tmp"}


@pytest.mark.parametrize("name", ["a/b", "../a", "a\u0301", "\uff41", "a" * 65, "a b", "a\tb"])
def test_a_name_that_is_none_is_refused(rolecall, sts, name):
    done = rolecall.run(
        "true",
        ROLECALL_TARGETS=json.dumps(
            [{"name": name, "role_arn": "arn:aws:iam::222222222222:role/a"}]
        ),
    )
    assert done.code == 2
    assert "ROLECALL_TARGETS" in done.message
    assert sts.calls == []


def test_a_home_that_cannot_be_written_is_told(rolecall, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    home = {"HOME": str(small_disk), "AWS_CONFIG_FILE": "", "AWS_SHARED_CREDENTIALS_FILE": ""}
    done = rolecall("assume", "arn:aws:iam::222222222222:role/deploy", "client", **home)
    assert done.code == 2
    assert "Read-only file system" in done.message
    assert rolecall.run("true", **home).code == 0
