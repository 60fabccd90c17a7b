"""docs/troubleshooting.md, which is in the package too: its sections, and which one a message has.

The table at its top is where a message is looked up, so that page and program can't part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from rolecall.wording import wrapped

FILE_NAME = "troubleshooting.md"
CONFIGURATION, PLAN = "configuration-mistakes", "plan-differs"
# What commands say is in their log: `timed out` of an error of AWS's is something else.
_OF_COMMANDS = frozenset({"command-failed", "timed-out", "interrupted", "preflight-failed"})
_WIDTH = 80
_ROW = re.compile(r"^\| (.+) \| \[[^\]]+\]\(#([\w-]+)\) \|$", re.MULTILINE)
_HEADING = re.compile(r"^(##+) (.+)$", re.MULTILINE)
_ITEM = re.compile(r"^(?=(?:- |\d+\. ))", re.MULTILINE)


def hint(topic: str) -> str:
    """The line that leads to a topic; empty where there is none."""
    return f"More: rolecall explain {topic}" if topic else ""


def topic_of(message: str) -> str:
    """The section that an error's message has; empty where none has it."""
    return next((t for t in _topics_of(message) if t not in _OF_COMMANDS), "")


def hints(messages: Iterable[str]) -> list[str]:
    """The lines that lead to the topics of errors' messages, each once."""
    return [hint(topic) for topic in dict.fromkeys(map(topic_of, messages)) if topic]


def topics() -> Mapping[str, str]:
    """The titles of the sections by their anchors, in order."""
    return {anchor: title for anchor, (title, _) in _sections().items()}


def found(word: str) -> str:
    """The topic that a word means: an anchor, or a part of a message. Empty where none is meant."""
    anchor = _anchor(word)
    return anchor if anchor in _sections() else next(_topics_of(word), "")


def text(topic: str) -> str:
    """A section as a terminal shows it, at 80 columns but for what is quoted."""
    title, body = _sections()[topic]
    return "\n\n".join([title, *_blocks(body)]) + "\n"


@cache
def _page() -> str:
    from importlib import resources  # noqa: PLC0415  what goes well need not explain

    return resources.files("rolecall").joinpath(FILE_NAME).read_text("utf-8")


@cache
def _sections() -> Mapping[str, tuple[str, str]]:
    """Title and text by anchor; the text of a section has those within it."""
    headings = list(_HEADING.finditer(_page()))
    sections = {}
    for number, heading in enumerate(headings):
        later = (h.start() for h in headings[number + 1 :] if len(h[1]) <= len(heading[1]))
        end = next(later, len(_page()))
        sections[_anchor(heading[2])] = (heading[2], _page()[heading.end() : end].strip())
    return sections


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")


def _topics_of(message: str) -> Iterator[str]:
    for cell, anchor in _ROW.findall(_page()):
        shown = [_pattern(text) for text in re.findall(r"`([^`]+)`", cell)]
        enough = all if "` with `" in cell else any
        if enough(re.search(pattern, message) for pattern in shown):
            yield anchor


def _pattern(shown: str) -> str:
    """`…` stands for anything, and a count for any count."""
    return re.sub(r"\b\d+\b", r"\\d+", re.escape(shown)).replace("…", ".*")


def _blocks(body: str) -> Iterator[str]:
    """Paragraphs wrapped anew, what is quoted indented."""
    for number, part in enumerate(re.split(r"^```\w*\n?", body, flags=re.MULTILINE)):
        if number % 2:
            yield re.sub(r"^(?=.)", "    ", part.rstrip(), flags=re.MULTILINE)
            continue
        for block in filter(None, (piece.strip() for piece in part.split("\n\n"))):
            lines = (_plain(item) for item in _ITEM.split(block) if item.strip())
            yield "\n".join(wrapped(line, _WIDTH, "", _hanging(line)) for line in lines)


def _hanging(line: str) -> str:
    marker = re.match(r"- |\d+\. ", line)
    return " " * len(marker[0]) if marker else ""


def _plain(text: str) -> str:
    """Without what Markdown adds; links keep their words."""
    without_links = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", " ".join(text.split()))
    return re.sub(r"^#+ |\*\*", "", without_links)
