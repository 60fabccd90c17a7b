"""The table of a soak, for people and for docs/reliability.md."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import rolecall
from soak.tally import Tally

_PART = re.compile(r"(<!-- soak: begin -->\n).*?(<!-- soak: end -->)", re.DOTALL)


def table(tally: Tally, *, seed: str, minutes: float) -> str:
    """In Markdown."""
    head = (
        f"rolecall {rolecall.__version__}, Python {platform.python_version()},"
        f" {minutes:.1f} minutes, `SOAK_SEED={seed}`:"
    )
    rows = [f"| {text} | {count:,} |" for text, count in tally.rows()]
    return "\n".join([head, "", "| what | how often |", "|---|--:|", *rows, ""])


def put(page: Path, text: str) -> None:
    """Puts the table between its marks.

    Raises:
        ValueError: where the page has no marks.
    """
    found, count = _PART.subn(lambda match: match[1] + text + match[2], page.read_text("utf-8"))
    if not count:
        raise ValueError(f"{page} has no place for the table")
    page.write_text(found, "utf-8")
