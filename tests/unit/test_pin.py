"""What a list of targets was when it was divided."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from rolecall.settings.amounts import PIN, Shard, ShardKind
from rolecall.settings.sources import BadValueError
from rolecall.targets import arns
from rolecall.targets.model import SessionOptions, Target
from rolecall.targets.pin import differences, pin

SESSION = SessionOptions(
    session_name="s", external_id="", duration=3600, session_policy="", policy_arns=(), tags=(),
    transitive_tags=(), source_identity="", via=(),
)  # fmt: skip


def target(index, name, account="222222222222", role="deploy"):
    return Target(
        index=index,
        name=name,
        role=arns.parse(f"arn:aws:iam::{account}:role/{role}"),
        regions=("eu-west-1",),
        variables=(),
        session=SESSION,
    )


LIST = (target(1, "a"), target(2, "b", "333333333333"), target(3, "c", "444444444444"))
A, B, C = LIST


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (LIST, ""),
        (LIST[:2], "it had 3 targets, and has 2"),
        ((A, replace(B, name="new"), C), "the names of its targets changed"),
        ((B, A, C), "their order changed"),
        ((A, target(2, "b", "555555555555"), C), "a target's role or account changed"),
        ((A, target(2, "b", "333333333333", "other"), C), "a target's role or account changed"),
        ((A, replace(B, regions=("eu-west-1", "us-east-1")), C), "a target's regions changed"),
        ((A, B, replace(C, wave=2)), "the waves changed"),
        ((C, replace(B, wave=2), A), "their order changed and the waves changed"),
    ],
)
def test_it_is_told_in_what_a_list_differs(now, said):
    assert differences(pin(LIST), pin(now)) == said


def test_what_makes_no_other_list_is_no_difference():
    own = {"variables": (("A", "1"),), "session": replace(SESSION, via=("x",))}
    other = [replace(target, **own) for target in LIST]
    assert pin(other) == pin(LIST)
    assert re.fullmatch(PIN, pin(()))


def test_a_shard_holds_on_to_a_list_and_is_called_as_before():
    shard = ShardKind().parse(f"2/4@{pin(LIST)}")
    assert shard == Shard(2, 4, pin(LIST))
    assert (str(shard), ShardKind().show(shard)) == ("2/4", f"2/4@{pin(LIST)}")


@pytest.mark.parametrize("wrong", ["2/4@", "2/4@x", f"2/4@{pin(LIST)}0", f"@{pin(LIST)}", "5/4"])
def test_a_shard_of_a_list_that_is_none_is_refused(wrong):
    with pytest.raises(BadValueError, match="is no shard"):
        ShardKind().parse(wrong)
