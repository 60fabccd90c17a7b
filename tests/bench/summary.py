"""The table, and the same as JSON."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.bench.measure import Row
from tests.bench.place import Scale

_WORDS = {True: "ok", False: "MISSED", None: ""}


def table(rows: Sequence[Row]) -> str:
    """In Markdown, as docs/bench.md has it."""
    lines = ["| measure | this | beside | ratio | demanded | |", "|---|--:|--:|--:|--:|---|"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        cells = (row.name, row.left, row.right, ratio, row.bound, _WORDS[row.kept])
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write(path: Path, rows: Sequence[Row], scale: Scale) -> None:
    """Writes bench.json: what was measured, where, and each row of the table."""
    path.parent.mkdir(exist_ok=True)
    machine = {
        "processors": os.cpu_count(),
        "system": platform.system(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    record = {"scale": asdict(scale), "machine": machine, "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
