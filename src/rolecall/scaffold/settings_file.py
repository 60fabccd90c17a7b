"""The text of `rolecall.yml`: what was told and found as it stands, the rest as comments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rolecall.scaffold.found import Profile
from rolecall.settings import Loaded, Raw
from rolecall.settings.options import Option, options
from rolecall.targets import Target

SCHEMA = ".rolecall.schema.json"
_EXAMPLE = "arn:aws:iam::222222222222:role/crossaccount-dev-role"
_HARMLESS = "aws sts get-caller-identity"
# Written by parts of their own, of one run alone, or a secret that no file is to hold.
_NOT_HERE = frozenset({"TARGETS", "COMMANDS", "NOTIFY", "SHARD", "PLAN", "EXECUTION_ID"})
_MORE = """\
# More of what there is; `rolecall config` has all of it.
# max_parallel: 4           # how many targets at once
# waves: [1, rest]          # a canary before the rest
# on_failure: continue      # go on with other targets when one fails
# allowed_accounts: [...]   # deploy nowhere else, whatever the list above says
# timeout: 30m              # the most one target may take
"""


def text(
    loaded: Loaded,
    targets: Sequence[Target],
    profiles: Sequence[Profile],
    suggested: Sequence[str],
    *,
    schema: bool,
) -> str:
    """The whole file.

    Args:
        targets: what TARGETS resolves to. profiles: what stands in for them where there are none.
        suggested: commands that may suit the folder. schema: whether SCHEMA lies beside it.
    """
    parts = [
        f"# yaml-language-server: $schema={SCHEMA}\n" if schema else "",
        "# Settings of rolecall. A flag or a variable (ROLECALL_…) wins over what stands here.\n\n",
        "".join(_targets(loaded.given, targets, profiles)),
        "\n",
        "".join(_commands(loaded.given.get("COMMANDS"), suggested)),
        "\n",
        "".join(_told(loaded.given)),
        _MORE,
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


def _listed(raw: Raw | None) -> Any:
    """TARGETS with options of their own as they were given, or where the list is to be read."""
    value = raw.value if raw else None
    if isinstance(value, dict):
        return [entry | {"name": name} for name, entry in value.items() if isinstance(entry, dict)]
    if isinstance(value, list):
        return value
    if isinstance(value, str) and value.startswith("["):
        return json.loads(value)
    remote = isinstance(value, str) and value.startswith(("ssm:", "s3:", "file:"))
    return value if remote else None


def _commands(given: Raw | None, suggested: Sequence[str]) -> Iterator[str]:
    yield "# What to run in each target; AWS_PROFILE and the like are the target's there.\n"
    if given and isinstance(given.value, str) and not given.value.startswith(("[", "- ")):
        yield "commands: |\n"
        yield from (f"  {line}\n" if line else "\n" for line in given.value.split("\n"))
    elif given:
        yield f"commands: {given.value if isinstance(given.value, str) else _scalar(given.value)}\n"
    else:
        yield f"commands:\n  - {_HARMLESS}\n"
    yield from (f"  # - {command}\n" for command in suggested if not given)


def _told(given: Mapping[str, Raw]) -> Iterator[str]:
    found = [(o, given[o.name]) for o in options() if o.name in given and o.name not in _NOT_HERE]
    for option, raw in found:
        yield f"{option.key}: {_value(option, raw.value)}\n"
    yield "\n" * bool(found)


def _value(option: Option, value: Any) -> str:
    """As the editors' schema has it: numbers and truths bare, objects and lists as such."""
    kind = option.kind.schema().get("type")
    if kind in ("integer", "boolean"):
        return option.kind.show(option.kind.parse(value))
    if isinstance(value, str) and value.startswith(("{", "[")) and option.name != "SESSION_POLICY":
        return _scalar(json.loads(value))
    return _scalar(value)


def _scalar(value: Any) -> str:
    """JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)
