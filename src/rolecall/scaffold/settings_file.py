"""The text of `rolecall.yml`: what was told and found as it stands, the rest as comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rolecall import wording
from rolecall.scaffold.found import Profile, Suggested
from rolecall.scaffold.regions import Region
from rolecall.settings.documents import Commands
from rolecall.settings.load import Loaded
from rolecall.settings.options import Option, options
from rolecall.settings.sources import Raw
from rolecall.targets import Target
from rolecall.targets.entries import whole

SCHEMA = ".rolecall.schema.json"
_EXAMPLE = "arn:aws:iam::222222222222:role/crossaccount-dev-role"
_HARMLESS = "aws sts get-caller-identity"
# Written by parts of their own, of one run alone, or a secret that no file is to hold.
_NOT_HERE = frozenset({"TARGETS", "COMMANDS", "NOTIFY", "SHARD", "PLAN", "EXECUTION_ID"})
_MORE = "# More of what there is; `rolecall config --all` has all of it.\n"
_HINTS: Mapping[str, str] = {
    "MAX_PARALLEL": "# max_parallel: 4           # how many targets at once\n",
    "WAVES": "# waves: [1, rest]          # a canary before the rest\n",
    "ON_FAILURE": "# on_failure: continue      # go on with other targets when one fails\n",
    "ALLOWED_ACCOUNTS": (
        "# allowed_accounts: [...]   # deploy nowhere else, whatever the list above says\n"
    ),
    "TIMEOUT": "# timeout: 30m              # the most one target may take\n",
}


def text(
    loaded: Loaded,
    targets: Sequence[Target],
    profiles: Sequence[Profile],
    suggested: Sequence[Suggested],
    *,
    region: Region | None,
    schema: bool,
) -> str:
    """The whole file.

    Args:
        targets: what TARGETS resolves to. profiles: what stands in for them where there are none.
        suggested: commands that may suit the folder. schema: whether SCHEMA lies beside it.
        region: what REGIONS is to be; None where it is known without.
    """
    parts = [
        f"# yaml-language-server: $schema={SCHEMA}\n" if schema else "",
        "# Settings of rolecall. A flag or a variable (ROLECALL_…) wins over what stands here.\n\n",
        "".join(_targets(loaded.given, targets, profiles)),
        "".join(_region(region)),
        "\n",
        "".join(_before(suggested) if "BEFORE" not in loaded.given else ()),
        "".join(_commands(loaded.settings.commands, suggested)),
        "\n",
        "".join(_told(loaded.given)),
        _MORE,
        *(hint for name, hint in _HINTS.items() if name not in loaded.given),
    ]
    return "".join(parts)


def _targets(
    given: Mapping[str, Raw], targets: Sequence[Target], profiles: Sequence[Profile]
) -> Iterator[str]:
    raw = given.get("TARGETS")
    listed = _listed(raw)
    if isinstance(listed, str):
        yield f"targets: {_scalar(listed)}\n"
        return
    if listed is None and not targets and "ORGANIZATION" in given:
        return
    yield "# Where to deploy, in order. Each role must trust the account that rolecall runs in.\n"
    if listed is not None:
        yield "targets:\n"
        yield from (f"  - {_scalar(entry)}\n" for entry in listed)
    elif targets:
        yield "targets:\n"
        for target in targets:
            yield from _target(target.name, target.role.text)
    elif profiles:
        yield "# Found among your AWS profiles: keep those that are to be deployed to.\n"
        yield "targets:\n"
        for profile in profiles:
            yield from _target(profile.name, profile.role_arn)
            yield f"    external_id: {_scalar(profile.external_id)}\n" * bool(profile.external_id)
            yield f"    regions: [{profile.region}]\n" * bool(profile.region)
    else:
        yield "# An example: put the ARNs of your roles here.\n"
        yield "targets:\n"
        yield from _target("dev", _EXAMPLE)


def _target(name: str, role_arn: str) -> Iterator[str]:
    yield f"  - name: {_scalar(name)}\n    role_arn: {role_arn}\n"


def _region(region: Region | None) -> Iterator[str]:
    if not region:
        return
    if region.example:
        yield "\n# An example, as no region is known (AWS_REGION, an AWS profile's): put yours.\n"
    else:
        yield "\n# That of your AWS profile.\n"
    yield "# Where AWS_REGION is to say it, as it does in CodeBuild, this line can go.\n"
    yield f"regions: [{region.name}]\n"


def _listed(raw: Raw | None) -> Any:
    """TARGETS with options of their own as they were given, or where the list is to be read."""
    value = raw.value if raw else None
    if isinstance(value, str) and value.startswith(("[", "{")):
        value = json.loads(value)
    if isinstance(value, dict):
        return [whole(name, entry) for name, entry in value.items()]
    if isinstance(value, list):
        return value
    remote = isinstance(value, str) and value.startswith(("ssm:", "s3:", "file:"))
    return value if remote else None


def _before(suggested: Sequence[Suggested]) -> Iterator[str]:
    if builds := [command for each in suggested for command in each.before]:
        yield "# What to run once, so that every target gets what it builds.\n"
        yield "# before:\n"
        yield from (f"#   - {command}\n" for command in builds)
        yield "\n"


def _commands(given: Commands, suggested: Sequence[Suggested]) -> Iterator[str]:
    yield "# What to run in each target; AWS_PROFILE and the like are the target's there.\n"
    if given and not given.listed:
        yield "commands: |\n"
        lines = given.items[0].split("\n")
        yield from (f"  {line}\n" if line else "\n" for line in lines)
    else:
        yield "commands:\n"
        yield from (f"  - {_command(item)}\n" for item in given.items or [_HARMLESS])
    for each in suggested:
        yield f"{wording.wrapped(each.remark, 80, '  # ')}\n" * bool(each.remark)
        yield from (f"  # - {command}\n" for command in each.commands)


def _command(text: str) -> str:
    """As one would write it, where YAML takes that for the same text."""
    import yaml  # noqa: PLC0415  only `init` need spend it

    try:
        same = yaml.safe_load(f"- {text}\n") == [text]
    except yaml.YAMLError:
        same = False
    return text if same and "\n" not in text else _scalar(text)


def _told(given: Mapping[str, Raw]) -> Iterator[str]:
    found = [(o, given[o.name]) for o in options() if o.name in given and o.name not in _NOT_HERE]
    for option, raw in found:
        yield f"{option.key}: {_value(option, raw.value)}\n"
    yield "\n" * bool(found)


def _value(option: Option, value: Any) -> str:
    """As the editors' schema has it: numbers and truths bare, objects and lists as such."""
    schema = option.kind.schema()
    if schema.get("type") in ("integer", "boolean"):
        return option.kind.show(option.kind.parse(value))
    or_a_number = any(each.get("type") in ("integer", "number") for each in schema.get("anyOf", ()))
    if or_a_number and isinstance(value, str) and re.fullmatch("[0-9]+", value):
        return str(int(value))
    if isinstance(value, str) and value.startswith(("{", "[")) and option.name != "SESSION_POLICY":
        return _scalar(json.loads(value))
    return _scalar(value)


def _scalar(value: Any) -> str:
    """JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)
