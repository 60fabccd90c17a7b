"""Plans as files, and what is said of each difference."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from rolecall.approval import record
from rolecall.approval.difference import differences
from rolecall.errors import FileError
from rolecall.secret import Mask, Secret
from rolecall.settings.documents import Commands
from rolecall.settings.load import load
from rolecall.settings.options import options
from rolecall.targets import Build, resolve

# What is no part of a plan: how AWS is asked, what is told of a run, and what limits it further.
# `targets`, `role` and the rest of the second line are in each target, resolved.
NO_PART = {
    *("session_name", "execution_id", "allowed_accounts", "shard", "plan", "profile_mode", "mask"),
    *("targets", "role", "waves"),
    *("retry_attempts", "retry_max_wait", "retry_access_denied"),
    "organization",  # the targets that it finds are
    *("state", "run_id", "state_wait", "state_lease"),
    *("timeout", "command_timeout", "grace", "report_dir", "log_format", "log_level"),
    *("notify", "notify_on"),
}
DEV = "arn:aws:iam::222222222222:role/"
TWO = [
    {"name": "dev", "role_arn": f"{DEV}a", "variables": {"A": "1"}},
    {"name": "prd", "role_arn": "arn:aws:iam::333333333333:role/a", "tags": "k=v"},
]


def planned(targets=TWO, *, only=(), salt="s", mask=None, commands=("make",), listed=True, **more):
    flags = {"TARGETS": json.dumps(targets), **more}
    loaded = load(environ={}, flags=flags, folder=Path("/nonexistent"))
    assert loaded.problems == ()
    resolved = resolve(
        loaded, build=Build(), default_region="eu-west-1", read_list=lambda where: ""
    )
    assert resolved.problems == ()
    settings = replace(loaded.settings, commands=Commands(commands, listed=listed))
    return record.record(settings, resolved.whole, mask or Mask(), only=only, salt=salt)


def told(now, approved=None):
    return list(differences(approved or planned(), now))


def changed(number, **more):
    targets = [dict(target) for target in TWO]
    targets[number].update(more)
    return targets


def test_each_option_is_part_of_a_plan_or_said_not_to_be():
    part = {
        *record.COMMANDS,
        *record.OPTIONS,
        *record.SESSION,
        "regions",
        "region_variables",
        "only",
    }
    assert part.isdisjoint(NO_PART)
    assert {option.key for option in options()} == part | NO_PART


def test_the_same_is_no_difference():
    assert told(planned()) == []
    assert planned(salt="") != planned(salt="")


def test_targets_that_came_and_went_are_told_first():
    new = {"name": "new", "role_arn": "arn:aws:iam::444444444444:role/a"}
    assert told(planned([new, TWO[0]], MAX_PARALLEL="2")) == [
        "+ new (arn:aws:iam::444444444444:role/a) was added",
        "- prd (arn:aws:iam::333333333333:role/a) is gone",
        "~ MAX_PARALLEL was 1, is 2",
    ]


def test_another_order_is_a_difference():
    assert told(planned(TWO[::-1])) == ["~ the order changed: prd comes where dev came"]


@pytest.mark.parametrize(
    ("now", "line"),
    [
        (
            changed(0, role_arn=f"{DEV}b"),
            f"~ dev: role_arn was {DEV}a, is {DEV}b",
        ),
        (changed(0, regions="us-east-1"), '~ dev: regions was ["eu-west-1"], is ["us-east-1"]'),
        (changed(0, variables={"A": "2"}), "~ dev: variable A changed"),
        (changed(0, variables={}), "~ dev: variable A is gone"),
        (changed(0, variables={"A": "1", "B": ""}), "~ dev: variable B was added"),
        (changed(1, external_id="xy"), "~ prd: external_id was not set, is xy"),
        (changed(1, tags=""), '~ prd: tags was [["k", "v"]], is not set'),
        (changed(0, duration="30m"), "~ dev: duration was 3600, is 1800"),
    ],
)
def test_what_changed_in_a_target_is_told(now, line):
    assert told(planned(now)) == [line]


def test_a_wave_that_changed_is_told():
    assert told(planned(WAVES="1,rest")) == ["~ prd: wave was 1, is 2"]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"commands": ("make x",)}, "~ commands, line 1: `make`, now `make x`"),
        ({"commands": ("make", "b")}, "~ commands, line 2: nothing, now `b`"),
        ({"listed": False}, "~ commands: the same text, otherwise divided into commands"),
        ({"commands": ("\033" + "x" * 99,)}, f"now `\\x1b{'x' * 56}…`"),
        ({"AFTER": "tidy"}, "~ after, line 1: nothing, now `tidy`"),
        ({"MAX_FAILURES": "10%"}, "~ MAX_FAILURES was not set, is 10%"),
        ({"PREFLIGHT": "no"}, "~ PREFLIGHT was true, is false"),
    ],
)
def test_what_changed_for_all_is_told(more, line):
    found = told(planned(**more))
    assert len(found) == 1
    assert line in found[0]


def test_a_variable_s_value_is_not_in_the_plan_nor_told_by_its_digest():
    secret = changed(0, variables={"A": "hunter2"})
    first, second = planned(secret, salt="a"), planned(secret, salt="b")
    assert "hunter2" not in json.dumps(first)
    assert first["targets"][0]["variables"] != second["targets"][0]["variables"]


def test_what_the_mask_knows_is_not_in_the_plan():
    mask = Mask([Secret("hunter2")])
    found = planned(commands=("login hunter2",), mask=mask)
    (shown,) = found["commands"]["items"]
    assert re.fullmatch(r"login \*\*\* #[0-9a-f]{16}", shown)


def test_a_command_with_a_secret_is_the_same_as_itself_alone():
    approved = planned(commands=("login hunter2",), mask=Mask([Secret("hunter2")]))
    assert (
        told(planned(commands=("login hunter2",), mask=Mask([Secret("hunter2")])), approved) == []
    )
    now = planned(commands=("login hunter3",), mask=Mask([Secret("hunter3")]))
    (line,) = told(now, approved)
    assert line.startswith("~ commands, line 1: `login *** #")


def test_a_plan_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "new" / "plan.json"
    record.write(path, planned(only=["b", "a"]))
    assert record.read(path) == planned(only=["a", "b"])
    assert path.stat().st_mode & 0o777 == 0o644
    assert len(path.read_text().splitlines()) == 8 + 3 + 1
    record.write(path, planned())
    again = path.read_bytes()
    record.write(path, planned())
    assert path.read_bytes() == again


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no plan: it is not JSON, or was cut off"),
        ('{"version":1,"targets":[', "is no plan: it is not JSON, or was cut off"),
        ("[" * 100_000, "is no plan: it is not JSON, or was cut off"),
        ("[]", "is no plan: `rolecall plan --out FILE` writes one"),
        ('{"version": 1, "results": []}', "is the report of a run, and no plan: `rolecall plan"),
        ('{"version": 2}', "is a plan of version 2, and this rolecall reads 1: plan again"),
        ('{"version": 1}', "is no whole plan, or was changed by hand: `rolecall plan --out"),
    ],
)
def test_what_is_no_plan_is_told(tmp_path, text, message):
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(FileError, match=message):
        record.read(path)


@pytest.mark.parametrize(
    "damage",
    [
        {"targets": [{"name": "dev"}]},
        {"targets": 3},
        {"targets": [3]},
        {"commands": {"items": [3], "listed": True}},
        {"commands": None},
        {"options": {}},
        {"salt": 1},
        {"only": [1]},
    ],
)
def test_a_plan_that_is_damaged_is_told(tmp_path, damage):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**planned(), **damage}))
    with pytest.raises(FileError, match="is no whole plan, or was changed by hand"):
        record.read(path)


def test_a_plan_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileError, match="cannot be read: No such file"):
        record.read(tmp_path / "plan.json")


def test_a_variable_of_a_region_is_part_of_the_plan():
    before, now = ({"eu-west-1": {"SIZE": size}} for size in ("1", "2"))
    lines = told(
        planned(changed(0, region_variables=now)), planned(changed(0, region_variables=before))
    )
    assert len(lines) == 1
    assert "SIZE in eu-west-1" in lines[0]
