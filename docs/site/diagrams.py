"""Draws the Mermaid blocks of the pages, in Chromium, for the site to show without a script.

A picture is named after the digest of its block's text: one whose block has changed is no longer
found, and the site is not built. The pages' own source stays Mermaid, which GitHub draws itself.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures" / "diagrams"
LOOKS = {"light": "neutral", "dark": "dark"}
_BLOCK = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Labels as text of the SVG: HTML in one is not drawn where the SVG is an image.
_DRAW = """async ([text, theme, id]) => {
  mermaid.initialize({startOnLoad: false, theme, htmlLabels: false, fontFamily: 'sans-serif',
                      deterministicIds: true, flowchart: {htmlLabels: false, wrappingWidth: 260}});
  return (await mermaid.render(id, text)).svg;
}"""


def name(text: str, look: str) -> str:
    """The file of a Mermaid block, drawn `light` or `dark`."""
    digest = hashlib.sha256(text.strip().encode()).hexdigest()
    return f"{digest[:12]}-{look}.svg"


def blocks() -> list[str]:
    """The text of every Mermaid block of the repository's pages."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [text for page in sorted(pages) for text in _BLOCK.findall(page.read_text("utf-8"))]


def sized(svg: str) -> str:
    """The picture with its own size, which it is shown in where there is room for it."""
    box = re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', svg)
    assert box  # noqa: S101  Mermaid writes it
    size = f'width="{float(box[1]):.0f}" height="{float(box[2]):.0f}"'
    return svg.replace('width="100%"', size, 1)


def main() -> int:
    """Draws all anew; the argument is Mermaid's script."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  the site's build has none

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        print("diagrams: no Chromium: on Debian, apt-get install chromium")
        return 1
    wanted = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        page = browser.new_page()
        page.set_content("<!doctype html><body>")
        page.add_script_tag(path=sys.argv[1])
        for text in blocks():
            for look, theme in LOOKS.items():
                file = name(text, look)
                wanted[file] = page.evaluate(_DRAW, [text, theme, f"d{file[:12]}"])
        browser.close()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.iterdir():
        if path.name not in wanted:
            path.unlink()
    for file, svg in wanted.items():
        (FOLDER / file).write_text(sized(svg) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
