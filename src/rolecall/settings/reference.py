"""What is generated from the options: the JSON schema and `rolecall config`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rolecall.settings.load import Loaded
from rolecall.settings.options import Option, options
from rolecall.settings.sources import Raw


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
