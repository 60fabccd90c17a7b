"""Writes what is made from the code: a schema, and pages of docs/reference.

`--check` writes nothing, and fails where something is out of date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import clients_page
import references

from rolecall.settings import reference

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SCHEMA = DOCS / "rolecall.schema.json"
# `rolecall explain` shows it, also where there is nothing but the installed package.
PACKAGED = ROOT / "src" / "rolecall" / "troubleshooting.md"


def main() -> int:
    """1 where `--check` finds something out of date."""
    wanted = {
        SCHEMA: json.dumps(reference.json_schema(), indent=2, ensure_ascii=False) + "\n",
        **pages(),
        PACKAGED: (DOCS / "troubleshooting.md").read_text("utf-8"),
    }
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run `make docs`")
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path])
    return 0


def pages() -> dict[Path, str]:
    """The generated pages of docs/reference."""
    folder = DOCS / "reference"
    found = {
        folder / "clients.md": clients_page.page(),
        folder / "options.md": references.option_page(),
        folder / "commands.md": references.command_page(),
        folder / "rolecall-yml.md": references.settings_page(),
    }
    for name in ("report", "plan"):
        source = f"docs/{name}.schema.json"
        found[folder / f"{name}-json.md"] = references.schema_page(
            f"{name}.json",
            json.loads((ROOT / source).read_text("utf-8")),
            source=source,
            link=f"../{name}.schema.json",
        )
    return found


if __name__ == "__main__":
    sys.exit(main())
