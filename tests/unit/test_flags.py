"""A flag beside what a target has of its own."""

from __future__ import annotations

import json

import pytest

from rolecall.settings.load import load
from rolecall.targets import Build, resolve

OWN = {
    "session_name": ("own", "flag"),
    "external_id": ("own-id", "flag-id"),
    "duration": ("15m", "30m"),
    "tags": ("a=own", "a=flag"),
    "source_identity": ("own", "flag"),
    "via": ("arn:aws:iam::111111111111:role/own", "arn:aws:iam::111111111111:role/flag"),
}
POLICIES = {
    "session_policy": ('{"Statement":["own"]}', '{"Statement":["flag"]}'),
    "policy_arns": ("arn:aws:iam::aws:policy/Own", "arn:aws:iam::aws:policy/Flag"),
}
DEV, PRD = (f"arn:aws:iam::{digit * 12}:role/deploy" for digit in "25")


@pytest.fixture
def resolved(tmp_path):
    """The targets of rolecall.yml, `dev` and `production`, which has the options given."""

    def _resolve(own, flags, *, environ=None, name="", common=""):
        production = {"name": "production", "role_arn": PRD, **own}
        targets = [{"name": "dev", "role_arn": DEV}, production]
        (tmp_path / "rolecall.yml").write_text(f"targets: {json.dumps(targets)}\n{common}")
        given = {f"ROLECALL_{key}": value for key, value in (environ or {}).items()}
        loaded = load(environ=given, flags=flags, folder=tmp_path)
        assert not loaded.problems
        return resolve(
            loaded, build=Build(), default_region="eu-central-1", read_list=str, name=name
        )

    return _resolve


def problems(found):
    return [str(problem) for problem in found.problems]


@pytest.mark.parametrize("key", OWN)
def test_a_flag_goes_before_a_target_s_own_value_and_a_variable_does_not(resolved, key):
    own, flag = OWN[key]
    by_flag = resolved({key: own}, {key.upper(): flag})
    by_variable = resolved({key: own}, {}, environ={key.upper(): flag})
    _, wanted = resolved({key: flag}, {}).targets
    _, kept = resolved({key: own}, {}).targets
    assert not by_flag.problems
    assert not by_variable.problems
    assert not by_variable.overruled
    assert by_flag.targets[1].session == wanted.session
    assert by_variable.targets[1].session == kept.session != wanted.session
    assert by_flag.targets[0].session == by_variable.targets[0].session
    assert [str(each) for each in by_flag.overruled] == [
        f"rolecall.yml:1: has a {key} of its own, which --{key.replace('_', '-')} goes before"
    ]


@pytest.mark.parametrize("key", POLICIES)
def test_a_flag_does_not_replace_a_policy_of_a_target_s_own(resolved, key):
    own, flag = POLICIES[key]
    found = resolved({key: own}, {key.upper(): flag})
    [problem] = problems(found)
    assert problem.startswith(f"rolecall.yml:1: has a {key} of its own, which --")
    assert "leave the flag out" in problem
    assert not resolved({key: own}, {key.upper(): flag, "ONLY": "dev"}).problems
    assert not resolved({key: own}, {key.upper(): own}).problems


def test_what_a_flag_says_of_one_target_goes_before_what_one_says_of_all(tmp_path):
    targets = json.dumps([{"name": "dev", "role_arn": DEV, "external_id": "own-id"}])
    flags = {"TARGETS": targets, "EXTERNAL_ID": "flag-id"}
    loaded = load(environ={}, flags=flags, folder=tmp_path)
    found = resolve(loaded, build=Build(), default_region="eu-central-1", read_list=str)
    assert found.targets[0].session.external_id == "own-id"


REGIONS = {"regions": ["eu-central-1", "us-east-1"]}


def test_a_flag_narrows_the_regions_of_a_target_that_names_its_own(resolved):
    found = resolved(REGIONS, {"REGIONS": "us-east-1"})
    assert [target.regions for target in found.targets] == [("us-east-1",), ("us-east-1",)]
    assert not found.problems
    by_variable = resolved(REGIONS, {}, environ={"REGIONS": "us-east-1"})
    assert by_variable.targets[1].regions == tuple(REGIONS["regions"])


def test_a_flag_that_names_a_region_where_a_target_is_not_is_refused_with_what_to_do(resolved):
    [problem] = problems(resolved(REGIONS, {"REGIONS": "us-east-1,us-west-2"}))
    assert problem == (
        "--regions: names us-west-2, where production is not deployed to: its own regions are"
        " eu-central-1, us-east-1; leave out what it has not, or choose targets by their region:"
        " --only '*/us-west-2'"
    )
    [problem] = problems(resolved(REGIONS, {"REGIONS": "us-west-2"}))
    assert "production is not deployed to" in problem


@pytest.mark.parametrize("flags", [{"ONLY": "dev"}, {"SHARD": "1/2"}])
def test_the_regions_of_targets_that_are_left_out_are_no_matter(resolved, flags):
    found = resolved(REGIONS, {"REGIONS": "us-west-2", **flags})
    assert not found.problems
    assert [(t.name, t.regions) for t in found.targets] == [("dev", ("us-west-2",))]


def test_regions_of_a_flag_and_of_only_are_both_heeded(resolved):
    found = resolved(REGIONS, {"REGIONS": "us-east-1", "ONLY": "production/us-east-1"})
    assert [target.regions for target in found.targets] == [("us-east-1",)]
    [problem] = problems(resolved(REGIONS, {"REGIONS": "us-east-1", "ONLY": "*n/eu-central-1"}))
    assert "'*n/eu-central-1' means no target" in problem


def test_variables_of_a_region_of_a_flag_go_before_those_of_a_target(resolved):
    own = {"region_variables": {"eu-central-1": {"A": "own", "B": "own"}}}
    flag = {"REGION_VARIABLES": '{"eu-central-1": {"A": "flag"}}'}
    by_flag = resolved(own, flag).targets[1].variables_in("eu-central-1")
    assert by_flag == {"A": "flag", "B": "own"}
    by_variable = resolved(own, {}, environ=flag).targets[1].variables_in("eu-central-1")
    assert by_variable == {"A": "own", "B": "own"}


def test_variables_of_a_region_that_a_flag_leaves_out_are_no_mistake(resolved):
    own = {"region_variables": {"us-east-1": {"A": "1"}}}
    common = "regions: [eu-central-1, us-east-1]\n"
    assert not resolved(own, {"REGIONS": "eu-central-1"}, common=common).problems
    [problem] = problems(resolved(own, {}))
    assert "where it is not deployed" in problem


@pytest.mark.parametrize("key", POLICIES)
def test_a_policy_of_a_target_s_own_may_not_be_empty(tmp_path, key):
    for empty in ("", [], None):
        targets = json.dumps([{"name": "dev", "role_arn": DEV, key: empty}])
        loaded = load(environ={"ROLECALL_TARGETS": targets}, flags={}, folder=tmp_path)
        found = resolve(loaded, build=Build(), default_region="eu-central-1", read_list=str)
        wrong = "is empty, which would narrow no session; leave it out for what all targets have"
        assert problems(found) == [f"ROLECALL_TARGETS, entry 1, {key}: {wrong}"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("production/us-east-1", None),
        ("555555555555/us-east-1", None),
        (f"{PRD}/us-east-1", None),
        ("production/eu-west-1", "is not deployed to; the regions are eu-central-1, us-east-1"),
        ("prodction/us-east-1", "is no target; there are dev, production"),
    ],
)
def test_a_target_is_named_in_one_of_its_regions(resolved, name, said):
    found = resolved(REGIONS, {}, name=name)
    if said:
        assert problems(found) == [f"TARGET: {name!r} {said}"]
    else:
        assert [(t.name, t.regions) for t in found.targets] == [("production", ("us-east-1",))]


def test_a_target_that_only_leaves_out_is_not_to_be_named(resolved):
    found = resolved(REGIONS, {"ONLY": "dev"}, name="production")
    assert problems(found) == [
        "TARGET: 'production' is not among the targets that ONLY leaves; leave one of them out"
    ]
    only = {"ONLY": "production/us-east-1"}
    assert resolved(REGIONS, only, name="production").targets[0].regions == ("us-east-1",)
    by_region = problems(resolved(REGIONS, only, name="production/eu-central-1"))
    assert "is not among the targets that ONLY leaves" in by_region[0]


def test_who_names_a_target_has_no_shard_of_it(resolved):
    found = resolved({}, {}, environ={"SHARD": "1/2"}, name="production")
    assert [target.name for target in found.targets] == ["production"]


def test_what_nothing_has_resolved_is_refused_in_a_list_that_is_read(tmp_path):
    targets = json.dumps([{"name": "dev", "role_arn": DEV, "variables": {"A": "#{x.y}"}}])
    (tmp_path / "list.json").write_text(targets)
    loaded = load(environ={"ROLECALL_TARGETS": "file:list.json"}, flags={}, folder=tmp_path)
    found = resolve(
        loaded, build=Build(), default_region="eu-central-1", read_list=lambda where: targets
    )
    [problem] = problems(found)
    assert problem.startswith("ROLECALL_TARGETS, entry 1, file:list.json: holds #{x.y}, which")
