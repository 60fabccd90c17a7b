"""What the site needs beyond MyST: its contents, files of the repository, and diagrams.

The pages are plain Markdown that GitHub shows as well, so what only Sphinx understands is added
here, while they are read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import diagrams
from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

_SHOWN = "files"
_LOG = logging.getLogger(__name__)
_HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
_LINK = re.compile(r"^\s*(?:- |\| )\[[^\]]*\]\(([^)#]*\.md)\)", re.MULTILINE)
_HOME = """<!doctype html><meta charset="utf-8"><title>rolecall</title>
<meta http-equiv="refresh" content="0; url=docs/index.html"><a href="docs/index.html">rolecall</a>
"""


def contents(page: str) -> str:
    """The lists of links on the first page as Sphinx's table of contents, one for each heading."""
    parts = _HEADING.split(page)[1:]
    trees = []
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        links = "\n".join(_LINK.findall(text))
        if links:
            trees.append(f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n{links}\n```\n")
    return "\n" + "\n".join(trees)


def _read(app: Sphinx, docname: str, source: list[str]) -> None:
    if docname == "docs/index":
        source[0] += contents(source[0])
    elif docname == "docs/adr/README":
        source[0] += "\n```{toctree}\n:glob:\n:titlesonly:\n\n0*\n```\n"


class _Diagrams(SphinxTransform):
    """Puts the drawn diagram in place of each Mermaid block."""

    default_priority: ClassVar[int] = 400

    def apply(self, **kwargs: Any) -> None:
        for block in list(self.document.findall(nodes.literal_block)):
            if block.get("language") == "mermaid":
                block.replace_self(self._drawn(block))

    def _drawn(self, block: nodes.literal_block) -> list[nodes.Node]:
        section = next((n for n in _above(block) if isinstance(n, nodes.section)), None)
        title = section.next_node(nodes.title) if section else None
        found: list[nodes.Node] = []
        for look in diagrams.LOOKS:
            path = diagrams.FOLDER / diagrams.name(block.astext(), look)
            if not path.exists():
                wrong = "a diagram is not drawn: run `make diagrams`, and add what it writes"
                _LOG.warning(wrong, location=block)
                return [block.deepcopy()]
            picture = nodes.image(
                uri=os.path.relpath(path, Path(self.env.doc2path(self.env.docname)).parent),
                alt=f"Diagram: {title.astext() if title else ''}",
                classes=["diagram", f"only-{look}"],
            )
            found.append(picture)
        return found


def _above(node: nodes.Node) -> Iterator[nodes.Node]:
    while node.parent is not None:
        node = node.parent
        yield node


class _Files(SphinxTransform):
    """Makes each link to a file of the repository that is no page one to a copy in the site."""

    default_priority: ClassVar[int] = 400

    def apply(self, **kwargs: Any) -> None:
        for link in list(self.document.findall(addnodes.download_reference)):
            relative, _ = self.env.relfn2path(link["reftarget"], self.env.docname)
            page = f"{_SHOWN}/{relative}"
            self.env.metadata[self.env.docname].setdefault("files", set()).add(relative)
            up = "../" * self.env.docname.count("/")
            link.replace_self(nodes.reference("", "", *link.children, refuri=f"{up}{page}.html"))


def _pages(app: Sphinx) -> Iterator[tuple[str, dict[str, str], str]]:
    """A page for each file that is linked to."""
    linked = {name for found in app.env.metadata.values() for name in found.get("files", ())}
    for name in sorted(linked):
        text = Path(app.srcdir, name).read_text("utf-8")
        try:
            lexer = get_lexer_for_filename(name)
        except ClassNotFound:
            lexer = TextLexer()
        code = highlight(text, lexer, HtmlFormatter(cssclass="highlight"))
        body = f"<section><h1><code>{escape(name)}</code></h1>{code}</section>"
        yield f"{_SHOWN}/{name}", {"title": name, "body": body}, "page.html"


def _mend(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Gives the headings of the contents the level that screen readers ask for."""
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )


def _finish(app: Sphinx, error: Exception | None) -> None:
    if error is None:
        Path(app.outdir, "index.html").write_text(_HOME, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    app.connect("html-collect-pages", _pages)
    app.connect("html-page-context", _mend, priority=900)  # after the theme
    app.connect("build-finished", _finish)
    app.add_transform(_Diagrams)
    app.add_transform(_Files)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
