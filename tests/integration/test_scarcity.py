"""A machine that has no more to give: disk, descriptors, processes, memory."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from support.command import ROLECALL, TARGETS, Finished

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


MANY = {
    "ROLECALL_TARGETS": "\n".join(f"arn:aws:iam::{n:012}:role/r" for n in range(1, 33)),
    "ROLECALL_COMMANDS": "sleep 0.3",
    "ROLECALL_MAX_PARALLEL": "32",
    "ROLECALL_ON_FAILURE": "continue",
}


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
            folder.chmod(0o1777)
        done = limited(others, {resource.RLIMIT_NPROC: 30}, "run", through=AS_ANOTHER, **MANY)
        assert done.code == 1, done.err
        assert done.report["bug"] is None
        statuses = {found["status"] for found in done.report["results"]}
        assert statuses == {"succeeded", "failed"}
        done = limited(others, {resource.RLIMIT_NPROC: 1}, "run", through=AS_ANOTHER, **MANY)
        assert (done.code, done.report["bug"]) == (1, None), done.err
        reasons = {found["reason"] for found in done.report["results"]}
        assert set(done.statuses) == {"not run"}
    why = "no more threads can be started; give it more memory, processes or open files"
    what = "the machine refused what the run needs"
    assert reasons == {f"{what}: {why}, or let fewer targets run at once"}


def test_a_command_that_gets_no_memory_fails_its_target_alone(rolecall):
    # A limit, since a system that promises memory freely would promise any amount.
    eat = f"ulimit -v 1000000; {sys.executable} -c 'bytearray(1 << 40)' 2>&1 | tail -n 1"
    done = rolecall.run(
        f'[ "$ROLECALL_TARGET" != dev ] || {{ {eat}; exit ${{PIPESTATUS[0]}}; }}',
        ROLECALL_ON_FAILURE="continue",
    )
    assert (done.code, done.statuses) == (1, ["failed", "succeeded", "succeeded"])
    assert done.report["results"][0]["commands"][0]["tail"] == ["MemoryError"]


def test_a_run_that_gets_no_memory_is_no_bug(rolecall):
    done = rolecall.patched(
        "import rolecall.runner as r\ndef hungry(*a): raise MemoryError\nr.assume_all = hungry"
    ).run("true")
    assert (done.code, done.statuses) == (1, ["not run"] * 3)
    assert done.report["bug"] is None
    assert "what the run needs: out of memory; give it" in done.report["results"][0]["reason"]


def test_commands_after_the_targets_that_could_not_begin_are_no_success(rolecall):
    scarce = rolecall.patched(
        "import errno, rolecall.runner as r\n"
        "once = r.Runner._once\n"
        "def full(self, deployer, name, commands):\n"
        "    if name == 'after': raise OSError(errno.EMFILE, 'Too many open files')\n"
        "    return once(self, deployer, name, commands)\n"
        "r.Runner._once = full\n"
    )
    given = {"ROLECALL_BEFORE": "echo first", "ROLECALL_AFTER": "echo last"}
    done = scarce.run("true", **given)
    assert (done.code, done.statuses) == (1, ["succeeded"] * 3)
    assert done.report["before"]["status"] == "succeeded"
    assert done.report["after"]["status"] == "not run"
    assert "Too many open files" in done.report["after"]["reason"]


def test_a_part_of_the_report_that_gets_no_memory_is_told_and_the_rest_is_there(rolecall):
    done = rolecall.patched(
        "import rolecall.report.page as p\ndef hungry(*a): raise MemoryError\np.write = hungry"
    ).run("true")
    assert (done.code, done.statuses) == (0, ["succeeded"] * 3)
    assert "report.html cannot be written: out of memory" in done.message
    assert "3 succeeded" in done.out
    found = {path.name for path in (rolecall.folder / "rolecall-report").iterdir()}
    assert found == {"report.json", "junit.xml", "exports.sh", "summary.md", "logs"}


def test_a_limit_of_the_size_of_files_cuts_logs_and_not_the_run(rolecall):
    limits = {resource.RLIMIT_FSIZE: 2_000}
    done = limited(rolecall, limits, "run", ROLECALL_COMMANDS="seq 3000")
    assert done.code == 0, done.err
    assert "report.json cannot be written: File too large" in done.message
    assert done.out.count("log not written") == 1
    assert done.out.count("\n3000\n") == 3


def test_a_command_that_fills_the_disk_fails_and_the_run_goes_on(rolecall, small_disk):
    done = rolecall.run(
        f'head -c 1m /dev/zero > {small_disk}/"$ROLECALL_TARGET"',
        ROLECALL_ON_FAILURE="continue",
    )
    assert (done.code, done.statuses) == (1, ["failed"] * 3)
    assert "No space left on device" in done.report["results"][0]["commands"][0]["tail"][0]


def test_a_home_that_cannot_be_written_is_told(rolecall, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    home = {"HOME": str(small_disk), "AWS_CONFIG_FILE": "", "AWS_SHARED_CREDENTIALS_FILE": ""}
    done = rolecall("assume", "arn:aws:iam::222222222222:role/deploy", "client", **home)
    assert done.code == 2
    assert "Read-only file system" in done.message
    assert rolecall.run("true", **home).code == 0
