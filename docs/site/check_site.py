"""Looks whether the site leads everywhere it says, and opens without a request to outside.

Sphinx knows links between pages; this looks at what was written: each `href` and `src`, whether its
file is there, and the anchor in it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself, and by which attribute.
_FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "link": "href",
    "object": "data",
}
_OUTSIDE = re.compile(r"""(?:@import\s+|url\()\s*["']?((?:https?:)?//[^"')]+)""")
_STYLES = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)


class Page(HTMLParser):
    """What a page leads to, what it fetches, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.fetched += _OUTSIDE.findall(" ".join(_STYLES.findall(text)))
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag in _FETCHED and (url := given.get(_FETCHED[tag])):
            self.fetched.append(url)
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])


def problems(site: Path) -> Iterator[str]:
    """A line for each link that leads nowhere, and each request to outside."""
    pages = {path: Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        where = path.relative_to(site)
        for url in page.fetched:
            if _is_outside(url):
                yield f"{where} asks for {url}"
        for url in (*page.links, *page.fetched):
            if not _is_outside(url) and (wrong := _wrong(path, url, pages)):
                yield f"{where}: {url} {wrong}"
    for path in sorted(site.rglob("*.css")):
        for url in _OUTSIDE.findall(path.read_text("utf-8")):
            yield f"{path.relative_to(site)} asks for {url}"


def _is_outside(url: str) -> bool:
    return bool(urlsplit(url).scheme or url.startswith("//")) and not url.startswith("data:")


def _wrong(path: Path, url: str, pages: dict[Path, Page]) -> str:
    if url.startswith("data:"):
        return ""
    parts = urlsplit(url)
    there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not there.is_file():
        return "is not there"
    anchor = unquote(parts.fragment)
    if anchor and there in pages and anchor not in pages[there].anchors:
        return "has no such anchor"
    return ""


def main() -> int:
    """1 where something is wrong with the site in the folder given."""
    site = Path(sys.argv[1]).resolve()
    found = list(problems(site))
    print(*found, sep="\n", end="\n" if found else "")
    if not found:
        print(f"{len(list(site.rglob('*.html')))} pages: every link leads somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
