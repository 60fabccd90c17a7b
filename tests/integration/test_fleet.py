"""pipeline/fleet.yaml: its state machine, executed, with real runs of rolecall as its builds."""

from __future__ import annotations

import pytest

from support.command import Command
from support.fleet import BUCKET, Fleet

NAMES = [f"t{n}" for n in range(1, 7)]
TARGETS = " ".join(f"{name}=arn:aws:iam::{n:012}:role/deploy" for n, name in enumerate(NAMES, 1))
WAVES = "1,2,rest"
# Each test runs up to eight builds, each of which is two runs of Python.
pytestmark = pytest.mark.timeout(300)
TOLERATED = "States.ExceedToleratedFailureThreshold"


@pytest.fixture(scope="module")
def fleets():
    """The deployed template, once for each of its parameters that a test asks for."""
    opened = {}

    def deployed(tolerated):
        if tolerated not in opened:
            opened[tolerated] = Fleet(ToleratedFailurePercentage=tolerated)
            opened[tolerated].__enter__()
        return opened[tolerated]

    yield deployed
    for fleet in opened.values():
        fleet.__exit__()


def settings(commands):
    listed = [word.partition("=") for word in TARGETS.split()]
    targets = [{"name": name, "role_arn": role} for name, _, role in listed]
    return {"targets": targets, "waves": WAVES, "commands": [commands]}


@pytest.fixture
def fleet(fleets, rolecall, tmp_path):
    """The fleet, with a source of these commands, and the scripted STS behind its builds."""

    def ready(commands, tolerated="0"):
        project = rolecall.environ({})
        del project["ROLECALL_TARGETS"]
        one = fleets(tolerated)
        one.use(tmp_path / "fleet", project, settings(commands))
        return one

    return ready


@pytest.fixture
def waves(rolecall):
    """What `plan --batch` writes for the state machine."""

    def plan(*arguments):
        given = {"ROLECALL_TARGETS": TARGETS, "ROLECALL_COMMANDS": "true"}
        (rolecall.folder / "rolecall.yml").write_text(f"waves: {WAVES}\n")
        done = rolecall("plan", "--batch", *arguments, "--form", "stepfunctions", **given)
        assert done.code == 0, done.err
        return done.out

    return plan


def given(asked):
    return {each["Name"]: each["Value"] for each in asked["EnvironmentVariablesOverride"]}


def began(fleet):
    """Which target each build was for, in the order in which they began."""
    return [given(asked)["ROLECALL_ONLY"] for asked in fleet.builds.started]


def test_all_waves_are_deployed_in_turn_and_merged_into_the_report_of_one_run(
    fleet, waves, rolecall, tmp_path
):
    one = fleet("echo in $ROLECALL_TARGET")
    done = one.run(waves("shard", "--shards", "2"), "whole")
    assert (done.status, done.merged.succeeded) == ("SUCCEEDED", True), done.merged.output
    assert next(
        (v["ROLECALL_ONLY"], v["ROLECALL_SHARD"].partition("@")[0])
        for v in map(given, one.builds.started)
    ) == (
        "wave:1",
        "1/1",
    )
    assert list(began(one)) == ["wave:1"] + ["wave:2"] * 2 + ["wave:3"] * 2
    (tmp_path / "alone").mkdir()
    alone = Command(folder=tmp_path / "alone", url=rolecall.url)
    whole = alone.run(
        "echo in $ROLECALL_TARGET", ROLECALL_TARGETS=TARGETS, ROLECALL_WAVES=WAVES
    ).report
    compared = ("target", "region", "index", "wave", "status", "role_arn")
    found, wanted = (
        [{key: result[key] for key in compared} for result in report["results"]]
        for report in (done.report, whole)
    )
    assert found == wanted
    assert done.merged.artifacts["$EXECUTION"]


@pytest.mark.long
def test_a_build_gets_its_share_and_nothing_else_and_its_report_has_a_place_of_its_own(
    fleet, waves
):
    one = fleet("true")
    version = one.put_source(settings("echo the newest"))
    done = one.run(waves("wave"), "parameters")
    assert done.status == "SUCCEEDED", done.merged.output
    first = one.builds.started[0]
    assert first["ProjectName"] == "rolecall-deploy"
    assert (first["SourceLocationOverride"], first["SourceVersion"]) == (
        f"{BUCKET}/fleet/source.zip",
        version,
    )
    assert given(first)["ROLECALL_SHARD"].startswith("1/1@6-")
    assert {**given(first), "ROLECALL_SHARD": ""} == {
        "ROLECALL_ONLY": "wave:1",
        "ROLECALL_SHARD": "",
        "ROLECALL_EXECUTION_ID": "parameters",
    }
    listed = one.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="fleet/runs/parameters/")
    reports = [o["Key"] for o in listed["Contents"] if o["Key"].endswith("/report/report.json")]
    assert len(reports) == 3
    results = one.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="fleet/results/parameters/")
    assert results["KeyCount"] >= 1


@pytest.mark.long
def test_what_fails_within_the_tolerance_stops_nothing_and_is_told_by_the_merge(fleet, waves):
    one = fleet("test $ROLECALL_TARGET != t3", tolerated="50")
    done = one.run(waves("target"), "tolerated")
    assert (done.status, sorted(began(one))) == ("SUCCEEDED", NAMES)
    assert done.statuses == {**dict.fromkeys(NAMES, "succeeded"), "t3": "failed"}
    assert (done.merged.succeeded, done.merged.phases[0].exit_code) == (False, 1)
    assert done.report["exit_code"] == 1


@pytest.mark.long
def test_past_the_tolerance_no_later_wave_begins_and_a_redrive_runs_only_what_did_not_succeed(
    fleet, waves, tmp_path
):
    # t3 fails once t2 is done, and only where nothing was mended.
    wait = f"until test -e {tmp_path}/t2; do sleep .05; done"
    script = (
        f"case $ROLECALL_TARGET in t2) touch {tmp_path}/t2;;"
        f" t3) {wait}; sleep 1; test -e {tmp_path}/mended;; esac"
    )
    one = fleet(script)
    done = one.run(waves("target"), "redriven")
    assert (done.status, done.error) == ("FAILED", TOLERATED)
    assert sorted(began(one)) == ["t1", "t2", "t3"]
    assert done.statuses == {"t1": "succeeded", "t2": "succeeded", "t3": "failed"}
    assert done.merged.phases[0].exit_code == 1
    assert "3 of 6 targets are in no report" in " ".join(done.merged.output.split())

    (tmp_path / "mended").touch()
    again = one.redrive(done)
    assert (again.status, again.arn) == ("SUCCEEDED", done.arn)
    assert sorted(began(one)[3:]) == ["t3", "t4", "t5", "t6"]
    assert again.statuses == dict.fromkeys(NAMES, "succeeded")
    assert (again.merged.succeeded, again.report["exit_code"]) == (True, 0)


@pytest.mark.long
def test_builds_that_run_when_too_many_have_failed_are_stopped_and_redriven(fleet, waves, tmp_path):
    script = (
        f"test -e {tmp_path}/mended || case $ROLECALL_TARGET in"
        f" t2) touch {tmp_path}/t2; sleep 50;;"
        f" t3) until test -e {tmp_path}/t2; do sleep .05; done; exit 1;; esac"
    )
    one = fleet(script)
    done = one.run(waves("target"), "stopped")
    assert (done.status, done.error) == ("FAILED", TOLERATED)
    (tmp_path / "mended").touch()
    again = one.redrive(done)
    assert again.status == "SUCCEEDED", again.merged.output
    assert sorted(began(one)) == sorted([*NAMES, "t2", "t3"])
    assert again.statuses == dict.fromkeys(NAMES, "succeeded")
    assert again.report["exit_code"] == 0
