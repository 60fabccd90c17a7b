"""Names where none is given, and session names that lead back to the build."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rolecall import wording
from rolecall.settings.sources import BadValueError
from rolecall.targets.arns import RoleArn

_LONGEST = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """What is known of the build that runs this.

    Attributes:
        build_id: CodeBuild's, as `project:uuid`; empty outside CodeBuild.
        execution_id: the pipeline execution's; may be empty.
        user: who runs it, where there is no build.
    """

    build_id: str = ""
    execution_id: str = ""
    user: str = ""


def derived(roles: Sequence[RoleArn], given: Sequence[str]) -> list[str]:
    """A name for each role: the given one, else its account id, with the role's name if needed."""
    accounts = Counter(role.account_id for role, name in zip(roles, given, strict=True) if not name)
    taken = {name for name in given if name}
    names = []
    for role, name in zip(roles, given, strict=True):
        chosen = name
        if not name:
            alone = accounts[role.account_id] == 1 and role.account_id not in taken
            cleaned = re.sub(r"[^\w.@+-]", "-", f"{role.account_id}-{role.name}", flags=re.ASCII)
            chosen = role.account_id if alone else cleaned[:_LONGEST]
        names.append(chosen)
    return names


def is_of_another(name: str, account_id: str) -> bool:
    """Whether a target of this name would be called by another account's id."""
    return name != account_id and bool(re.fullmatch(r"\d{12}", name, re.ASCII))


def twofold(others: Sequence[str]) -> str:
    """What to say of a word that is one target's name, and the account of these, too."""
    return (
        f"is the name of one target, and the account of {wording.some(others)}, too; give that"
        " target a name that is no account id"
    )


def default_session_name(build: Build) -> str:
    """`rolecall-{build}-{execution}`, cleaned, with the ids cut so that it fits in 64 characters.

    A CodeBuild id is `project:uuid`: the uuid is what finds the build again. The first 27
    characters of two uuids are as good as all of them.
    """
    ids = [build.build_id.rpartition(":")[2], build.execution_id]
    ids = [_cleaned(part) for part in ids if part] or [_cleaned(build.user) or "local"]
    room = (_LONGEST - len("rolecall") - len(ids)) // len(ids)
    return "-".join(["rolecall", *(part[:room] for part in ids)])


def session_name(template: str, build: Build, *, target: str, account_id: str) -> str:
    """The session name a user's template gives.

    Raises:
        BadValueError: where it has an unknown field, or is no session name once filled in.
    """
    values = {
        "build": _cleaned(build.build_id.rpartition(":")[2]) or "local",
        "execution": _cleaned(build.execution_id) or "none",
        "target": _cleaned(target),
        "account": account_id,
    }
    name = filled(template, values)
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII):
        raise BadValueError(
            f"{template!r} {_not_allowed(name)}; write 2 to 64 of letters, digits and _+=,.@-, in"
            f" which {', '.join(f'{{{field}}}' for field in values)} are filled in"
        )
    return name


def _not_allowed(name: str) -> str:
    """What keeps a text from being a session name. What is filled in is clean."""
    strange = dict.fromkeys(re.findall(r"[^\w+=,.@-]", name, re.ASCII))
    if strange:
        return f"has {' '.join(map(repr, strange))} in it"
    return f"gives {name!r}, which has {wording.count(len(name), 'character')}"


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with each `{field}` replaced.

    Raises:
        BadValueError: where it is no template, or has another field or a format of its own.
    """
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise BadValueError(f"{template!r} is no template: {error}") from None
    for _, name, form, conversion in parts:
        if name is not None and (name not in values or form or conversion):
            known = ", ".join(f"{{{field}}}" for field in values)
            wrong = name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
            raise BadValueError(f"{template!r} has the field {{{wrong}}}; known are {known}")
    return template.format(**values)


def _cleaned(text: str) -> str:
    return re.sub(r"[^\w+=,.@-]", "-", text, flags=re.ASCII)
