"""What STATE takes: a folder, or a prefix in a bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rolecall.settings.reading import text_of
from rolecall.settings.sources import BadValueError

_S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>[^\0]*))?")


@dataclass(frozen=True, slots=True)
class StateKind:
    """A path, or `s3://bucket/prefix`."""

    name: str = "folder or s3://"

    def parse(self, raw: Any) -> str:
        text = text_of(raw)
        if re.match(r"\w+:/", text) and not _S3.fullmatch(text):
            raise BadValueError(
                f"{text!r} is no place in S3; write s3://bucket/prefix, or a folder"
            )
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}

    def show(self, value: Any) -> str:
        return str(value)


def in_bucket(place: str) -> tuple[str, str] | None:
    """Bucket and prefix; None where the place is a folder."""
    match = _S3.fullmatch(place)
    return (match["bucket"], match["prefix"] or "") if match else None
