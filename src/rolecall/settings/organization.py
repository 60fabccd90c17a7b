"""The kind whose value says which accounts of an organisation are targets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ORDERS = ("name", "account", "joined")
# Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Parent.html
UNIT_ID = r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}"


@dataclass(frozen=True, slots=True)
class OrganizationKind:
    """Kept as it came: the targets stage reads it. `fields` describes a unit's own options."""

    fields: Callable[[], dict[str, Any]]
    name: str = "mapping"

    def parse(self, raw: Any) -> Any:
        return raw

    def schema(self) -> dict[str, Any]:
        text = {"type": "string"}
        values = {"type": ["string", "number", "boolean"]}
        unit = {
            "type": "object",
            "properties": {"unit": text, **self.fields()},
            "required": ["unit"],
            "additionalProperties": False,
        }
        keys = {
            "units": _one_or_more({"anyOf": [text, unit]}),
            "tags": {"type": "object", "additionalProperties": _one_or_more(values)},
            "exclude": _one_or_more({"type": ["string", "integer"]}),
            "role_name": text,
            "role": text,
            "name": text,
            "order": {"enum": list(ORDERS)},
            "wave_tag": text,
        }
        return {"type": "object", "properties": keys, "additionalProperties": False}

    def show(self, value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)


def _one_or_more(one: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [one, {"type": "array", "items": one}]}
