"""`rolecall merge`: reports of many builds, joined into the one that a single run gives."""

from __future__ import annotations

import json
import re
import shutil
import signal
import xml.etree.ElementTree as ET

import pytest

from support.command import TARGETS, Command

MANY = " ".join(f"t{n}=arn:aws:iam::{n:012}:role/deploy" for n in range(1, 10))
WAVES = {"ROLECALL_TARGETS": MANY, "ROLECALL_WAVES": "1, 3, rest"}
FAILS = 'test "$ROLECALL_TARGET$AWS_REGION" != t5eu-west-1'
# The builds are other ones than the single run, too.
TIMES = ("started_at", "seconds", "origins")


def build(rolecall, name):
    """A folder of its own, as each build has."""
    folder = rolecall.folder / name
    folder.mkdir()
    return Command(folder=folder, url=rolecall.url)


def timeless(data):
    """The same without what differs from one run to the next."""
    if isinstance(data, dict):
        return {key: timeless(value) for key, value in data.items() if key not in TIMES}
    return [timeless(each) for each in data] if isinstance(data, list) else data


def shards(rolecall, commands, count=4, **given):
    """Runs all shards at once."""
    builds = [build(rolecall, f"build-{n}") for n in range(1, count + 1)]
    started = [
        one.start("run", ROLECALL_COMMANDS=commands, ROLECALL_SHARD=f"{n}/{count}", **given)
        for n, one in enumerate(builds, 1)
    ]
    return [one.finish(process) for one, process in zip(builds, started, strict=True)]


def working(work):
    """Commands that are the same in all builds, and do what this says in one."""
    return {"ROLECALL_COMMANDS": 'eval "$WORK"', "WORK": work}


def merge(rolecall, *arguments, **extra):
    return rolecall("merge", *(arguments or ["build-*"]), **extra)


def junit(done):
    root = ET.parse(done.folder / "rolecall-report/junit.xml").getroot()
    kinds = ("name", "tests", "failures", "errors", "skipped")
    counts = [[suite.get(kind) for kind in kinds] for suite in root.iter("testsuite")]
    cases = [(c.get("classname"), c.get("name")) for c in root.iter("testcase")]
    return counts, cases


@pytest.mark.parametrize(
    ("commands", "code"), [("echo $ROLECALL_TARGET", 0), (json.dumps([FAILS, "echo then"]), 1)]
)
def test_four_shards_at_once_merged_give_the_report_that_one_run_gives(rolecall, commands, code):
    given = {
        **WAVES,
        "ROLECALL_REGIONS": "eu-west-2,eu-west-1",
        "ROLECALL_ON_FAILURE": "continue",
        "ROLECALL_BEFORE": "echo begun",
        "ROLECALL_AFTER": "echo done",
    }
    done = shards(rolecall, commands, **given)
    assert max(one.code for one in done) == code
    merged = merge(rolecall)
    whole = build(rolecall, "whole").run(commands, **given)
    assert (merged.code, whole.code) == (code, code), merged.out + merged.err
    assert timeless(merged.report) == timeless(whole.report)
    of = merged.report["origins"]
    assert sorted(each["shard"] for each in of) == ["1/4", "2/4", "3/4", "4/4"]
    assert {each["caller"] for each in of} == {"arn:aws:iam::111111111111:user/hub"}
    assert [(r["target"], r["region"]) for r in merged.report["results"]][:3] == [
        ("t1", "eu-west-2"), ("t1", "eu-west-1"), ("t2", "eu-west-2"),
    ]  # fmt: skip
    assert junit(merged) == junit(whole)
    exports = [(one.folder / "rolecall-report/exports.sh").read_text() for one in (merged, whole)]
    assert exports[0] == exports[1]
    assert "the commands before ran in 4 builds" in merged.message


def test_the_time_of_the_whole_is_from_the_first_start_to_the_last_end(rolecall):
    done = shards(rolecall, "true", count=2, **WAVES)
    merged = merge(rolecall).report
    assert merged["started_at"] == min(one.report["started_at"] for one in done)
    assert merged["seconds"] >= max(one.report["seconds"] for one in done)
    assert merged["shard"] == "1/1"
    assert merged["targets_in_all"] == 9


def test_a_shard_that_left_no_report_is_said_and_never_a_success(rolecall):
    shards(rolecall, "true", **WAVES)
    shutil.rmtree(rolecall.folder / "build-2")
    merged = merge(rolecall)
    assert merged.code == 1
    assert "2 of 9 targets are in no report, by their place in the list: 3, 6" in merged.message
    assert "there is no report of 2/4 (SHARD)" in merged.message
    assert "7 succeeded, 2 in no report in " in merged.out
    assert re.findall(r"^\(target (\d)\) +in no report$", merged.out, re.MULTILINE) == ["3", "6"]
    folder = merged.folder / "rolecall-report"
    assert "succeeded, 2 in no report\n" in (folder / "summary.md").read_text("utf-8")
    assert ">2 of 9 targets in no report</h1>" in (folder / "report.html").read_text("utf-8")
    assert (merged.report["missing"], merged.report["exit_code"]) == (2, 1)
    assert merge(rolecall, "--partial", "build-*").code == 0


def test_of_a_build_that_was_retried_the_later_one_counts(rolecall):
    first = build(rolecall, "build-1")
    given = {"ROLECALL_TARGETS": MANY, "ROLECALL_BEFORE": "echo begun"}
    assert first("run", **working("test $ROLECALL_TARGET != t3"), **given).code == 1
    retried = build(rolecall, "build-2")
    left = {**given, "ROLECALL_ONLY": "t3 t4 t5 t6 t7 t8 t9"}
    assert retried("run", **working("true"), **left).code == 0
    # The order in which they are named does not matter.
    merged = merge(rolecall, "build-2", "build-1")
    assert (merged.code, set(merged.statuses)) == (0, {"succeeded"})
    assert "7 results stand in more than one report" in merged.message


def test_what_a_later_build_did_not_run_leaves_what_was_run_before(rolecall):
    given = {"ROLECALL_TARGETS": MANY}
    assert build(rolecall, "build-1")("run", **working("true"), **given).code == 0
    failing = working("test $ROLECALL_TARGET != t2")
    assert build(rolecall, "build-2")("run", **failing, **given).code == 1
    merged = merge(rolecall)
    assert (merged.code, merged.statuses) == (1, ["succeeded", "failed"] + ["succeeded"] * 7)


def test_an_interrupted_build_that_was_retried_as_a_whole_counts_no_more(rolecall):
    process = build(rolecall, "build-1").start("run", **working("echo up; sleep 60"))
    while process.stdout.readline() != "up\n":
        pass
    process.send_signal(signal.SIGTERM)
    assert rolecall.finish(process).code == 143
    assert merge(rolecall).code == 143
    assert build(rolecall, "build-2")("run", **working("true")).code == 0
    assert merge(rolecall).code == 0


def test_the_gravest_exit_code_is_that_of_the_whole(rolecall):
    process = build(rolecall, "build-1").start(
        "run", **working("echo up; sleep 60"), ROLECALL_ONLY="dev"
    )
    while process.stdout.readline() != "up\n":
        pass
    process.send_signal(signal.SIGINT)
    assert rolecall.finish(process).code == 130
    assert build(rolecall, "build-2")("run", **working("false"), ROLECALL_ONLY="tst").code == 1
    assert build(rolecall, "build-3")("run", **working("true"), ROLECALL_ONLY="prd").code == 0
    assert merge(rolecall).code == 130
    assert merge(rolecall, "--partial", "build-[23]").code == 1
    assert merge(rolecall, "--partial", "build-3", "--out", "elsewhere/merged").code == 0
    assert (rolecall.folder / "elsewhere/merged/junit.xml").exists()


def test_a_merge_can_be_done_again_where_it_wrote(rolecall):
    shards(rolecall, "true", count=2, **WAVES)
    for _ in range(2):
        done = merge(rolecall, ".", "--out", ".")
        assert (done.code, done.err) == (0, "")
    files = {path.name for path in rolecall.folder.iterdir() if path.is_file()}
    assert files == {"report.json", "report.html", "summary.md", "junit.xml", "exports.sh"}


def test_reports_of_another_run_are_refused(rolecall):
    build(rolecall, "build-1").run("true")
    other = TARGETS.replace("222222222222:role/deploy", "222222222222:role/other")
    build(rolecall, "build-2").run("true", ROLECALL_TARGETS=other)
    done = merge(rolecall)
    assert done.code == 2
    assert "build-2/rolecall-report/report.json are not of one list of targets" in done.message
    assert "dev is arn:aws:iam::222222222222:role/deploy in the first" in done.message
    assert not (rolecall.folder / "rolecall-report").exists()


CHANGED = {
    "an account was renamed, and the order is by name": (
        "a2=arn:aws:iam::222222222222:role/d b=arn:aws:iam::333333333333:role/d",
        "b=arn:aws:iam::333333333333:role/d c2=arn:aws:iam::222222222222:role/d",
        "the names of its targets changed",
    ),
    "an entry of the list was replaced": (
        "a=arn:aws:iam::222222222222:role/d b=arn:aws:iam::333333333333:role/d",
        "a=arn:aws:iam::222222222222:role/d b=arn:aws:iam::444444444444:role/d",
        "a target's role or account changed",
    ),
    "the order is another one": (
        "a=arn:aws:iam::222222222222:role/d b=arn:aws:iam::333333333333:role/d",
        "b=arn:aws:iam::333333333333:role/d a=arn:aws:iam::222222222222:role/d",
        "their order changed",
    ),
}


@pytest.mark.parametrize(("before", "after", "said"), CHANGED.values(), ids=CHANGED)
def test_shards_of_a_list_that_changed_between_them_are_refused(rolecall, before, after, said):
    for number, targets in enumerate((before, after), 1):
        given = {"ROLECALL_SHARD": f"{number}/2", "ROLECALL_TARGETS": targets}
        assert build(rolecall, f"build-{number}").run("true", **given).code == 0
    done = merge(rolecall)
    assert done.code == 2
    assert f"are not of one list of targets: {said} between the two" in done.message
    assert not (rolecall.folder / "rolecall-report").exists()


def test_shards_that_did_not_run_the_same_commands_are_refused(rolecall):
    for number, commands in enumerate((["echo v1"], ["echo v2"]), 1):
        given = {"ROLECALL_SHARD": f"{number}/2", "ROLECALL_TARGETS": MANY}
        build(rolecall, f"build-{number}").run(json.dumps(commands), **given)
    done = merge(rolecall)
    assert done.code == 2
    assert "are not of the same commands: command 1 is `echo v1` in the first and `echo v2`" in (
        done.message
    )


def test_a_whole_run_fills_no_gap_that_a_shard_of_another_left(rolecall):
    shards(rolecall, "true", count=2, **WAVES)
    shutil.rmtree(rolecall.folder / "build-2")
    build(rolecall, "build-old").run("true", **WAVES)
    done = merge(rolecall)
    assert done.code == 2
    assert "is of a run to all 9 targets, and build-1/rolecall-report/report.json" in done.message


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"ROLECALL_TARGETS": MANY.rpartition(" ")[0]}, "the number of targets is 9 in the first"),
        ({"ROLECALL_RUN_ID": "again"}, "the run is once in the first and again in the second"),
    ],
)
def test_builds_that_say_they_are_of_different_runs_are_refused(rolecall, other, said):
    one = {**WAVES, "ROLECALL_RUN_ID": "once"}
    for number, given in enumerate([one, {**one, **other}], 1):
        build(rolecall, f"build-{number}").run("true", ROLECALL_SHARD=f"{number}/2", **given)
    done = merge(rolecall)
    assert done.code == 2
    assert said in done.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON, or was cut off"),
        ('{"version": 2}', "it is of version 2, and this is for version 1"),
    ],
)
def test_a_report_that_cannot_be_read_is_refused(rolecall, text, said):
    shards(rolecall, "true", count=2, **WAVES)
    (rolecall.folder / "build-2/rolecall-report/report.json").write_text(text)
    done = merge(rolecall)
    assert (done.code, said in done.message) == (2, True)
    assert "build-2/rolecall-report/report.json" in done.message
    assert not (rolecall.folder / "rolecall-report").exists()


@pytest.mark.parametrize("place", ["none", "none-*", "empty"])
def test_a_place_without_a_report_is_said(rolecall, place):
    (rolecall.folder / "empty").mkdir()
    done = merge(rolecall, place)
    assert done.code == 2
    assert f"{place}: there is no report.json there" in done.message


def test_a_folder_that_cannot_take_the_report_is_said_before_anything(rolecall):
    build(rolecall, "build-1").run("true")
    (rolecall.folder / "file").write_text("")
    done = merge(rolecall, "build-1", "--out", "file/deep")
    assert (done.code, "file is no folder" in done.message) == (2, True)


def test_an_empty_shard_is_no_hole(rolecall):
    one = {"ROLECALL_TARGETS": MANY.split()[0]}
    shards(rolecall, "true", count=2, **one)
    merged = merge(rolecall)
    assert (merged.code, merged.err, merged.statuses) == (0, "", ["succeeded"])


def test_a_report_is_not_merged_over_itself(rolecall):
    assert rolecall.run("true", ROLECALL_REPORT_DIR="one").code == 0
    done = rolecall("merge", "one", "--out", "one")
    assert done.code == 2
    assert "one: the report of the whole would replace the one there; name another" in done.message
    assert (rolecall.folder / "one/report.json").exists()
