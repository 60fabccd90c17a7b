"""What can be told of a folder and of a user's AWS files without being asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from configparser import RawConfigParser
from dataclasses import dataclass
from pathlib import Path

from rolecall.files import read_plain
from rolecall.settings.options import REGION, ROLE_ARN

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.@+-]+")
# What a file of a folder lets one deploy with, the first of each line that is there.
_WAYS: Mapping[str, str] = {
    "cdk.json": "npx cdk deploy --all --require-approval never"
    ' --output "$ROLECALL_SCRATCH/cdk.out"',
    "samconfig.toml": "sam deploy --no-confirm-changeset --no-fail-on-empty-changeset",
    "template.yaml": "aws cloudformation deploy --template-file template.yaml --stack-name NAME",
    "serverless.yml": "npx serverless deploy --stage $ROLECALL_TARGET",
}
# What .terraform/ says of one target's state is no other's, also where they share the folder.
_TERRAFORM = (
    'export TF_DATA_DIR="$ROLECALL_SCRATCH/terraform"',
    (
        "terraform init -input=false -reconfigure"
        ' "-backend-config=key=$ROLECALL_TARGET/$ROLECALL_REGION.tfstate"'
    ),
    "terraform apply -input=false -auto-approve",
)
_BACKEND = re.compile(r'^\s*(?:backend\s+"|cloud\s*\{)', re.MULTILINE)
_NO_BACKEND = (
    'no backend is named in *.tf: add `terraform { backend "s3" {} }`, or a state is lost with'
    " its copy of the folder, or is that of all targets"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggested:
    """What may deploy what a file tells of.

    Attributes:
        before: once, before the first target. commands: in each target.
        remark: what to see to first; may be empty.
    """

    before: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A profile that assumes a role."""

    name: str
    role_arn: str
    external_id: str = ""
    region: str = ""


def profiles(config: RawConfigParser) -> tuple[Profile, ...]:
    """Those of an AWS config file."""
    found: dict[str, Profile] = {}
    for section in config.sections():
        values = config[section]
        arn = values.get("role_arn", "").strip()
        name = _NOT_IN_A_NAME.sub("-", section.removeprefix("profile ").strip()).strip("-")
        if name and re.fullmatch(ROLE_ARN, arn, re.ASCII):
            found[name] = Profile(
                name=name,
                role_arn=arn,
                external_id=values.get("external_id", "").strip(),
                region=_region(values),
            )
    return tuple(found.values())


def _region(values: Mapping[str, str]) -> str:
    name = values.get("region", "").strip()
    return name if re.fullmatch(REGION, name, re.ASCII) else ""


def commands(folder: Path) -> Mapping[str, Suggested]:
    """What may deploy what is in the folder, by the file that tells so; in the order to run in."""
    return dict(_commands(folder))


def _commands(folder: Path) -> Iterator[tuple[str, Suggested]]:
    package = folder / "package.json"
    if package.is_file():
        scripts = _scripts(package)
        build, deploy = (
            (f"npm run {name}",) if name in scripts else () for name in ("build", "deploy")
        )
        yield package.name, Suggested(before=("npm ci", *build), commands=deploy)
    for name, way in _WAYS.items():
        if (folder / name).is_file():
            yield name, Suggested(commands=(way,))
    if terraform := sorted(folder.glob("*.tf")):
        remark = "" if any(map(_has_backend, terraform)) else _NO_BACKEND
        yield terraform[0].name, Suggested(commands=_TERRAFORM, remark=remark)


def _has_backend(path: Path) -> bool:
    try:
        return bool(_BACKEND.search(read_plain(path).decode(errors="replace")))
    except OSError:
        return False


def _scripts(path: Path) -> Mapping[str, object]:
    try:
        found = json.loads(read_plain(path))["scripts"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
