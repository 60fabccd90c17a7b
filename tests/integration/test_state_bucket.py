"""STATE in S3: conditional writes, leases, and what goes wrong on the way."""

from __future__ import annotations

import json
import re
import signal
import time

import pytest

from rolecall.state.store import TURNS
from support import s3 as faults
from support.command import TARGETS
from support.s3 import BUCKET, ScriptedS3

ALWAYS = {"ROLECALL_COMMANDS": "true", "ROLECALL_RETRY_ATTEMPTS": "100"}
BEFORE = "succeeded before"
KEY = "runs/release-42/1-of-1.json"


@pytest.fixture
def s3():
    with ScriptedS3() as server:
        yield server


@pytest.fixture
def known(s3):
    return {
        "ROLECALL_STATE": f"s3://{BUCKET}/runs",
        "ROLECALL_RUN_ID": "release-42",
        "ROLECALL_RETRY_MAX_WAIT": "5s",
        **s3.environ,
    }


def state(s3):
    return json.loads(s3.objects[KEY].data)


def states(s3):
    return [key for key in s3.objects if not key.startswith(f"runs/{TURNS}/")]


def names(s3):
    return [each["target"] for each in state(s3)["succeeded"]]


def test_a_retry_skips_what_succeeded_and_the_state_is_let_go_of(rolecall, s3, known, tmp_path):
    script = f"test $ROLECALL_TARGET != prd -o -e {tmp_path}/mended"
    assert rolecall.run(script, **known).statuses == ["succeeded", "succeeded", "failed"]
    assert (names(s3), state(s3)["owner"]) == (["dev", "tst"], None)
    (tmp_path / "mended").touch()
    done = rolecall.run(script, **known)
    assert (done.code, done.statuses) == (0, [BEFORE, BEFORE, "succeeded"]), done.out


def test_a_success_is_in_s3_before_the_log_tells_of_it(rolecall, s3, known):
    process = rolecall.start("run", **known, ROLECALL_COMMANDS="true")
    for line in process.stdout:
        if ended := re.match(r"--- (\w+) succeeded", line):
            assert ended[1] in names(s3)
    assert rolecall.finish(process).code == 0


def test_a_run_reads_and_writes_two_objects_and_lists_nothing(rolecall, s3, known):
    s3.may_list = False
    assert rolecall.run("true", **known).code == 0
    assert rolecall.run("true", **known).statuses == [BEFORE] * 3
    assert {method for method, _ in s3.requests} == {"GET", "PUT"}
    assert {key.rpartition("/")[0] for _, key in s3.requests} == {
        KEY.rpartition("/")[0],
        f"runs/{TURNS}",
    }
    assert len({key for _, key in s3.requests}) == 2


@pytest.mark.parametrize("fault", [faults.BUSY, faults.BROKEN, faults.RESET, faults.HALF])
def test_a_failure_of_s3_is_tried_again(rolecall, s3, known, fault):
    s3.faults = {"GET": [fault], "PUT": [fault, faults.Fault(), fault]}
    done = rolecall.run("true", **known)
    assert (done.code, len(names(s3)), state(s3)["owner"]) == (0, 3, None), done.out
    assert "state not written" not in done.out


@pytest.mark.parametrize("fault", [faults.LOST, faults.HALF, faults.CONFLICT])
def test_a_write_whose_answer_is_lost_is_known_again_and_no_conflict(rolecall, s3, known, fault):
    s3.faults = {"PUT": [fault, fault, fault]}
    done = rolecall.run("true", **known)
    assert (done.code, names(s3)) == (0, ["dev", "tst", "prd"]), done.out
    assert "taken" not in done.out


def test_an_outage_in_the_middle_ends_no_run_and_is_said_once(rolecall, s3, known, tmp_path):
    def judge(method, key):
        return faults.BUSY if (tmp_path / "out").exists() else faults.Fault()

    s3.judge = judge
    script = f"case $ROLECALL_TARGET in dev) touch {tmp_path}/out;; prd) rm {tmp_path}/out;; esac"
    done = rolecall.run(script, **{**known, "ROLECALL_RETRY_MAX_WAIT": "1s"})
    assert (done.code, done.statuses) == (0, ["succeeded"] * 3), done.out
    assert done.out.count("warning: state not written") == 1
    assert names(s3) == ["dev", "tst", "prd"]


@pytest.mark.parametrize(
    ("scripted", "said"),
    [
        ({"PUT": [faults.DENIED]}, "allow s3:PutObject on it to the source (docs/state.md"),
        ({"GET": [faults.DENIED] * 9}, "allow s3:GetObject on it to the source (docs/state.md"),
        ({"GET": [faults.BUSY] * 99}, "AWS allows no more calls than that: try again later"),
    ],
)
def test_a_state_that_cannot_be_had_is_said_before_anything_is_done(
    rolecall, s3, known, scripted, said
):
    rolecall.run("true", **known)
    s3.faults = scripted
    done = rolecall.run("touch done", **{**known, "ROLECALL_RETRY_MAX_WAIT": "1s"})
    assert (done.code, said in done.message) == (2, True), done.err
    assert "Preflight" not in done.out


@pytest.mark.parametrize("ignored", ["If-Match", "If-None-Match"])
def test_a_store_that_does_not_keep_to_conditions_is_refused_and_loses_nothing(
    rolecall, sts, s3, known, ignored
):
    assert rolecall.run("true", **known).code == 0
    sts.calls.clear()
    s3.ignored = {ignored}
    done = rolecall.run("touch done", **known)
    assert done.code == 2
    assert "does not keep to the conditions of a write, so that two runs could" in done.message
    assert "What to do: name a bucket of S3 in ROLECALL_STATE" in done.message
    assert (sts.calls, names(s3), state(s3)["owner"]) == ([], ["dev", "tst", "prd"], None)
    assert rolecall("state", "clear", **known).code == 0


def test_a_store_that_knows_no_conditions_is_refused(rolecall, sts, s3, known):
    s3.faults = {"PUT": [faults.Fault(kind="error", code="NotImplemented", status=501)] * 99}
    done = rolecall.run("true", **{**known, "ROLECALL_RETRY_MAX_WAIT": "0"})
    assert (done.code, "this store knows no conditional writes" in done.message) == (2, True)
    assert sts.calls == []


def test_a_later_action_of_an_execution_leaves_what_the_first_has_done_in_other_accounts(
    rolecall, s3, known
):
    known = {**known, "ROLECALL_RUN_ID": "", "ROLECALL_EXECUTION_ID": "1f0e"}
    one, other = ({**known, "ROLECALL_TARGETS": each} for each in TARGETS.split()[:2])
    for given, status in ((one, "succeeded"), (other, "succeeded"), (one, BEFORE), (other, BEFORE)):
        assert rolecall.run("true", **given).statuses == [status]
    assert rolecall.run("true", **one, V="2").statuses == ["succeeded"]
    assert rolecall.run("true", **other).statuses == [BEFORE]
    assert rolecall.run("true", **one).statuses == ["succeeded"]


def test_a_bucket_that_is_missing_is_said_before_anything_is_done(rolecall, sts, known):
    done = rolecall.run("true", **{**known, "ROLECALL_STATE": "s3://nowhere/runs"})
    assert (done.code, "make the bucket, or name another one" in done.message) == (2, True)
    assert sts.assumed() == []


def test_a_success_is_written_although_the_run_is_to_end_meanwhile(rolecall, s3, known):
    over = []

    def judge(method, key):
        writes = sum(m == "PUT" for m, _ in s3.requests)
        return faults.BUSY if method == "PUT" and writes > 4 and not over else faults.Fault()

    s3.judge = judge
    process = rolecall.start("run", **{**known, "ROLECALL_RETRY_MAX_WAIT": "1h"}, **ALWAYS)
    while "warning: retry" not in process.stdout.readline():
        assert process.poll() is None
    over.append(True)
    process.send_signal(signal.SIGTERM)
    done = rolecall.finish(process)
    assert (done.code, done.statuses) == (143, ["succeeded", "not run", "not run"])
    assert (names(s3), state(s3)["owner"]) == (["dev"], None)


HOLD = "echo up; until test -e go; do sleep .05; done"
ONE = {"ROLECALL_TARGETS": TARGETS.split()[0]}


def up(process):
    while "\nup" not in "\n" + process.stdout.readline():
        assert process.poll() is None, process.stdout.read()


def test_of_two_that_start_at_once_one_is_refused(rolecall, s3, known, tmp_path):
    s3.judge = lambda method, key: faults.Fault(delay=0.3)
    given = {**known, **ONE, "ROLECALL_COMMANDS": HOLD, "ROLECALL_STATE_WAIT": "0"}
    both = [rolecall.start("run", **given, ROLECALL_REPORT_DIR=name) for name in "ab"]
    while all(process.poll() is None for process in both):
        time.sleep(0.05)
    (tmp_path / "go").touch()
    done = [rolecall.finish(process) for process in both]
    assert sorted(each.code for each in done) == [0, 2]
    refused = next(each for each in done if each.code == 2)
    assert "1-of-1.json is still held by" in refused.message


def test_a_run_holds_the_state_for_as_long_as_it_lives(rolecall, s3, known, tmp_path):
    lease = {"ROLECALL_STATE_LEASE": "1s"}
    first = rolecall.start("run", **known, **ONE, **lease, ROLECALL_COMMANDS=HOLD)
    up(first)
    second = rolecall.start(
        "run", **known, **ONE, **lease, ROLECALL_COMMANDS=HOLD, ROLECALL_STATE_WAIT="4s",
        ROLECALL_REPORT_DIR="other",
    )  # fmt: skip
    refused = rolecall.finish(second)
    assert (refused.code, "after 4.0 s of waiting" in refused.message) == (2, True), refused.err
    (tmp_path / "go").touch()
    assert rolecall.finish(first).code == 0


def test_what_a_dead_run_held_is_taken_over_after_its_lease(rolecall, s3, known, tmp_path):
    first = rolecall.start("run", **known, **ONE, ROLECALL_COMMANDS=HOLD)
    up(first)
    first.kill()
    first.communicate()
    (tmp_path / "go").touch()
    given = {**known, **ONE, "ROLECALL_COMMANDS": HOLD, "ROLECALL_STATE_WAIT": "0"}
    assert rolecall("run", **given).code == 2
    s3.age(61)
    assert rolecall("run", **given).code == 0
    for left in (tmp_path / "tmp").rglob("*"):  # the killed one could not tidy up
        if left.is_file():
            left.unlink()


def test_a_run_that_was_taken_over_begins_nothing_more_and_says_so(rolecall, s3, known, tmp_path):
    first = rolecall.start(
        "run", **known, ROLECALL_COMMANDS=HOLD, ROLECALL_STATE_LEASE="3s", ROLECALL_AFTER="true"
    )
    up(first)
    first.send_signal(signal.SIGSTOP)
    s3.age(4)
    (tmp_path / "go").touch()
    second = rolecall.run(HOLD, **known, ROLECALL_STATE_WAIT="0", ROLECALL_REPORT_DIR="other")
    assert second.code == 0, second.err
    first.send_signal(signal.SIGCONT)
    done = rolecall.finish(first)
    assert (done.code, done.statuses) == (1, ["succeeded", "not run", "not run"]), done.out
    assert done.report["after"]["status"] == "not run"
    reason = done.report["results"][1]["reason"]
    assert "written by another process, which has taken the run over" in reason or (
        "was not renewed for" in reason
    )
    assert names(s3) == ["dev", "tst", "prd"]


def test_a_run_that_cannot_show_life_for_its_lease_begins_nothing_more(
    rolecall, s3, known, tmp_path
):
    def judge(method, key):
        # All writes are lost on the way once the first command has begun.
        begun = (tmp_path / "begun").exists()
        return faults.BROKEN if method == "PUT" and begun else faults.Fault()

    s3.judge = judge
    given = {**known, "ROLECALL_STATE_LEASE": "1s", "ROLECALL_RETRY_MAX_WAIT": "0"}
    done = rolecall.run(f"touch {tmp_path}/begun; sleep 1.5", **given)
    assert (done.code, done.statuses) == (1, ["succeeded", "not run", "not run"]), done.out
    assert re.search(r"2 not run: its lock on s3://\S+ was not renewed", " ".join(done.out.split()))


def test_states_are_listed_and_cleared_save_those_that_a_run_holds(rolecall, s3, known, tmp_path):
    rolecall.run("true", **{**known, "ROLECALL_RUN_ID": "old"})
    first = rolecall.start("run", **known, **ONE, ROLECALL_COMMANDS=HOLD)
    up(first)
    place = ("--state", f"s3://{BUCKET}/runs")
    seen = json.loads(rolecall("state", *place, "--format", "json", **s3.environ).out)
    assert [(each["run_id"], each["held"]) for each in seen] == [
        ("old", False),
        ("release-42", True),
    ]
    refused = rolecall("state", "clear", *place, **s3.environ)
    assert (refused.code, states(s3)) == (2, [KEY])
    assert "cleared s3://states/runs/old/1-of-1.json" in refused.out
    assert rolecall("state", "clear", "--force", *place, **s3.environ).code == 0
    assert states(s3) == []
    (tmp_path / "go").touch()
    assert rolecall.finish(first).code == 0


def test_without_credentials_nothing_is_done(rolecall, known):
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    done = rolecall.run("true", **known, **nothing)
    assert (done.code, "no AWS credentials" in done.message) == (4, True), done.err
