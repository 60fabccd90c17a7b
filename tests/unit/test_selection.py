"""ONLY: some of the targets, by name or by name and region."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolecall.settings import load
from rolecall.targets import Build, resolve
from rolecall.targets.selection import only as selected

TARGETS = " ".join(f"{n}=arn:aws:iam::{i:012}:role/x" for i, n in enumerate(("dev", "tst", "prd")))


def targets():
    environ = {"ROLECALL_TARGETS": TARGETS, "ROLECALL_REGIONS": "eu-west-1,us-east-1"}
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
        ("dve", "ROLECALL_ONLY: 'dve' means no target; did you mean dev?"),
        ("x*", "ROLECALL_ONLY: 'x*' means no target"),
        ("dev/eu-west-9", "ROLECALL_ONLY: 'dev/eu-west-9' means no target"),
    ],
)
def test_what_names_nothing_is_a_mistake_with_what_would_be_right(word, said):
    environ = {"ROLECALL_TARGETS": TARGETS, "ROLECALL_ONLY": word}
    loaded = load(environ=environ, flags={}, folder=Path("/"))
    found = resolve(loaded, build=Build(), default_region="eu-west-1", read_list=str)
    assert [str(problem) for problem in found.problems] == [said]
