"""docs/security.md: what it names exists, and what it shows is so."""

from __future__ import annotations

import json
import re

import pytest
from pycfmodel.model.resources.properties.policy_document import PolicyDocument

from support import templates

PAGE = (templates.FOLDER.parent / "docs" / "security.md").read_text("utf-8")
NAMES = (
    "target-role.yaml",
    "source-role.yaml",
    "pipeline.yaml",
    "target-role-stackset.yaml",
    "fleet.yaml",
)
POLICIES = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_parameter_that_closes_something_is_one_of_a_template():
    named = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)*)`", PAGE))
    declared = set().union(*(templates.load(name)["Parameters"] for name in NAMES))
    assert named
    assert named <= declared


def test_every_parameter_that_trust_or_permissions_go_by_is_on_the_page():
    about = {"SourceAccountId", "SourceRoleName", "OrganizationId", "ExternalId", "SessionTags"}
    about |= {"SourceIdentity", "TargetRoleArns", "PermissionsBoundary", "ManagedPolicyArns"}
    about |= {"DiscoveredRoleName", "DiscoveredUnits", "ReadOrganization"}
    about |= {"BucketName", "ObjectPrefix", "ParameterPrefix", "AllowedAccounts", "ImageTag"}
    assert {name for name in about if f"`{name}`" not in PAGE} == set()


@pytest.mark.parametrize("policy", POLICIES)
def test_a_service_control_policy_denies_and_names_real_actions(policy):
    for statement in PolicyDocument.model_validate(json.loads(policy)).statement_as_list():
        assert statement.Effect == "Deny"
        # The library knows every action of AWS; one that is misspelt expands to nothing.
        assert statement.get_expanded_action_list() == sorted(statement.get_action_list())


def test_there_is_a_policy_for_the_hub_and_one_for_the_workloads():
    assert [("rolecall-codebuild" in p, "crossaccount-" in p) for p in POLICIES] == [
        (True, False),
        (False, True),
    ]


def test_tests_that_the_page_refers_to_exist():
    for path in re.findall(r"`(tests/[\w/.]+)`", PAGE):
        assert (templates.FOLDER.parent / path).exists()
