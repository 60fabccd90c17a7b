"""The roles' templates, synthesised: names, and what each parameter makes of the permissions."""

from __future__ import annotations

import json
import re

import pytest

from support import templates
from support.templates import DEV, HUB, ORGANIZATION, TARGET, TARGET_ROLE


def target(**parameters):
    return templates.synthesise("target-role.yaml", DEV, **{**TARGET, **parameters})


def role(**parameters):
    return target(**parameters)["TargetRole"]["Properties"]


def statements(resources, policy):
    found = resources[policy]["Properties"]["PolicyDocument"]["Statement"]
    return {statement["Sid"]: statement for statement in found}


def source(**parameters):
    given = {"TargetRoleArns": f"{TARGET_ROLE},{TARGET_ROLE}2", **parameters}
    return templates.synthesise("source-role.yaml", HUB, **given)


def test_the_role_is_named_after_its_environment_unless_it_is_given_a_name():
    assert role()["RoleName"] == "crossaccount-dev-role"
    assert role(RoleName="deployer", Path="/ci/")["RoleName"] == "deployer"
    assert role(Path="/ci/")["Path"] == "/ci/"


def test_the_role_carries_the_policies_and_the_boundary_it_is_given_and_none_otherwise():
    arns = "arn:aws:iam::aws:policy/A,arn:aws:iam::aws:policy/B"
    found = role(ManagedPolicyArns=arns, PermissionsBoundary="arn:aws:iam::aws:policy/C")
    assert found["ManagedPolicyArns"] == arns.split(",")
    assert found["PermissionsBoundary"] == "arn:aws:iam::aws:policy/C"
    assert not {"ManagedPolicyArns", "PermissionsBoundary"} & role().keys()


@pytest.mark.parametrize(
    ("given", "bucket", "objects"),
    [
        ({}, "site-dev", "site-dev/*"),
        ({"ObjectPrefix": "a/b"}, "site-dev", "site-dev/a/b/*"),
        ({"BucketName": "site-", "AppendAccountId": "yes"}, f"site-{DEV}", f"site-{DEV}/*"),
    ],
)
def test_the_role_reaches_one_bucket_or_a_prefix_of_it(given, bucket, objects):
    found = statements(target(**given), "DeployPolicy")
    assert found["ListTheBucket"]["Resource"] == f"arn:aws:s3:::{bucket}"
    assert found["ChangeItsObjects"]["Resource"] == f"arn:aws:s3:::{objects}"


def test_what_lies_outside_the_prefix_is_not_even_listed():
    listing = statements(target(ObjectPrefix="a/b"), "DeployPolicy")["ListTheBucket"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "a/b/*"}}
    assert "Condition" not in statements(target(), "DeployPolicy")["ListTheBucket"]


def test_the_service_role_may_assume_the_listed_roles_and_no_other():
    found = statements(source(), "AssumeTargetRoles")
    listed = [TARGET_ROLE, f"{TARGET_ROLE}2"]
    assert found["AssumeTargetRoles"]["Resource"] == listed
    assert "sts:" not in json.dumps(statements(source(), "RunBuilds"))


@pytest.mark.parametrize(("given", "effect"), [("allow", "Allow"), ("refuse", "Deny")])
def test_the_service_role_tags_sessions_and_names_an_identity_where_it_may(given, effect):
    found = statements(source(SessionTags=given, SourceIdentity=given), "AssumeTargetRoles")
    assert found["TagTheSessions"]["Effect"] == effect
    assert found["NameTheSourceIdentity"]["Effect"] == effect


def test_the_service_role_uses_the_artifact_key_for_s3_alone_and_no_other_key():
    condition = statements(source(), "RunBuilds")["UseTheArtifactKey"]["Condition"]
    assert condition == {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/rolecall-artifacts"},
        "StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"},
    }


def test_the_service_role_writes_reports_and_states_and_reads_the_source_beside_them():
    bucket = f"arn:aws:s3:::rolecall-artifacts-{HUB}-eu-central-1"
    found = statements(source(), "RunBuilds")
    assert found["ReadTheSource"]["Resource"] == f"{bucket}/rolecall/Source/*"
    assert "s3:PutObject" not in found["ReadTheSource"]["Action"]
    assert [s["Resource"] for s in found.values() if "s3:PutObject" in s["Action"]] == [
        [f"{bucket}/rolecall/Report*", f"{bucket}/state/*"]
    ]


def test_only_the_registrys_login_is_allowed_on_every_resource():
    found = statements(source(), "RunBuilds").values()
    assert [each["Sid"] for each in found if each["Resource"] == "*"] == ["LogInToTheRegistry"]


UNITS = [f"{ORGANIZATION}/r-ab12/ou-ab12-cd34ef56/*", f"{ORGANIZATION}/r-ab12/*"]


def discovering(**parameters):
    units = {"DiscoveredRoleName": "ci/deploy", "DiscoveredUnits": ",".join(UNITS)}
    return source(**units, **parameters)


def test_the_service_role_assumes_discovered_roles_by_name_within_the_units_alone():
    found = statements(discovering(), "AssumeDiscoveredRoles")
    for statement in found.values():
        assert statement["Resource"] == "arn:aws:iam::*:role/ci/deploy"
        within = {"ForAnyValue:StringLike": {"aws:ResourceOrgPaths": UNITS}}
        assert statement["Condition"] == within
    assert found["AssumeDiscoveredRoles"]["Effect"] == "Allow"
    assert found["TagTheSessions"]["Effect"] == "Deny"
    tagging = statements(discovering(SessionTags="allow"), "AssumeDiscoveredRoles")
    assert tagging["TagTheSessions"]["Effect"] == "Allow"


@pytest.mark.parametrize(
    ("given", "policy"),
    [("refuse", None), ("allow", "ReadTheOrganization"), (TARGET_ROLE, "AssumeTheReadingRole")],
)
def test_the_service_role_reads_the_organisation_as_it_is_told(given, policy):
    made = {"ReadTheOrganization", "AssumeTheReadingRole"} & source(ReadOrganization=given).keys()
    assert made == ({policy} if policy else set())


def test_the_service_role_may_assume_the_reading_role_alone_or_list_and_no_more():
    found = statements(source(ReadOrganization=TARGET_ROLE), "AssumeTheReadingRole")
    assert found["AssumeTheReadingRole"]["Resource"] == TARGET_ROLE
    found = statements(source(ReadOrganization="allow"), "ReadTheOrganization")
    actions = found["ReadTheOrganization"]["Action"]
    assert all(action.startswith("organizations:List") for action in actions)


def test_without_discovery_the_service_role_assumes_listed_roles_alone():
    assert "AssumeDiscoveredRoles" not in source()


def test_the_service_role_reads_and_writes_states_under_the_given_prefix_and_lists_nothing():
    assert "RememberSuccesses" not in source()
    found = statements(source(StateLocation="states/site/prd"), "RememberSuccesses")
    assert list(found) == ["ReadAndWriteStates"]
    assert found["ReadAndWriteStates"]["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert found["ReadAndWriteStates"]["Resource"] == "arn:aws:s3:::states/site/prd/*"


@pytest.mark.parametrize("wrong", ["states", "states/", "states/*", "*/a", "a/b", "states/a?"])
def test_a_place_of_states_is_a_prefix_and_neither_a_bucket_nor_a_pattern(wrong):
    allowed = templates.load("source-role.yaml")["Parameters"]["StateLocation"]["AllowedPattern"]
    assert re.fullmatch(allowed, "states/site/prd_1")
    assert not re.fullmatch(allowed, wrong)


TOPICS = [f"arn:aws:sns:eu-central-1:{HUB}:deployments", f"arn:aws:sns:eu-west-1:{HUB}:a.fifo"]
BUS = f"arn:aws:events:eu-central-1:{HUB}:event-bus/deployments"


def test_the_service_role_tells_the_given_topics_and_buses_and_no_other():
    found = source(NotifyTopicArns=",".join(TOPICS), NotifyBusArns=BUS)
    topics = statements(found, "NotifyTopics")["NotifyTopics"]
    assert (topics["Action"], topics["Resource"]) == ("sns:Publish", TOPICS)
    buses = statements(found, "NotifyBuses")["NotifyBuses"]
    assert (buses["Action"], buses["Resource"]) == ("events:PutEvents", [BUS])
    assert buses["Condition"] == {"StringEquals": {"events:source": "rolecall"}}


def test_the_service_role_tells_nobody_unless_it_is_given_whom():
    assert not {"NotifyTopics", "NotifyBuses"} & source().keys()
    assert "sns:" not in json.dumps(source()).replace("arn:aws:sns:", "")


@pytest.mark.parametrize(
    ("parameter", "arns"), [("NotifyTopicArns", TOPICS), ("NotifyBusArns", [BUS])]
)
def test_what_is_told_is_named_in_full(parameter, arns):
    pattern = templates.load("source-role.yaml")["Parameters"][parameter]["AllowedPattern"]
    assert all(re.fullmatch(pattern, arn) for arn in [*arns, "none"])
    assert not re.fullmatch(pattern, arns[0].replace("deployments", "*"))
    assert not re.fullmatch(pattern, "*")
