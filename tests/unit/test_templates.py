"""The templates: a linter and a policy scanner, with a reason for whatever is let pass."""

from __future__ import annotations

import re

import pytest

from support import templates
from support.forms import long
from support.templates import DEV, HUB, ORGANIZATION, PIPELINE, STACK_SET, TARGET, TARGET_ROLE

NAMES = (
    "target-role.yaml",
    "source-role.yaml",
    "pipeline.yaml",
    "target-role-stackset.yaml",
    "fleet.yaml",
)
EVERYTHING = {
    "SourceRoleName": "hub/rolecall-codebuild",
    "OrganizationId": ORGANIZATION,
    "ExternalId": "4711",
    "SessionTags": "allow",
    "SourceIdentity": "allow",
    "PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
    "ManagedPolicyArns": "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "ObjectPrefix": "site",
}
DISCOVERY = {
    "DiscoveredRoleName": "crossaccount-deploy-role",
    "DiscoveredUnits": f"{ORGANIZATION}/r-ab12/ou-ab12-cd34ef56/*",
    "ReadOrganization": "allow",
}
STAGES = {f"{name}Targets": TARGET_ROLE for name in ("Test", "Acceptance", "Production")}
SCANNED = [
    ("target-role.yaml", DEV, TARGET),
    ("target-role.yaml", DEV, {**TARGET, **EVERYTHING}),
    ("target-role.yaml", DEV, {**TARGET, "SourceRoleName": ""}),
    ("source-role.yaml", HUB, {"TargetRoleArns": TARGET_ROLE}),
    ("source-role.yaml", HUB, {"TargetRoleArns": TARGET_ROLE, **DISCOVERY}),
    ("source-role.yaml", HUB, {"TargetRoleArns": TARGET_ROLE, "ReadOrganization": TARGET_ROLE}),
    ("pipeline.yaml", HUB, PIPELINE),
    ("pipeline.yaml", HUB, {**PIPELINE, **STAGES, "Commands": "true", "ExternalId": "4711"}),
    ("target-role-stackset.yaml", HUB, STACK_SET),
    ("fleet.yaml", HUB, {}),
]
# Template, rule and resource: why it is let pass.
REASONS = {
    ("pipeline.yaml", "GenericResourceWildcardPolicyRule", "Key"): (
        "kms:* for the account itself is what AWS asks of a key's policy: it hands the say to IAM"
        " policies, and without it nobody could ever change the key's policy again"
    ),
    ("source-role.yaml", "WildcardResourceRule", "ReadTheOrganization"): (
        "ListAccounts and ListRoots know no resource, the other three only read what they list"
    ),
}

# The scanner still calls pydantic by an old name.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")


def scan(name, account, parameters, change=lambda resources: None):
    """What the scanner finds, as (template, rule, resource)."""
    # Seconds to load, which each worker would take.
    from cfripper.config.config import Config  # noqa: PLC0415
    from cfripper.config.pluggy.utils import get_all_rules  # noqa: PLC0415
    from cfripper.rule_processor import RuleProcessor  # noqa: PLC0415

    rules = get_all_rules()
    config = Config(rules=list(rules), aws_account_id=account)
    processor = RuleProcessor(*(rule(config) for rule in rules.values()))
    resources = templates.synthesise(name, account, **parameters)
    change(resources)
    result = processor.process_cf_template(templates.model(resources), config)
    assert result.exceptions == []
    return {(name, found.rule, each) for found in result.failures for each in found.resource_ids}


@pytest.mark.parametrize("name", [NAMES[0], *map(long, NAMES[1:])])
def test_the_linter_has_nothing_to_say(name):
    from cfnlint.api import lint_file  # noqa: PLC0415  as above
    from cfnlint.config import ManualArgs  # noqa: PLC0415

    path = templates.FOLDER / name
    assert lint_file(path, config=ManualArgs(include_checks=["I"])) == []


def test_the_scanner_finds_nothing_but_what_has_a_reason():
    found = set().union(*(scan(*each) for each in SCANNED))
    assert found == set(REASONS)


def test_the_scanner_does_find_what_is_wrong():
    def widen(resources):
        statements = resources["DeployPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        statements[1] |= {"Action": "s3:*", "Resource": "*"}
        trust = resources["TargetRole"]["Properties"]["AssumeRolePolicyDocument"]
        trust["Statement"][0]["Principal"] = {"AWS": "*"}
        del trust["Statement"][0]["Condition"]

    found = scan("target-role.yaml", DEV, TARGET, widen)
    rules = {rule for _, rule, _ in found}
    assert {"CrossAccountTrustRule", "WildcardResourceRule"} <= rules, rules


def texts(node):
    """Every text of a template that parameters are put into."""
    if isinstance(node, dict):
        if "Fn::Sub" in node:
            given = node["Fn::Sub"]
            yield given if isinstance(given, str) else given[0]
        yield from (text for value in node.values() for text in texts(value))
    elif isinstance(node, list):
        yield from (text for value in node for text in texts(value))


@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_breaks_out_of_the_json_that_it_is_put_into(name):
    template = templates.load(name)
    within = {
        parameter
        for text in texts(template["Resources"])
        if text.lstrip().startswith(("[", "{\n"))
        for parameter in re.findall(r"\$\{(\w+)\}", text)
    }
    assert bool(within) == (name in {"pipeline.yaml", "fleet.yaml"})
    breaking = ['"', "\\", *map(chr, range(0x20))]
    for parameter in within:
        declared = template["Parameters"][parameter]
        if declared["Type"] == "Number" or "AllowedValues" in declared:
            continue
        fitting = str(declared.get("Default") or PIPELINE.get(parameter) or TARGET_ROLE)
        assert re.fullmatch(declared["AllowedPattern"], fitting)
        for each in breaking:
            for value in (fitting + each, each + fitting, fitting[0] + each + fitting[1:]):
                assert not re.fullmatch(declared["AllowedPattern"], value), (parameter, value)


@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_is_put_into_a_shell_script(name):
    for resource in templates.load(name)["Resources"].values():
        if resource["Type"] == "AWS::CodeBuild::Project":
            assert isinstance(resource["Properties"]["Source"]["BuildSpec"], str)


def test_the_stack_set_passes_on_every_parameter_of_the_role_it_rolls_out():
    role = templates.load("target-role.yaml")["Parameters"]
    stack_set = templates.load("target-role-stackset.yaml")
    passed = {
        each["ParameterKey"]
        for each in stack_set["Resources"]["TargetRoles"]["Properties"]["Parameters"]
    }
    assert passed == set(role)
    # No two accounts can have the same bucket, so the account's id is in the name by default.
    own = {"AppendAccountId": {"Default": "yes"}, "Environment": {"Description": ...}}
    for name, declared in role.items():
        there = stack_set["Parameters"][name]
        assert {**there, **own.get(name, {})} == {**declared, **own.get(name, {})}


def test_the_stack_set_reaches_accounts_that_join_later():
    resources = templates.synthesise("target-role-stackset.yaml", HUB, **STACK_SET)
    stack_set = resources["TargetRoles"]["Properties"]
    assert stack_set["PermissionModel"] == "SERVICE_MANAGED"
    assert stack_set["AutoDeployment"] == {
        "Enabled": "true",
        "RetainStacksOnAccountRemoval": "false",
    }
    group = stack_set["StackInstancesGroup"][0]
    assert group["DeploymentTargets"] == {"OrganizationalUnitIds": ["ou-abcd-11111111"]}
