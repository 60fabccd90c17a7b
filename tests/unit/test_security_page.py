"""docs/security.md and security-program.md: what they name exists, and what they show is so."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from functools import cache

import pytest
from pycfmodel.model.resources.properties.policy_document import PolicyDocument

from support import templates
from support.templates import HUB, PIPELINE

ROOT = templates.FOLDER.parent
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
PROGRAM = (ROOT / "docs" / "security-program.md").read_text("utf-8")
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


def test_the_roles_that_may_start_a_deploy_are_those_of_the_templates_and_no_others():
    leave_alone, start = json.loads(POLICIES[0])["Statement"]
    project = templates.synthesise("pipeline.yaml", HUB, **PIPELINE)["DeployProject"]
    assert start["Resource"].endswith(f":project/{project['Properties']['Name']}")
    starting = [
        f"arn:aws:iam::*:role/rolecall-{name.partition('.')[0]}-{role.replace('Policy', 'Role')}-*"
        for name in NAMES
        for role, resource in templates.load(name)["Resources"].items()
        if "codebuild:StartBuild" in json.dumps(resource) and "-deploy" in json.dumps(resource)
    ]
    administrators = "arn:aws:iam::*:role/OrganizationAccountAccessRole"
    assert start["Condition"] == {"ArnNotLike": {"aws:PrincipalArn": [*starting, administrators]}}
    assert leave_alone["Resource"] == ["arn:aws:iam::*:role/rolecall-codebuild", *starting]


@cache
def functions(path):
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def rows(page):
    """The cells of each row of the page's tables, without the heads."""
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        for line in table.splitlines()[2:]:
            yield [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("page", [PAGE, PROGRAM])
def test_tests_that_a_page_refers_to_exist(page):
    for path, name in re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", page):
        assert (ROOT / path).exists()
        assert not name or name in functions(path), f"{path}::{name}"


def test_each_threat_to_the_program_has_what_closes_it_and_a_test_or_is_left():
    found = list(rows(PROGRAM))
    assert len(found) > 40
    for row in found:
        can, closed_by, shown_by, _ = row
        assert can
        assert closed_by
        tested = re.fullmatch(
            r"`tests/[\w/.]+::test_\w+`(?:, `tests/[\w/.]+::test_\w+`)*", shown_by
        )
        assert tested or shown_by.startswith("left: "), row


def test_modules_that_are_named_exist():
    named = re.findall(r"`([a-z]\w*(?:/\w+)*\.py)`", PROGRAM)
    assert len(named) > 20
    assert {name for name in named if not (ROOT / "src/rolecall" / name).is_file()} == set()


def test_either_page_leads_to_the_other():
    assert "(security-program.md)" in PAGE
    assert "(security.md)" in PROGRAM


def test_what_is_looked_through_and_when_is_as_the_page_says():
    ci = (ROOT / ".ci/run").read_text("utf-8")
    build = (ROOT / "pipeline/buildspec-image.yml").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    audit, secrets, code, _, image = list(rows(PAGE))[-5:]
    assert [row[0].split()[-1] for row in (secrets, code, image)] == ["secrets", "code", "image"]
    for row, where in ((audit, ci), (audit, build), (secrets, ci), (code, ci), (image, build)):
        assert ("`.ci/run`" if where is ci else "`pipeline/buildspec-image.yml`") in row[2]
    assert "\nmake audit AUDIT_ARGS=--if-reachable\n" in ci
    assert "\nmake check\n" in ci
    for target in ("make audit", "make test-image", "make sbom"):
        assert re.search(rf"^ +- {target}(?: |$)", build, re.MULTILINE)
    assert "--if-reachable" not in build
    check = re.search("^check: ([^#]+)", makefile, re.MULTILINE)
    assert {"lint", "types", "secrets"} <= set(check[1].split())


def test_each_rule_of_security_that_is_off_has_its_reason():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    lint = tomllib.loads(text)["tool"]["ruff"]["lint"]
    off = {
        *lint["ignore"],
        *(code for codes in lint["per-file-ignores"].values() for code in codes),
    }
    assert not {"ALL", "S"} & off
    for line in text.splitlines():
        for code in re.findall(r'"(S\d+)"', line):
            assert re.search(r"#.*\w", line) or f"({code})" in text, line
    for folder in ("src", "pipeline", "docs", ".ci"):
        for path in (ROOT / folder).rglob("*.py"):
            for line in path.read_text("utf-8").splitlines():
                if found := re.search(r"# noqa: (?:\w+, )*S\d+(.*)$", line):
                    assert re.search(r"\w{3}", found[1]), f"{path}: {line}"
