"""ONLY: some of the targets, by name or by name and region."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolecall.settings.load import load
from rolecall.settings.sources import BadValueError
from rolecall.targets import Build, resolve
from rolecall.targets.selection import instead
from rolecall.targets.selection import named as one_of
from rolecall.targets.selection import only as selected

TARGETS = " ".join(f"{n}=arn:aws:iam::{i:012}:role/x" for i, n in enumerate(("dev", "tst", "prd")))


def targets(entries=TARGETS, **given):
    environ = {"ROLECALL_TARGETS": entries, "ROLECALL_REGIONS": "eu-west-1,us-east-1"}
    environ |= {"ROLECALL_ROLE": "x", **{f"ROLECALL_{name}": text for name, text in given.items()}}
    loaded = load(environ=environ, flags={}, folder=Path("/"))
    build = Build(build_id="", execution_id="", user="")
    return resolve(loaded, build=build, default_region="", read_list=str).targets


def named(only):
    return [(target.name, target.regions) for target in selected(targets(), only)[0]]


BOTH = ("eu-west-1", "us-east-1")


@pytest.mark.parametrize(
    ("only", "left"),
    [
        (("t*",), [("tst", BOTH)]),
        (("*/us-east-1", "dev"), [("dev", BOTH), ("tst", BOTH[1:]), ("prd", BOTH[1:])]),
        (("prd", "dev"), [("dev", BOTH), ("prd", BOTH)]),
        (("tst/us-east-1",), [("tst", ("us-east-1",))]),
        (("tst/us-east-1", "tst/eu-west-1"), [("tst", BOTH)]),
        (("tst/us-east-1", "tst"), [("tst", BOTH)]),
    ],
)
def test_what_is_named_is_left_in_the_order_of_deployment(only, left):
    assert named(only) == left


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("dve", "'dve' means no target; did you mean dev?"),
        ("dve/eu-west-1", "'dve/eu-west-1' means no target; did you mean dev/eu-west-1?"),
        (
            "000000000010",
            "'000000000010' means no target; there are 000000000000, 000000000001, 000000000002",
        ),
        ("x*", "'x*' means no target; there are dev, tst, prd"),
        ("wave:9", "'wave:9' means no target; there is wave:1"),
        ("dev/eu-west-9", "'dev/eu-west-9' means no target; the regions of dev are eu-west-1"),
    ],
)
def test_what_names_nothing_is_a_mistake_with_what_would_be_right(word, said):
    environ = {"ROLECALL_TARGETS": TARGETS, "ROLECALL_ONLY": word}
    loaded = load(environ=environ, flags={}, folder=Path("/"))
    found = resolve(loaded, build=Build(), default_region="eu-west-1", read_list=str)
    assert [str(problem) for problem in found.problems] == [f"ROLECALL_ONLY: {said}"]


def test_of_many_targets_a_mistake_names_a_few_and_how_many_more_there_are():
    many = targets(" ".join(f"{n}={i:012}" for i, n in enumerate("abcdefghij")), WAVES="1,2,rest")
    assert instead("zzz", many) == "; there are a, b, c, d, e, f, g, h and 2 more"
    assert instead("wave:9", many) == "; there are wave:1, wave:2, wave:3"
    assert instead("a", []) == ""


TWOFOLD = "222222222222=arn:aws:iam::222222222222:role/a x=arn:aws:iam::222222222222:role/b"
MEANS_BOTH = (
    "is the name of one target, and the account of x, too; give that target a name that is no"
    " account id"
)


def problems(entries, **given):
    environ = {"ROLECALL_TARGETS": entries, "ROLECALL_ROLE": "x"}
    environ |= {f"ROLECALL_{name}": text for name, text in given.items()}
    loaded = load(environ=environ, flags={}, folder=Path("/"))
    found = resolve(loaded, build=Build(), default_region="eu-west-1", read_list=str)
    return [str(problem) for problem in found.problems]


@pytest.mark.parametrize("word", ["222222222222", "222222222222/eu-west-1"])
def test_a_word_that_is_a_name_and_the_account_of_another_is_a_mistake(word):
    assert problems(TWOFOLD) == []
    assert problems(TWOFOLD, ONLY=word) == [f"ROLECALL_ONLY: '{word}' {MEANS_BOTH}"]
    assert problems(TWOFOLD, ONLY="x") == []
    assert problems(TWOFOLD.replace("222222222222=", "y="), ONLY=word) == []


def test_one_target_by_an_account_that_is_a_name_too_is_a_mistake():
    found = targets(TWOFOLD)
    with pytest.raises(BadValueError, match="is the name of one target, and the account of x"):
        one_of(found, "222222222222")
    assert one_of(found, "x").name == "x"
    assert one_of(found, "arn:aws:iam::222222222222:role/a").name == "222222222222"


@pytest.mark.parametrize("entry", ["333333333333=222222222222", "333333333333=arn:aws:iam::2:x"])
def test_the_id_of_another_account_is_no_name(entry):
    entry = entry.replace("::2:x", "::222222222222:role/x")
    wrong = "'333333333333' cannot be the name of a target in account 222222222222"
    why = "it is the id of another account; give it another name"
    assert problems(entry) == [f"ROLECALL_TARGETS, entry 1: {wrong}: {why}"]
    assert problems("222222222222=222222222222") == []


def test_a_variable_called_by_another_account_s_id_is_refused():
    arn = "arn:aws:iam::222222222222:role/x"
    loaded = load(environ={"ROLECALL_TARGET_333333333333": arn}, flags={}, folder=Path("/"))
    found = resolve(loaded, build=Build(), default_region="eu-west-1", read_list=str)
    assert "it is the id of another account" in str(found.problems[0])


def test_an_account_id_that_is_the_word_of_a_variable_too_is_refused():
    arn = "arn:aws:iam::222222222222:role/other"
    wrong = "'222222222222' is an account id, and ROLECALL_TARGET_222222222222 is set, too"
    assert problems("222222222222", TARGET_222222222222=arn) == [
        f"ROLECALL_TARGETS, entry 1: {wrong}; give that variable another name"
    ]
