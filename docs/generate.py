"""Writes what is made from the options: the README's table and the schema of rolecall.yml.

`--check` writes nothing, and fails where something is out of date.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from rolecall.settings import reference

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SCHEMA = ROOT / "docs" / "rolecall.schema.json"
_TABLE = re.compile(r"(<!-- options: begin -->\n).*?(<!-- options: end -->)", re.DOTALL)


def main() -> int:
    """1 where `--check` finds something out of date."""
    readme = README.read_text()
    if not _TABLE.search(readme):
        print(f"{README.name} has no place for the options table")
        return 1
    table = reference.markdown_table()
    wanted = {
        README: _TABLE.sub(lambda found: found[1] + table + found[2], readme),
        SCHEMA: json.dumps(reference.json_schema(), indent=2, ensure_ascii=False) + "\n",
    }
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run `make docs`")
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
