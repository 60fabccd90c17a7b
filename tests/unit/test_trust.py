"""Who may assume which role: the trust policies, for every combination of their parameters."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from support import templates
from support.templates import DEV, HUB, ORGANIZATION, PIPELINE, TARGET, TARGET_ROLE, Caller, trusts

ACTIONS = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
OTHER_ACCOUNT = "999999999999"


def caller(role="rolecall-codebuild", account=HUB, **context):
    """A role of an account, with `org` as its organisation and `external` as the id it gives."""
    keys = {"org": "aws:PrincipalOrgID", "external": "sts:ExternalId"}
    return Caller(
        arn=f"arn:aws:iam::{account}:role/{role}",
        account=account,
        context=tuple((keys[name], value) for name, value in context.items() if value),
    )


def service(name, **context):
    keys = {"account": "aws:SourceAccount", "arn": "aws:SourceArn"}
    return Caller(
        service=f"{name}.amazonaws.com",
        context=tuple((keys[key], value) for key, value in context.items()),
    )


def trust_of_target(**parameters):
    role = templates.synthesise("target-role.yaml", DEV, **TARGET, **parameters)["TargetRole"]
    return role["Properties"]["AssumeRolePolicyDocument"]


COMBINATIONS = [
    dict(zip(("SourceRoleName", "OrganizationId", "ExternalId"), each, strict=True))
    for each in itertools.product(
        ("", "rolecall-codebuild", "hub/rolecall-codebuild"), ("", ORGANIZATION), ("", "4711")
    )
]


def names(combination):
    return "-".join(value or "any" for value in combination.values())


@pytest.mark.parametrize("asked", COMBINATIONS, ids=names)
def test_a_target_role_trusts_the_caller_that_its_parameters_describe_and_no_other(asked):
    document = trust_of_target(**asked)
    role, org, external = asked.values()
    right = {"role": role or "anything", "org": org, "external": external}
    assert trusts(document, caller(**right))
    wrong = [{**right, "account": OTHER_ACCOUNT}]
    if role:
        wrong += [{**right, "role": each} for each in ("admin", f"{role}2", f"x/{role}", "*")]
    if org:
        wrong += [{**right, "org": each} for each in ("", "o-zzzzzzzzzz")]
    if external:
        wrong += [{**right, "external": each} for each in ("", "4712")]
    for each in wrong:
        assert not trusts(document, caller(**each)), each


@pytest.mark.parametrize("asked", COMBINATIONS, ids=names)
@pytest.mark.parametrize("tags", ["refuse", "allow"])
@pytest.mark.parametrize("identity", ["refuse", "allow"])
def test_tags_and_a_source_identity_pass_where_they_are_allowed(asked, tags, identity):
    document = trust_of_target(**asked, SessionTags=tags, SourceIdentity=identity)
    role, org, _ = asked.values()
    # Whether AWS knows the external id when it asks for these two is not written anywhere.
    right = {"role": role or "anything", "org": org}
    assert trusts(document, caller(**right), "sts:TagSession") == (tags == "allow")
    assert trusts(document, caller(**right), "sts:SetSourceIdentity") == (identity == "allow")
    for action in ACTIONS:
        assert not trusts(document, caller(**right | {"account": OTHER_ACCOUNT}), action)
        if role:
            assert not trusts(document, caller(**right | {"role": "admin"}), action)
        if org:
            assert not trusts(document, caller(**right | {"org": "o-zzzzzzzzzz"}), action)


@pytest.mark.parametrize("asked", COMBINATIONS, ids=names)
def test_a_target_role_trusts_no_service_and_names_no_wildcard(asked):
    document = trust_of_target(**asked)
    assert not trusts(document, service("codebuild", account=HUB))
    for statement in document["Statement"]:
        assert statement["Principal"] == {"AWS": f"arn:aws:iam::{HUB}:root"}
        assert "*" not in str(statement["Condition"])


def test_no_combination_allows_anything_but_assuming_the_role():
    for statement in trust_of_target(SessionTags="allow", SourceIdentity="allow")["Statement"]:
        assert statement["Action"] in ACTIONS


SERVICES = [
    (
        "source-role.yaml",
        {"TargetRoleArns": TARGET_ROLE},
        "SourceRole",
        "codebuild:project/rolecall-deploy",
    ),
    ("pipeline.yaml", PIPELINE, "ImageRole", "codebuild:project/rolecall-image"),
    ("pipeline.yaml", PIPELINE, "PipelineRole", "codepipeline:rolecall"),
    ("fleet.yaml", {}, "StatesRole", "states:stateMachine:rolecall-fleet"),
    ("fleet.yaml", {}, "MergeRole", "codebuild:project/rolecall-merge"),
    ("fleet.yaml", {}, "EventsRole", "events:rule/rolecall-fleet-ended"),
]


@pytest.mark.parametrize(("name", "parameters", "role", "whose"), SERVICES)
def test_a_service_may_use_a_hub_role_for_one_resource_alone(name, parameters, role, whose):
    resources = templates.synthesise(name, HUB, **parameters)
    document = resources[role]["Properties"]["AssumeRolePolicyDocument"]
    by, _, resource = whose.partition(":")
    arn = f"arn:aws:{by}:eu-central-1:{HUB}:{resource}"
    right = service(by, account=HUB, arn=arn)
    assert trusts(document, right)
    other = "codepipeline" if by == "codebuild" else "codebuild"
    for wrong in (
        service(other, account=HUB, arn=arn),
        service(by, account=OTHER_ACCOUNT, arn=arn),
        service(by, account=HUB, arn=f"{arn}-other"),
        service(by, arn=arn),
        service(by, account=HUB),
        caller(),
        dataclasses.replace(right, service="", account=HUB, arn=f"arn:aws:iam::{HUB}:root"),
    ):
        assert not trusts(document, wrong), wrong


def test_the_check_itself_sees_a_condition_that_is_taken_away():
    document = trust_of_target(ExternalId="4711")
    assert not trusts(document, caller())
    del document["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"]
    assert trusts(document, caller())
    assert not trusts(document, caller(role="admin"))
    del document["Statement"][0]["Condition"]["ArnEquals"]
    assert trusts(document, caller(role="admin"))
