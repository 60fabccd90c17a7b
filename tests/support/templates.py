"""CloudFormation templates as an account would get them, and what their trust policies say."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cfn_flip
from pycfmodel.model.cf_model import CFModel
from pycfmodel.model.resources.properties.policy_document import PolicyDocument
from pycfmodel.model.resources.properties.statement import Principal, Statement
from pycfmodel.model.resources.properties.statement_condition import StatementCondition
from pycfmodel.resolver import resolve

FOLDER = Path(__file__).parents[2] / "pipeline"
HUB = "111111111111"
DEV = "222222222222"
ORGANIZATION = "o-a1b2c3d4e5"
TARGET = {"Environment": "dev", "SourceAccountId": HUB, "BucketName": "site-dev"}
TARGET_ROLE = f"arn:aws:iam::{DEV}:role/crossaccount-dev-role"
PIPELINE = {
    "ConnectionArn": f"arn:aws:codeconnections:eu-central-1:{HUB}:connection/0000",
    "RepositoryId": "example/site",
    "DevTargets": f"dev={TARGET_ROLE}",
}
# The condition keys of what StartBuild can put in place of a project's own.
OVERRIDES = (
    "codebuild:environment.image",
    "codebuild:environment.privilegedMode",
    "codebuild:serviceRole",
    "codebuild:source.buildspec",
)
STACK_SET = {
    **TARGET,
    "TemplateUrl": "https://example.s3.amazonaws.com/target-role.yaml",
    "OrganizationalUnitIds": "ou-abcd-11111111",
}


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks to assume a role: a principal of an account, or a service on someone's behalf."""

    arn: str = ""
    account: str = ""
    service: str = ""
    context: tuple[tuple[str, str], ...] = ()

    @property
    def keys(self) -> dict[str, str]:
        """The condition keys that AWS would fill in."""
        known = {"aws:PrincipalArn": self.arn, "aws:PrincipalAccount": self.account}
        return {**{key: value for key, value in known.items() if value}, **dict(self.context)}


def load(name: str) -> dict[str, Any]:
    """A template as it is written, its short forms spelled out."""
    found: dict[str, Any] = json.loads(_as_json(name))
    return found


def synthesise(name: str, account: str, **given: str) -> dict[str, Any]:
    """The resources of a template with these parameters.

    A reference to another resource, or to an attribute of one, reads `<Name>` or `<Name.Arn>`.
    """
    template = _references(load(name))
    parameters = {**_PSEUDO, "AWS::AccountId": account}
    for key, declared in template["Parameters"].items():
        value = given.pop(key, declared.get("Default"))
        if value is None:
            raise ValueError(f"{name} needs {key}")
        listed = declared["Type"] == "CommaDelimitedList"
        parameters[key] = str(value).split(",") if listed else str(value)
    if given:
        raise ValueError(f"{name} has no {', '.join(given)}")
    parameters |= _resource_names(template)
    conditions: dict[str, bool] = {}
    for key, value in template.get("Conditions", {}).items():
        conditions[key] = resolve(value, parameters, {}, conditions)
    made = {
        name: resource
        for name, resource in template["Resources"].items()
        if conditions.get(resource.get("Condition"), True)
    }
    resolved: dict[str, Any] = resolve(made, parameters, {}, conditions)
    return resolved


def model(resources: dict[str, Any]) -> CFModel:
    """What a scanner takes."""
    return CFModel.model_validate({"Resources": resources})


def trusts(document: dict[str, Any], caller: Caller, action: str = "sts:AssumeRole") -> bool:
    """Whether a trust policy lets the caller do this. What the caller's own policies say is apart.

    A statement counts where its principal, action and every condition fit; a deny wins. A condition
    on a key that the request doesn't have is not met.
    """
    effects = {
        str(statement.Effect)
        for statement in PolicyDocument.model_validate(document).statement_as_list()
        if action in statement.get_action_list() and _names(statement, caller)
        if _is_met(statement, caller)
    }
    return effects == {"Allow"}


@functools.cache
def _as_json(name: str) -> str:
    """Kept: reading YAML takes most of the time of these tests."""
    return str(cfn_flip.to_json((FOLDER / name).read_text("utf-8")))


def _names(statement: Statement, caller: Caller) -> bool:
    principal = statement.Principal
    assert isinstance(principal, Principal), "a principal is to be named"
    if caller.service:
        return bool(principal.Service == caller.service)
    return principal.AWS in (f"arn:aws:iam::{caller.account}:root", caller.arn)


def _is_met(statement: Statement, caller: Caller) -> bool:
    """Asked for one key at a time: the library mixes up several under one operator."""
    stated = statement.Condition.model_dump(exclude_none=True) if statement.Condition else {}
    return all(
        StatementCondition.model_validate({operator: {key: value}})(caller.keys)
        for operator, keys in stated.items()
        for key, value in keys.items()
    )


_PSEUDO: dict[str, Any] = {
    **CFModel.PSEUDO_PARAMETERS,
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "rolecall",
}


def _references(node: Any) -> Any:
    """Attributes in the form of references, which are all that the library's resolver knows."""
    if isinstance(node, list):
        return [_references(each) for each in node]
    if isinstance(node, str):
        return re.sub(r"\$\{(\w+)\.(\w+)\}", r"${\1::\2}", node)
    if not isinstance(node, dict):
        return node
    if list(node) == ["Fn::GetAtt"]:
        return {"Ref": "::".join(node["Fn::GetAtt"])}
    return {key: _references(value) for key, value in node.items()}


def _resource_names(template: dict[str, Any]) -> dict[str, str]:
    """Every resource, and every attribute of one that the template asks for."""
    attributes = re.findall(r"(\w+)::(\w+)", json.dumps(template))
    named = {f"{name}::{key}": f"<{name}.{key}>" for name, key in attributes if name != "AWS"}
    return {**{name: f"<{name}>" for name in template["Resources"]}, **named}
