"""What is made from the options: the JSON schema, `rolecall config` and `explain`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rolecall.settings.levels import LISTS
from rolecall.settings.load import Loaded
from rolecall.settings.options import Option, options
from rolecall.settings.sources import PREFIX, Raw

# What the kinds are called, and how their values are written.
FORMS = {
    "time": "seconds, or `90s`, `15m`, `1h`, `1h30m`",
    "count or share": "`16`, or `25%`",
    "list": "values separated by commas or white space, or a JSON or YAML list",
    "pairs": "`name=value` separated by commas or newlines, or a JSON or YAML mapping",
    "policy": "JSON, as text or as a YAML mapping",
    "true/false": "`true`, `false`; the flag alone is true, `--no-…` is false",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One option as `rolecall config` shows it."""

    option: Option
    value: str
    origin: str


def json_schema() -> dict[str, Any]:
    """The JSON schema of `rolecall.yml`, for editors. Draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rolecall.yml",
        "description": "Settings of rolecall: targets, roles, commands and how to run them",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            option.key: {"description": option.help, **option.kind.schema()} for option in options()
        },
    }


def default_text(option: Option) -> str:
    """The default as a user would write it; empty where there is none."""
    return option.kind.show(option.default) if option.default not in (None, "", ()) else ""


def named(word: str) -> Option | None:
    """The option that is meant by its name, however written: `--grace`, `ROLECALL_GRACE`, `grace`.

    TARGET_<NAME> is one of TARGETS.
    """
    key = word.strip().lower().lstrip("-").replace("-", "_").removeprefix(PREFIX.lower())
    if key.startswith("target_"):
        key = "targets"
    return next((option for option in options() if key in (option.key, f"no_{option.key}")), None)


def facts(option: Option) -> Mapping[str, str]:
    """All the ways to give an option, and what becomes of it; code is in backticks."""
    default = default_text(option)
    return {
        "variable": f"`{option.variable}`",
        "flag": f"`{option.flag}`",
        "key": f"`{option.key}`",
        "takes": option.kind.name,
        "default": f"`{default}`" if default else "none",
        "per target": f"yes, as `{option.key}` of a target" if option.per_target else "no",
        "given and empty": _if_empty(option),
    }


def _if_empty(option: Option) -> str:
    if option.narrows:
        return "leaves no target: nothing is done, exit code 3"
    if option.guards:
        return f"a mistake, since it {option.guards}"
    return "not given; as a flag, " + ("no target" if option.name in LISTS else "a mistake")


def current(loaded: Loaded) -> list[Row]:
    """Each option with its current value and where it came from."""
    rows = []
    for option in options():
        raw = loaded.given.get(option.name)
        if raw is None:
            rows.append(Row(option=option, value=default_text(option), origin="default"))
            continue
        if option.name in loaded.bad:
            rows.append(Row(option=option, value="(wrong)", origin=raw.at()))
            continue
        value = getattr(loaded.settings, option.key)
        value = value.value if isinstance(value, Raw) else value
        rows.append(Row(option=option, value=option.kind.show(value), origin=raw.at()))
    return rows
