"""`rolecall plan --batch`: the batch it writes, run as CodeBuild runs it, and merged."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from support.batch import BatchRun, parse_batch
from support.buildspec_file import parse
from support.command import ROLECALL

PIN = r"\d+(-[0-9a-f]{8}){5}"

ROOT = Path(__file__).parents[2]
MANY = " ".join(f"t{n}=arn:aws:iam::{n:012}:role/deploy" for n in range(1, 8))
GIVEN = {"ROLECALL_TARGETS": MANY, "ROLECALL_COMMANDS": "true"}
IN_WAVES = {**GIVEN, "ROLECALL_WAVES": "1, 2, rest"}


@pytest.fixture
def batch(rolecall):
    """The command in a folder that has the buildspec, as the source has."""
    shutil.copy(ROOT / "buildspec.yml", rolecall.folder)

    def plan(*arguments, **given):
        return rolecall("plan", "--batch", *arguments, **{**GIVEN, **given})

    return plan


@pytest.fixture
def codebuild(rolecall, tmp_path):
    """Runs a batch with the project's variables."""

    def run(planned, **given):
        assert planned.code == 0, planned.err
        environ = rolecall.environ({})
        del environ["ROLECALL_TARGETS"]
        source = tmp_path / "source"
        source.mkdir()
        return BatchRun(
            text=planned.out,
            source=source,
            folder=tmp_path / "batch",
            image={**environ, "PATH": f"{Path(ROLECALL).parent}{os.pathsep}{environ['PATH']}"},
            start={**GIVEN, **given},
        ).run()

    return run


def members(planned):
    """The builds, each with its variables, less what they hold on to, which is the same for all."""
    assert planned.code == 0, planned.err
    found, pins = {}, set()
    for member in parse_batch(planned.out).members:
        variables = dict(member.variables)
        variables["ROLECALL_SHARD"], _, pin = variables["ROLECALL_SHARD"].partition("@")
        pins.add(pin)
        found[member.identifier] = (variables, member.depends_on)
    assert [bool(re.fullmatch(PIN, pin)) for pin in pins] == [True]
    return found


def only(word, shard="1/1"):
    return {"ROLECALL_ONLY": word, "ROLECALL_SHARD": shard}


def merged(rolecall, ended):
    done = rolecall("merge", str(ended.artifacts))
    return done, {r["target"]: r["status"] for r in done.report["results"]}


def test_without_waves_it_is_a_list_with_a_build_for_each_target(batch):
    planned = batch()
    assert "build-list" in yaml.safe_load(planned.out)["batch"]
    assert members(planned) == {f"target_{n}_t{n}": (only(f"t{n}"), ()) for n in range(1, 8)}


def test_the_phases_are_those_of_the_buildspec(batch):
    written = yaml.safe_load(batch("shard", "--shards", "2").out)
    written.pop("batch")
    assert written == yaml.safe_load((ROOT / "buildspec.yml").read_text())


def test_in_shards_each_has_its_part(batch):
    assert members(batch("--shards", "3")) == {
        f"shard_{n}_of_3": (only("wave:1", f"{n}/3"), ()) for n in (1, 2, 3)
    }


def test_waves_are_a_graph_in_which_each_depends_on_the_one_before(batch):
    planned = batch("wave", **IN_WAVES)
    assert "build-graph" in yaml.safe_load(planned.out)["batch"]
    waves = {"ROLECALL_WAVES": IN_WAVES["ROLECALL_WAVES"]}
    assert members(planned) == {
        "wave_1": ({**waves, **only("wave:1")}, ()),
        "wave_2": ({**waves, **only("wave:2")}, ("wave_1",)),
        "wave_3": ({**waves, **only("wave:3")}, ("wave_2",)),
    }
    targets = members(batch(**IN_WAVES))
    assert targets["target_4_t4"] == (only("t4"), ("target_2_t2", "target_3_t3"))


def test_a_wave_of_fewer_targets_has_fewer_shards(batch):
    planned = members(batch("shard", "--shards", "3", **IN_WAVES))
    assert list(planned) == [
        "wave_1",
        "wave_2_shard_1_of_2",
        "wave_2_shard_2_of_2",
        *(f"wave_3_shard_{n}_of_3" for n in (1, 2, 3)),
    ]
    assert planned["wave_3_shard_2_of_3"] == (
        {"ROLECALL_WAVES": "1, 2, rest", **only("wave:3", "2/3")},
        ("wave_2_shard_1_of_2", "wave_2_shard_2_of_2"),
    )


def test_a_part_of_the_targets_is_named(batch):
    planned = members(batch("--shards", "2", ROLECALL_ONLY="t[135]", **IN_WAVES))
    assert [v["ROLECALL_ONLY"] for v, _ in planned.values()] == ["t1", "t3", "t5"]
    planned = members(batch("--shards", "2", "--only", "t1 t2 t3"))
    assert planned == {
        "shard_1_of_2": (only("t1 t3"), ()),
        "shard_2_of_2": (only("t2"), ()),
    }


def test_flags_go_along_to_the_builds(batch):
    planned = members(batch("wave", "--waves", "1,rest", "--max-parallel", "4"))
    assert planned["wave_1"][0] == {
        "ROLECALL_WAVES": "1,rest",
        "ROLECALL_MAX_PARALLEL": "4",
        "ROLECALL_ONLY": "wave:1",
        "ROLECALL_SHARD": "1/1",
    }


@pytest.mark.parametrize(
    ("on_failure", "fast", "ignored"),
    [("stop", False, []), ("abort", True, []), ("continue", False, ["wave_1", "wave_2"])],
)
def test_what_a_failure_stops_is_as_on_failure_says(batch, on_failure, fast, ignored):
    found = parse_batch(batch("wave", **IN_WAVES, ROLECALL_ON_FAILURE=on_failure).out)
    assert found.fast_fail is fast
    assert [m.identifier for m in found.members if m.may_fail] == ignored


def test_a_batch_for_a_machine_of_states_has_its_waves(batch, rolecall):
    (rolecall.folder / "rolecall.yml").write_text(f"waves: {IN_WAVES['ROLECALL_WAVES']}\n")
    planned = batch("--shards", "2", "--form", "stepfunctions", **GIVEN)
    second = json.loads(planned.out)["waves"][1]
    assert [(b["build"], b["only"], b["shard"].partition("@")[0]) for b in second] == [
        (f"wave_2_shard_{n}_of_2", "wave:2", f"{n}/2") for n in (1, 2)
    ]
    assert {bool(re.fullmatch(PIN, b["shard"].partition("@")[2])) for b in second} == {True}
    refused = batch("--form", "stepfunctions", "--waves", "1,rest")
    assert (refused.code, "--waves: does not reach the builds" in refused.message) == (2, True)
    refused = batch("wave", "--form", "stepfunctions", **IN_WAVES)
    assert refused.code == 2
    assert "ROLECALL_WAVES: does not reach the builds of the state machine" in refused.message


def test_a_build_of_a_wave_has_the_waves_that_its_variables_lack(batch, rolecall):
    planned = members(batch("wave", **IN_WAVES))
    ran = rolecall("run", **{**GIVEN, **planned["wave_1"][0], "ROLECALL_COMMANDS": "true"})
    assert ran.code == 0
    assert ran.statuses == ["succeeded"]


ANOTHER = {
    "one target more": (
        f"{MANY} t8=arn:aws:iam::000000000008:role/deploy",
        "it had 7 targets, and has 8",
    ),
    "one renamed": (MANY.replace("t5=", "new="), "the names of its targets changed"),
    "one replaced": (
        MANY.replace("::000000000005:", "::000000000055:"),
        "a target's role or account changed",
    ),
    "the order": (" ".join(reversed(MANY.split())), "their order changed"),
}


WAYS = [("shard", "--shards", "2"), ("target",), ("--only", "t1 t2"), ("wave",)]


@pytest.mark.parametrize(
    ("way", "another"), list(zip(WAYS, ANOTHER.values(), strict=True)), ids=ANOTHER
)
def test_a_build_of_a_list_that_has_changed_stops_before_anything(
    batch, rolecall, sts, way, another
):
    targets, said = another
    planned = next(iter(parse_batch(batch(*way).out).members)).variables
    for command in ("run", "plan"):
        done = rolecall(command, **{**GIVEN, **dict(planned), "ROLECALL_TARGETS": targets})
        assert (done.code, done.out) == (2, ""), done.err
        changed = "ROLECALL_SHARD: the list of targets has changed since it was divided"
        assert f"{changed}: {said};" in done.message
        assert "divide it again (`rolecall plan --batch`)" in done.message
    assert sts.calls == []


def test_other_regions_and_other_waves_make_another_list_too(batch, rolecall):
    planned = dict(next(iter(parse_batch(batch("wave", **IN_WAVES).out).members)).variables)
    given = {**GIVEN, **planned}
    done = rolecall("run", **{**given, "ROLECALL_REGIONS": "eu-west-1", "ROLECALL_WAVES": "2,rest"})
    assert "divided: a target's regions changed and the waves changed;" in done.message
    assert rolecall("run", **given).code == 0


def test_a_batch_of_waves_says_where_there_is_one_wave_alone(batch):
    said = "rolecall: all targets are in one wave, so there is one build;"
    done = batch("wave")
    assert (list(members(done)), done.err.startswith(said)) == (["all"], True)
    assert batch("wave", "--only", "wave:2", **IN_WAVES).err == ""


def test_it_can_be_written_to_a_file(batch, rolecall):
    done = batch("--out", "build/batch.yml")
    assert (done.code, done.out) == (0, "")
    written = (rolecall.folder / "build/batch.yml").read_text()
    assert len(parse_batch(written).members) == 7


def test_more_builds_than_a_batch_takes_are_refused_with_the_remedy(batch):
    many = " ".join(f"arn:aws:iam::{n:012}:role/deploy" for n in range(1, 102))
    done = batch(ROLECALL_TARGETS=many)
    assert (done.code, done.out) == (2, "")
    assert "--batch: gives 101 builds, and CodeBuild takes 100 in a batch" in done.message
    assert "use --batch shard --shards N" in done.message
    assert len(members(batch("--shards", "100", ROLECALL_TARGETS=many))) == 100


def test_an_input_that_is_too_long_is_refused(batch, rolecall):
    many = " ".join(f"arn:aws:iam::{n:012}:role/deploy" for n in range(1, 5001))
    (rolecall.folder / "targets").write_text(many)
    done = batch("--form", "stepfunctions", ROLECALL_TARGETS="file:targets")
    assert (done.code, "bytes, and Step Functions takes 262,144" in done.message) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--batch", "shard"], "--batch shard needs --shards N"),
        (["--batch", "wave", "--shards", "2"], "--shards goes with --batch shard"),
        (["--batch", "--shards", "0"], "--shards takes a number from 1 to 9,999, not '0'"),
        (["--shards", "2"], "--shards goes with --batch"),
        (["--batch", "region"], "'region'"),
        (["--shards", "2"], "usage: rolecall plan [options]"),
        (["--batch", "--format", "json"], "--form says what --batch writes"),
        (["--batch", "--shard", "1/2"], "--shard: has no place beside --batch"),
        (["--batch", "--buildspec", "none.yml"], "none.yml, whose phases the builds run, cannot"),
        (["--batch", "--buildspec", "odd.yml"], "odd.yml is no buildspec: it has no phases"),
        (["--batch", "--buildspec", "has.yml"], "has.yml has a `batch` already"),
        (["--batch", "--buildspec", "bad.yml"], "bad.yml, whose phases the builds run, cannot"),
    ],
)
def test_what_makes_no_sense_is_said(rolecall, arguments, said):
    shutil.copy(ROOT / "buildspec.yml", rolecall.folder)
    (rolecall.folder / "odd.yml").write_text("- a\n")
    (rolecall.folder / "has.yml").write_text("phases: {}\nbatch: {}\n")
    (rolecall.folder / "bad.yml").write_text("a: [")
    done = rolecall("plan", *arguments, **GIVEN)
    assert (done.code, done.out) == (2, "")
    assert said in done.message


def test_a_name_that_means_another_target_too_is_refused(batch):
    names = "000000000002=arn:aws:iam::000000000002:role/deploy b=arn:aws:iam::000000000002:role/x"
    done = batch(ROLECALL_TARGETS=names)
    assert done.code == 2
    assert "'000000000002' is the name of one target, and the account of b, too" in done.message


def test_a_batch_of_shards_deploys_to_all_and_merges_into_one_report(batch, codebuild, rolecall):
    ended = codebuild(batch("--shards", "3"))
    assert ended.succeeded, [build.output for build in ended.builds.values()]
    assert ended.builds["shard_1_of_3"].exported["ROLECALL_SUCCEEDED"] == "3"
    assert ended.builds["shard_1_of_3"].reports == {
        "rolecall": ("rolecall-report/shard_1_of_3/junit.xml",)
    }
    done, statuses = merged(rolecall, ended)
    assert (done.code, done.err) == (0, "")
    assert statuses == {f"t{n}": "succeeded" for n in range(1, 8)}


def test_a_wave_that_fails_keeps_the_next_ones_from_beginning(batch, codebuild, rolecall):
    planned = batch("shard", "--shards", "2", **IN_WAVES)
    ended = codebuild(planned, **{**IN_WAVES, "ROLECALL_COMMANDS": "test $ROLECALL_TARGET != t2"})
    assert not ended.succeeded
    assert list(ended.builds) == ["wave_1", "wave_2_shard_1_of_2", "wave_2_shard_2_of_2"]
    done, statuses = merged(rolecall, ended)
    assert (done.code, statuses) == (1, {"t1": "succeeded", "t2": "failed", "t3": "succeeded"})
    assert "4 of 7 targets are in no report" in done.message


def test_with_continue_the_waves_go_on_and_the_merged_report_tells_of_the_failure(
    batch, codebuild, rolecall
):
    given = {**IN_WAVES, "ROLECALL_ON_FAILURE": "continue"}
    planned = batch("wave", **given)
    ended = codebuild(planned, **{**given, "ROLECALL_COMMANDS": "test $ROLECALL_TARGET != t2"})
    assert ended.succeeded
    done, statuses = merged(rolecall, ended)
    assert (done.code, len(statuses), statuses["t2"]) == (1, 7, "failed")


PAGE = (ROOT / "docs/fleet.md").read_text()


@pytest.mark.parametrize("line", re.findall(r"^rolecall (plan .*?)(?: +#.*)?$", PAGE, re.MULTILINE))
def test_the_commands_of_the_page_do_as_it_says(rolecall, line):
    shutil.copy(ROOT / "buildspec.yml", rolecall.folder)
    arguments = shlex.split(line)
    done = rolecall(*arguments, **IN_WAVES if "--batch wave" in line else GIVEN)
    assert (done.code, done.err) == (0, "")
    assert (rolecall.folder / arguments[-1]).exists()


def test_the_buildspec_of_the_page_that_merges_is_one(batch, codebuild, rolecall):
    shown = PAGE.partition("```yaml\n")[2].partition("```")[0]
    command = parse(shown).phases["build"].commands[0]
    ended = codebuild(batch("--shards", "2"))
    shutil.copytree(ended.artifacts, rolecall.folder, dirs_exist_ok=True)
    assert rolecall(*shlex.split(command)[1:]).statuses == ["succeeded"] * 7
