"""Waves, targets side by side, tolerance, regions, shards: `rolecall run` over many targets."""

from __future__ import annotations

import json
import re
import signal
import time

import pytest

MANY = " ".join(f"t{n}=arn:aws:iam::{n:012}:role/deploy" for n in range(1, 7))
WRONG_T2 = 'test "$ROLECALL_TARGET" != t2'


def statuses(done):
    return {r["target"]: r["status"] for r in done.report["results"]}


def meeting(folder, name, count):
    """A script that ends once as many run."""
    here = f"ls {folder}/*.here | wc -l"
    return f"touch {folder}/{name}.here; until test $({here}) = {count}; do sleep .05; done"


def test_targets_run_side_by_side(rolecall, tmp_path):
    done = rolecall.run(
        meeting(tmp_path, "$ROLECALL_TARGET", 6),
        ROLECALL_TARGETS=MANY,
        ROLECALL_MAX_PARALLEL="6",
        ROLECALL_TIMEOUT="20",
    )
    assert done.code == 0, done.out
    assert "rolecall: 6 targets, up to 6 at once; on failure: stop" in done.out
    assert [r["target"] for r in done.report["results"]] == [f"t{n}" for n in range(1, 7)]


def test_no_more_run_at_once_than_may(rolecall, tmp_path):
    mine = f"{tmp_path}/$ROLECALL_TARGET.here"
    count = f"touch {mine}; ls {tmp_path}/*.here | wc -l; sleep .2; rm {mine}"
    done = rolecall.run(count, ROLECALL_TARGETS=MANY, ROLECALL_MAX_PARALLEL="2")
    assert done.code == 0, done.out
    assert set(re.findall(r"\| (\d)$", done.out, re.MULTILINE)) <= {"1", "2"}


def test_each_line_stands_whole_behind_its_target_s_name(rolecall):
    script = "for i in $(seq 300); do printf 'a%.0s' $(seq 50); echo; done; printf 'no end'"
    done = rolecall.run(script, ROLECALL_TARGETS=MANY, ROLECALL_MAX_PARALLEL="6")
    lines = done.out.splitlines()
    assert sum(bool(re.fullmatch(r"t\d \| a{50}", line)) for line in lines) == 1800
    assert sum(bool(re.fullmatch(r"t\d \| no end", line)) for line in lines) == 6
    assert not [
        line
        for line in lines
        if "aaa" in line
        and not re.fullmatch(r"t\d \| a{50}", line)
        and "$ for" not in line
        and "printf" not in line
    ]


def test_waves_follow_one_another(rolecall, tmp_path):
    log = tmp_path / "order"
    done = rolecall.run(
        f"echo $ROLECALL_TARGET >>{log}",
        ROLECALL_TARGETS=MANY,
        ROLECALL_MAX_PARALLEL="50%",
        ROLECALL_WAVES="1, 2, rest",
    )
    assert done.code == 0, done.out
    order = log.read_text().split()
    assert (order[0], set(order[1:3]), set(order[3:])) == ("t1", {"t2", "t3"}, {"t4", "t5", "t6"})
    assert "6 targets in 3 waves of 1, 2, 3, up to 1 at once" not in done.out
    assert "Wave 2 of 3: 2 targets" in done.out
    assert [r["wave"] for r in done.report["results"]] == [1, 2, 2, 3, 3, 3]


def test_a_canary_that_fails_stops_the_rest(rolecall):
    done = rolecall.run(
        "false", ROLECALL_TARGETS=MANY, ROLECALL_MAX_PARALLEL="6", ROLECALL_WAVES="1,rest"
    )
    assert (done.code, list(statuses(done).values())) == (1, ["failed"] + ["not run"] * 5)
    assert "5 not run: an earlier target failed" in done.out


def test_as_many_may_fail_as_is_tolerated(rolecall):
    done = rolecall.run(WRONG_T2, ROLECALL_TARGETS=MANY, ROLECALL_MAX_FAILURES="1")
    assert (done.code, statuses(done)) == (
        1,
        {**dict.fromkeys(("t1", "t3", "t4", "t5", "t6"), "succeeded"), "t2": "failed"},
    )
    done = rolecall.run("false", ROLECALL_TARGETS=MANY, ROLECALL_MAX_FAILURES="34%")
    assert list(statuses(done).values()) == ["failed"] * 3 + ["not run"] * 3
    assert "on failure: stop once more than 2 failed (34% of 6)" in " ".join(done.out.split())
    assert "3 not run: more than 2 targets failed (MAX_FAILURES, 34% of 6)" in done.out


def test_a_share_that_comes_to_none_is_told_as_that(rolecall):
    done = rolecall.run("false", ROLECALL_TARGETS=MANY, ROLECALL_MAX_FAILURES="5%")
    assert list(statuses(done).values()) == ["failed"] + ["not run"] * 5
    assert "5 not run: more than 0 targets failed (MAX_FAILURES, 5% of 6)" in done.out
    given = {"ROLECALL_FAILURES_PER": "wave", "ROLECALL_WAVES": "2,rest"}
    done = rolecall.run("false", ROLECALL_TARGETS=MANY, ROLECALL_MAX_FAILURES="5%", **given)
    assert "5 not run: more than 0 targets failed in a wave (MAX_FAILURES, 5% of 2)" in done.out


def test_what_runs_is_finished_when_too_many_failed(rolecall, tmp_path):
    script = f"case $ROLECALL_TARGET in t1) sleep .5; touch {tmp_path}/done;; *) false;; esac"
    done = rolecall.run(script, ROLECALL_TARGETS=MANY, ROLECALL_MAX_PARALLEL="2")
    assert list(statuses(done).values()) == ["succeeded", "failed"] + ["not run"] * 4
    assert (tmp_path / "done").exists()


def written(done, name):
    return (done.folder / "rolecall-report" / name).read_text("utf-8")


def test_with_abort_what_runs_is_ended_and_after_still_runs(rolecall):
    script = "case $ROLECALL_TARGET in t1) sleep 60;; t2) sleep .5; false;; esac"
    begun = time.monotonic()
    done = rolecall.run(
        script,
        ROLECALL_TARGETS=MANY,
        ROLECALL_MAX_PARALLEL="2",
        ROLECALL_ON_FAILURE="abort",
        ROLECALL_AFTER="echo tidied",
    )
    assert time.monotonic() - begun < 30
    assert (done.code, list(statuses(done).values())) == (1, ["failed"] * 2 + ["not run"] * 4)
    assert done.report["results"][0]["commands"][0]["reason"] == (
        "ended, since an earlier target failed"
    )
    assert "\ntidied\n" in done.out
    for text, culprit, aborted in (
        (done.out, r"^t2 \(\d+ eu-central-1\): failed", r"^t1 \(\d+ eu-central-1\): failed"),
        (written(done, "summary.md"), r"^\| `t2`", r"^\| `t1`"),
        (written(done, "report.html"), 'id="f1"', 'id="f0"'),
        (written(done, "junit.xml"), '<testcase [^>]*"t2 ', '<testcase [^>]*"t1 '),
    ):
        first, later = (re.search(each, text, re.MULTILINE) for each in (culprit, aborted))
        assert first.start() < later.start()


def test_a_signal_ends_all_that_run(rolecall):
    process = rolecall.start(
        "run",
        ROLECALL_TARGETS=MANY,
        ROLECALL_MAX_PARALLEL="3",
        ROLECALL_COMMANDS="trap 'echo cleaned; exit 1' TERM; echo up; sleep 60 & wait",
    )
    up = 0
    while up < 3:
        up += process.stdout.readline().endswith("| up\n")
    process.send_signal(signal.SIGTERM)
    done = rolecall.finish(process)
    assert (done.code, list(statuses(done).values())) == (143, ["failed"] * 3 + ["not run"] * 3)
    assert len(re.findall(r"^t\d \| cleaned$", done.out, re.MULTILINE)) == 3
    assert "Wave" not in done.out


def test_json_events_name_their_target(rolecall):
    done = rolecall.run(
        "echo $ROLECALL_TARGET",
        ROLECALL_TARGETS=MANY,
        ROLECALL_MAX_PARALLEL="6",
        ROLECALL_WAVES="3,rest",
        ROLECALL_LOG_FORMAT="json",
    )
    events = [json.loads(line) for line in done.out.splitlines()]
    output = [event for event in events if event["event"] == "output"]
    assert len(output) == 6
    assert all(event["line"] == event["target"] for event in output)
    assert [e["targets"] for e in events if e["event"] == "wave_started"] == [3, 3]


REGIONS = "eu-west-1,eu-west-2,eu-west-3"


def test_the_regions_of_a_target_may_run_side_by_side(rolecall, tmp_path):
    done = rolecall.run(
        meeting(tmp_path, "$AWS_REGION", 3),
        ROLECALL_TARGETS=MANY.split()[0],
        ROLECALL_REGIONS=REGIONS,
        ROLECALL_REGION_CONCURRENCY="parallel",
        ROLECALL_MAX_PARALLEL="3",
        ROLECALL_TIMEOUT="20",
    )
    assert (done.code, done.statuses) == (0, ["succeeded"] * 3), done.out
    assert "=== [1/1] t1  000000000001  eu-west-2" in done.out


def test_a_target_that_failed_in_a_region_is_left_there(rolecall):
    script = "test $ROLECALL_TARGET$AWS_REGION != t2eu-west-2"
    given = {"ROLECALL_TARGETS": MANY, "ROLECALL_REGIONS": REGIONS}
    done = rolecall.run(script, **given, ROLECALL_MAX_FAILURES="1")
    assert done.statuses[3:6] == ["succeeded", "failed", "not run"]
    assert done.statuses[6:] == ["succeeded"] * 12
    assert "1 not run: it failed in eu-west-2" in done.out
    done = rolecall.run(script, **given, ROLECALL_ON_FAILURE="continue")
    assert done.statuses[3:6] == ["succeeded", "failed", "succeeded"]


OPTED = {"ROLECALL_TARGETS": MANY.split()[0], "ROLECALL_REGIONS": "eu-west-1,me-south-1"}
NOT_ENABLED = "region me-south-1 is not enabled in account 000000000001"


def test_a_region_that_the_account_has_not_enabled_is_found_before_anything_is_deployed(
    rolecall, sts
):
    sts.disabled.add(("000000000001", "me-south-1"))
    done = rolecall.run("true", **OPTED)
    assert (done.code, done.statuses) == (4, ["not assumed"] * 2)
    assert NOT_ENABLED in done.out
    assert "aws account enable-region --region-name me-south-1" in " ".join(done.out.split())


def test_without_preflight_the_other_regions_are_deployed_to(rolecall, sts):
    sts.disabled.add(("000000000001", "me-south-1"))
    done = rolecall.run("true", **OPTED, ROLECALL_PREFLIGHT="false")
    assert (done.code, done.statuses) == (4, ["succeeded", "not assumed"])
    assert done.report["results"][1]["reason"] == NOT_ENABLED


def test_only_regions_that_may_be_lacking_are_asked(rolecall, sts):
    done = rolecall.run("true", **OPTED)
    assert (done.code, done.statuses) == (0, ["succeeded"] * 2)
    asking = (call for call in sts.calls if call.action == "GetCallerIdentity")
    asked = [call.region for call in asking if call.access_key_id in sts.issued]
    assert asked == ["me-south-1"]


def test_variables_of_a_region_are_seen_there_only(rolecall):
    targets = [
        {
            "name": "a",
            "role_arn": "arn:aws:iam::222222222222:role/x",
            "variables": {"BUCKET": "own", "KEPT": "yes"},
            "region_variables": {"eu-west-2": {"BUCKET": "a-west-2"}},
        },
        {"name": "b", "role_arn": "arn:aws:iam::333333333333:role/x"},
    ]
    done = rolecall.run(
        'echo "<$ROLECALL_TARGET ${BUCKET:-} ${KEPT:-} ${SIZE:-}>"',
        ROLECALL_TARGETS=json.dumps(targets),
        ROLECALL_REGIONS="eu-west-1,eu-west-2",
        ROLECALL_REGION_VARIABLES=json.dumps({"eu-west-2": {"SIZE": "2", "BUCKET": "all-west-2"}}),
    )
    assert re.findall(r"^<(.*)>$", done.out, re.MULTILINE) == [
        "a own yes ",
        "a a-west-2 yes 2",
        "b   ",
        "b all-west-2  2",
    ]


def test_shards_have_each_target_once_and_are_even_in_each_wave(rolecall):
    seen = []
    for number in (1, 2, 3, 4):
        done = rolecall.run(
            "echo <$ROLECALL_INDEX/$ROLECALL_COUNT>".replace("<", "'<'").replace(">", "'>'"),
            ROLECALL_TARGETS=MANY,
            ROLECALL_WAVES="1,rest",
            ROLECALL_SHARD=f"{number}/4",
        )
        assert done.code == 0
        found = [(r["index"], r["wave"]) for r in done.report["results"]]
        assert re.findall(r"<(\d)/6>", done.out) == [str(index) for index, _ in found]
        seen.append(found)
    assert seen == [[(1, 1), (2, 2), (6, 2)], [(3, 2)], [(4, 2)], [(5, 2)]]


def test_a_shard_without_a_target_has_nothing_to_do_and_that_is_well(rolecall):
    one = MANY.split()[0]
    done = rolecall.run("false", ROLECALL_TARGETS=one, ROLECALL_SHARD="2/2")
    assert (done.code, done.statuses) == (0, [])
    assert "0 targets of 1 (shard 2/2)" in done.out
    assert "\nshard 2/2 has no targets: nothing to do\n" in done.out
    assert "\n\n\n" not in done.out


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ("t2", ["t2"]),
        ("t[12] t5", ["t1", "t2", "t5"]),
        ("000000000003", ["t3"]),
        ("wave:2", ["t2", "t3", "t4", "t5", "t6"]),
    ],
)
def test_only_what_is_asked_for_is_deployed(rolecall, only, names):
    done = rolecall.run("true", ROLECALL_TARGETS=MANY, ROLECALL_ONLY=only, ROLECALL_WAVES="1,rest")
    assert (done.code, list(statuses(done))) == (0, names)


def test_what_only_names_in_vain_is_a_mistake(rolecall):
    done = rolecall.run("true", ROLECALL_TARGETS=MANY, ROLECALL_ONLY="t1 prd-* wave:9")
    assert done.code == 2
    assert "ROLECALL_ONLY: 'prd-*' means no target" in done.message
    assert "ROLECALL_ONLY: 'wave:9' means no target" in done.message
