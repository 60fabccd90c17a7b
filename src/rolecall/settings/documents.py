"""The kinds whose values are documents: a session policy, the commands, the targets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rolecall.settings.reading import from_json
from rolecall.settings.sources import BadValueError, clean


@dataclass(frozen=True, slots=True)
class Policy:
    """An IAM policy: JSON, or in the file a mapping. Kept as JSON without white space."""

    name: str = "policy"

    def parse(self, raw: Any) -> str:
        document = raw
        if isinstance(raw, str):
            if not raw.startswith("{"):
                raise BadValueError(f"{raw[:40]!r} is no policy; write a JSON object")
            document = json.loads(raw) if _is_json(raw) else from_json(raw)
        if not isinstance(document, Mapping) or "Statement" not in document:
            raise BadValueError("is no policy; a policy has a Version and a Statement")
        return json.dumps(document, separators=(",", ":"))

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "object", "required": ["Statement"]}, {"type": "string"}]}

    def show(self, value: Any) -> str:
        return str(value)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Commands:
    """What to run: one script, or a list of commands that share one shell.

    Attributes:
        items: the script alone, or each command of the list.
        listed: whether it is a list.
    """

    items: tuple[str, ...] = ()
    listed: bool = False

    def __bool__(self) -> bool:
        return bool(self.items)


@dataclass(frozen=True, slots=True)
class CommandsKind:
    """A script, a JSON list, or a YAML list whose first line begins with `- `."""

    name: str = "script or list"

    def parse(self, raw: Any) -> Commands:
        if isinstance(raw, str):
            found = _list_in(raw)
            if found is None:
                return _checked(Commands((raw,)))
            raw = found
        if not isinstance(raw, list):
            raise BadValueError("is neither a script nor a list of commands")
        if wrong := list(filter(None, (_mistake(item, n) for n, item in enumerate(raw)))):
            raise BadValueError(str(wrong[0]), path=wrong[0].path, more=wrong[1:])
        items = (clean(item or "") for item in raw)
        return _checked(Commands(tuple(filter(None, items)), listed=True))

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}

    def show(self, value: Commands) -> str:
        return json.dumps(value.items) if value.listed else "".join(value.items)


def _checked(commands: Commands) -> Commands:
    if any("\0" in item for item in commands.items):
        raise BadValueError("holds a NUL byte, which no shell can run")
    if commands and all(map(does_nothing, commands.items)):
        raise BadValueError(
            "has comments and blank lines alone, of which a shell does nothing; write what is to be"
            " run, `true` for nothing"
        )
    return commands


def does_nothing(script: str) -> bool:
    """Whether a script is of comments and blank lines alone."""
    lines = (line.strip() for line in script.splitlines())
    return not any(line and not line.startswith("#") for line in lines)


def _mistake(item: Any, number: int) -> BadValueError | None:
    if isinstance(item, Mapping):
        return BadValueError(
            "is a mapping: quote a command that holds `: ` in a YAML list", path=(number,)
        )
    if item is None or isinstance(item, str):
        return None
    what = "is a list" if isinstance(item, list) else f"{json.dumps(item)} is no text"
    return BadValueError(
        f'{what}; write each command as a string, such as ["npm ci", "npm test"]', path=(number,)
    )


def _list_in(text: str) -> list[Any] | None:
    """The list that text writes in JSON or YAML; None for a script, such as `[ -f x ] && make`."""
    if text.startswith("["):
        if _is_json(text):
            return list(json.loads(text))
        if text.startswith('["'):
            from_json(text)
        return None if re.match(r"\[[\s\[]", text) else _yaml_list(text)
    if re.match(r'\{\s*"', text) and _is_json(text):
        raise BadValueError("is a JSON object; write a script, or a list of commands")
    return _yaml_list(text) if text.startswith("- ") else None


def _yaml_list(text: str) -> list[Any]:
    import yaml  # noqa: PLC0415  0.03 s that most runs need not spend

    try:
        value = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  BaseLoader makes text only
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        why = f"{error.problem}, line {mark.line + 1}" if mark else " ".join(str(error).split())  # type: ignore[union-attr]
        raise BadValueError(f"starts as a YAML list but is not one: {why}") from None
    if not isinstance(value, list):
        raise BadValueError("starts as a YAML list but is not one")
    return value


@dataclass(frozen=True, slots=True)
class TargetsKind:
    """Kept as it came: the targets stage reads its grammar. `fields` describes one target."""

    fields: Callable[[], dict[str, Any]]
    name: str = "targets"

    def parse(self, raw: Any) -> Any:
        return raw

    def schema(self) -> dict[str, Any]:
        one = {
            "anyOf": [
                {"type": "string"},
                {"type": "object", "properties": self.fields(), "additionalProperties": False},
            ]
        }
        return {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": one},
                {"type": "object", "additionalProperties": one},
            ]
        }

    def show(self, value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)
