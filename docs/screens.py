"""Pictures of a terminal and of a build's log, from real runs.

The terminal is pyte's: what its screen shows is drawn by Chromium, character by character.
"""

from __future__ import annotations

import html
import re
import subprocess
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from support.watched import Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

COLUMNS, ROWS = 100, 32
_LOG_COLUMNS, _LOG_LINES = 80, 40
_ENOUGH_DONE = 30
_STYLE = """
body { margin: 0; display: inline-block; background: transparent; }
pre { margin: 0; padding: 18px 22px; border-radius: 10px; font: 14px/1.35 "DejaVu Sans Mono",
  monospace; background: #16181d; color: #d5d8de; min-width: WIDTHch; white-space: pre; }
b { font-weight: 600; color: #fff; }
.green { color: #6bcf7f; } .red { color: #ff7b72; } .cyan { color: #6cc7e6; }
.brown { color: #e3b341; } .dim { color: #7d8590; }
"""


def terminal(browser: Browser, folder: Path, environ: Mapping[str, str], pictures: Path) -> None:
    """`terminal-running.png` and `terminal-finished.png`."""
    argv = ["rolecall", "run"]
    environ = {**environ, "TERM": "xterm-256color"}
    with Watched(argv, folder=folder, environ=environ, columns=COLUMNS, rows=ROWS) as seen:
        seen.until(_well_under_way)
        _shoot(browser, _coloured(seen), COLUMNS, pictures / "terminal-running.png")
        _expect_failure(seen.end())
        _shoot(browser, _coloured(seen), COLUMNS, pictures / "terminal-finished.png")


def _well_under_way(seen: Watched) -> bool:
    done = re.search(r"(\d+) of \d+ done .* left", seen.text)
    return bool(done) and int(done[1]) >= _ENOUGH_DONE and " 2 failed" in seen.text


def log(browser: Browser, folder: Path, environ: Mapping[str, str], pictures: Path) -> None:
    """`log-running.png` and `log-finished.png`: what a build's log has, without colours."""
    done = subprocess.run(
        ["rolecall", "run"], env=environ, cwd=folder, capture_output=True, text=True, check=False
    )
    _expect_failure(done.returncode)
    lines = done.stdout.splitlines()
    middle = next(number for number, line in enumerate(lines) if line.startswith("Wave 2"))
    shown = [html.escape(part) for line in lines[middle:] for part in _wrapped(line)]
    for part, name in ((shown[:_LOG_LINES], "running"), (shown[-_LOG_LINES:], "finished")):
        _shoot(browser, part, _LOG_COLUMNS, pictures / f"log-{name}.png")


def _expect_failure(code: int) -> None:
    if code != 1:
        raise SystemExit(f"pictures: rolecall ended with {code}, not with 1")


def _wrapped(line: str) -> list[str]:
    """As CodeBuild's console wraps a long line of a command."""
    starts = range(0, max(1, len(line)), _LOG_COLUMNS)
    return [line[start : start + _LOG_COLUMNS] for start in starts]


def _coloured(seen: Watched) -> list[str]:
    lines = []
    for row in seen.cells():
        spans = groupby(row, key=lambda cell: (cell.fg, cell.bold))
        lines.append("".join(_span(key, (cell.data for cell in cells)) for key, cells in spans))
    return lines


def _span(style: tuple[str, bool], texts: Iterable[str]) -> str:
    colour, bold = style
    text = html.escape("".join(texts))
    text = f"<b>{text}</b>" if bold and colour == "default" else text
    return text if colour == "default" else f'<span class="{colour}">{text}</span>'


def _shoot(browser: Browser, lines: Iterable[str], width: int, path: Path) -> None:
    style = _STYLE.replace("WIDTH", str(width))
    page = browser.new_page(device_scale_factor=1.5)
    page.set_content(f"<style>{style}</style><pre>{chr(10).join(lines)}\n</pre>")
    page.locator("pre").screenshot(path=path, omit_background=True)
    page.close()
