"""The page of docs/reference that says which clients of AWS work in which PROFILE_MODE."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "clients" / "clients.toml"
MODES = ("refreshing", "static", "endpoint", "environment")
_PAGE = """\
# Clients of AWS

<!-- `make docs` writes this page from tests/clients/clients.toml: change it there. -->

What runs in a target's commands has the target's credentials, or fails: it never has those of
another account. `make test-clients` tries that with each client below, in each
[`PROFILE_MODE`](options.md#profile_mode), all at once beside

{around}
{table}
`refreshing` and `endpoint` renew the credentials while a command runs; `static` and `environment`
end with one session, which is an hour at most where the source is itself a role, as in CodeBuild.

{notes}## Not tried

{untried}"""


def page() -> str:
    """The whole of it."""
    found = tomllib.loads(TABLE.read_text("utf-8"))
    clients = found["client"]
    notes = "".join(_notes(clients))
    untried = "".join(f"- {one['title']}: {one['why']}\n" for one in found["untried"])
    return _PAGE.format(
        around="".join(f"- {one}\n" for one in found["around"]),
        table="".join(_rows(clients)),
        notes=f"## What to do where one fails\n\n{notes}\n" if notes else "",
        untried=untried,
    )


def _rows(clients: list[Mapping[str, Any]]) -> Iterator[str]:
    yield f"| client | tried | {' | '.join(f'`{mode}`' for mode in MODES)} |\n"
    yield f"|---|---|{'---|' * len(MODES)}\n"
    for one in clients:
        said = (_outcome(one, mode) for mode in MODES)
        yield f"| {one['title']} | {_tried(one)} | {' | '.join(said)} |\n"


def _outcome(client: Mapping[str, Any], mode: str) -> str:
    if mode in client.get("varies", []):
        return "by version"
    return "works" if mode in client["works"] else "fails"


def _notes(clients: list[Mapping[str, Any]]) -> Iterator[str]:
    for one in clients:
        if one.get("remedy"):
            yield f"- {one['title']}: {one['remedy']}\n"


def _tried(client: Mapping[str, Any]) -> str:
    """Whose package it is, and the version where a file of the repository pins it."""
    package = client.get("package", client["name"])
    for where in client.get("pinned", []):
        text = (ROOT / where).read_text("utf-8")
        if where.endswith(".json"):
            return f"npm's `{package}` {json.loads(text)['dependencies'][package]}"
        if found := re.search(rf"^{re.escape(package)}==([^\s;]+)", text, re.MULTILINE):
            return f"PyPI's `{package}` {found[1]}"
    named = [name for name in client["packages"] if package in name] or client["packages"][-1:]
    return f"Debian's `{named[0]}`"
