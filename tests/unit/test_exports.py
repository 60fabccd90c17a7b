"""exports.sh: what a shell reads from it, and that rolecall knows the names."""

from __future__ import annotations

import subprocess

import pytest

from rolecall.report import exports
from rolecall.results import Outcome, Result, Status
from rolecall.secret import Mask, Secret
from rolecall.settings.load import EXPORTS, load


def result(status=Status.SUCCEEDED, name="dev", region="eu-west-1"):
    return Result(target=name, account_id="", role_arn="", region=region, status=status)


def sourced(folder, outcome, report="rolecall-report/report.json", mask=None, shell="sh"):
    """The variables that a shell has after it sourced the file, and that its children see."""
    exports.write(folder, outcome, report=report, mask=mask or Mask())
    done = subprocess.run(
        [shell, "-c", ". ./exports.sh && env -0"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    pairs = (entry.partition("=") for entry in done.stdout.decode().split("\0"))
    return {name: value for name, _, value in pairs if name.startswith("ROLECALL_")}


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_reads_counts_and_names_from_it(tmp_path, shell):
    outcome = Outcome(
        results=(
            result(),
            result(Status.FAILED, "tst"),
            result(Status.NOT_ASSUMED, "acc"),
            result(Status.NOT_RUN, "prd", "eu-west-1"),
            result(Status.NOT_RUN, "prd", "eu-west-2"),
        )
    )
    assert sourced(tmp_path, outcome, shell=shell) == {
        "ROLECALL_SUCCEEDED": "1",
        "ROLECALL_SUCCEEDED_TARGETS": "dev",
        "ROLECALL_SUCCEEDED_BEFORE": "0",
        "ROLECALL_SUCCEEDED_BEFORE_TARGETS": "",
        "ROLECALL_FAILED": "1",
        "ROLECALL_FAILED_TARGETS": "tst",
        "ROLECALL_NOT_ASSUMED": "1",
        "ROLECALL_NOT_ASSUMED_TARGETS": "acc",
        "ROLECALL_NOT_RUN": "2",
        "ROLECALL_NOT_RUN_TARGETS": "prd/eu-west-1 prd/eu-west-2",
        "ROLECALL_EXIT_CODE": "1",
        "ROLECALL_REPORT_FILE": "rolecall-report/report.json",
    }


def test_what_is_in_a_name_or_path_is_never_run(tmp_path):
    odd = "a'b\"c$(touch ran)`touch ran`;touch ran\n&|*?~ \\"
    found = sourced(tmp_path, Outcome(results=(result(name=odd),)), report=f"{odd}/report.json")
    assert found["ROLECALL_SUCCEEDED_TARGETS"] == odd
    assert found["ROLECALL_REPORT_FILE"] == f"{odd}/report.json"
    assert [path.name for path in tmp_path.iterdir()] == ["exports.sh"]


def test_a_secret_in_it_is_masked_and_still_no_pattern(tmp_path):
    found = sourced(
        tmp_path, Outcome(results=()), report="x/hunter2", mask=Mask([Secret("hunter2")])
    )
    assert found["ROLECALL_REPORT_FILE"] == "x/***"


def test_many_names_are_cut_with_how_many_more(tmp_path):
    names = [f"account-{n:05}" for n in range(10_000)]
    found = sourced(tmp_path, Outcome(results=tuple(result(name=name) for name in names)))
    assert found["ROLECALL_SUCCEEDED"] == "10000"
    listed = found["ROLECALL_SUCCEEDED_TARGETS"]
    assert len(listed) <= 1000
    shown, _, rest = listed.partition(" and ")
    assert shown.split() == names[: len(shown.split())]
    assert rest == f"{10_000 - len(shown.split()):,} more"
    assert sum(map(len, found.values())) < 122_880


def test_a_list_that_fits_is_whole(tmp_path):
    names = [f"t{n:02}" for n in range(100)]
    found = sourced(tmp_path, Outcome(results=tuple(result(name=name) for name in names)))
    assert found["ROLECALL_SUCCEEDED_TARGETS"].split() == names


def test_rolecall_passes_over_the_variables_that_it_puts_out(tmp_path):
    found = dict(exports.variables(Outcome(results=(result(),)), tmp_path / "report.json"))
    assert {name.removeprefix("ROLECALL_") for name in found} == EXPORTS
    assert load(environ=found, flags={}, folder=tmp_path).problems == ()
    assert load(environ={"ROLECALL_FAILEDX": "1"}, flags={}, folder=tmp_path).problems
