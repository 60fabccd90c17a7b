"""docs/troubleshooting.md, which is in the package too: its sections, and which one a message has.

The table at its top is where a message is looked up, so that page and program can't part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache

from rolecall.wording import wrapped

FILE_NAME = "troubleshooting.md"
CONFIGURATION, PLAN, STATE = "configuration-mistakes", "plan-differs", "state-not-had"
# What commands say is in their log: `timed out` of an error of AWS's is something else.
_OF_COMMANDS = frozenset({"command-failed", "timed-out", "interrupted", "preflight-failed"})
# What the process itself ends with; any other code is that of a command.
_OF_EXIT_CODES = {
    2: CONFIGURATION,
    3: "nothing-to-do",
    4: "preflight-failed",
    70: "a-bug",
    **dict.fromkeys((129, 130, 131, 143), "interrupted"),
}
_EXIT_CODES = 256
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


def found(words: str) -> Sequence[str]:
    """The topics that are meant by an anchor, an exit code, or some words of a message or section.

    One where it is sure. Several where the words stand in as many sections; none where in none.
    """
    words = " ".join(words.split())  # as they were before a terminal divided them into lines
    if (anchor := _anchor(words)) in _sections():
        return [anchor]
    if topic := next(_topics_of(words), "") or _of_exit_code(words):
        return [topic]
    wanted = _words(words)
    if not wanted:
        return []
    named = [topic for topic, own in _names().items() if wanted <= own]
    if len(named) == 1:
        return named
    together = _saying(words)
    if len(together) == 1 and " " in words:
        return together
    anywhere = (t for t, (_, body) in _sections().items() if wanted <= _words(body))
    return named or together or _innermost(anywhere)


def naming(option: str) -> Sequence[str]:
    """The topics in which an option is named; any may be in a mistake in the configuration."""
    name = re.compile(rf"\b(?:ROLECALL_)?{option}\b")
    topics = _innermost(t for t, (_, body) in _sections().items() if name.search(body))
    return [topic for topic in topics if topic != CONFIGURATION]


def _saying(phrase: str) -> Sequence[str]:
    """The topics that have these words together, over line ends and what Markdown adds."""
    wanted = re.compile(rf"(?<!\w){re.escape(_flat(phrase))}(?!\w)")
    return _innermost(t for t, (_, body) in _sections().items() if wanted.search(_flat(body)))


def _flat(text: str) -> str:
    return " ".join(re.sub(r"[`*|]", " ", _plain(text)).casefold().split())


def _of_exit_code(words: str) -> str:
    code = re.fullmatch(r"(?:exit (?:code|status) )?([0-9]{1,3})(?: \(SIG\w+\))?", words.strip())
    if not code or not 0 < int(code[1]) < _EXIT_CODES:
        return ""
    return _OF_EXIT_CODES.get(int(code[1]), "command-failed")


def _innermost(topics: Iterable[str]) -> Sequence[str]:
    """Without the sections that only have the words from one within them."""
    texts = {topic: _sections()[topic][1] for topic in topics}
    return [
        topic
        for topic, body in texts.items()
        if not any(inner in body for other, inner in texts.items() if other != topic)
    ]


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


def _words(text: str) -> frozenset[str]:
    """Its words, and those that names of options, errors and topics are made of."""
    words = re.findall(r"[^\W_]+", text.lower())
    return frozenset(word for word in words if not word.isdigit()) - {"rolecall"}


@cache
def _names() -> Mapping[str, frozenset[str]]:
    """The words of each section's title and of its row in the table."""
    names = {topic: _words(title) for topic, (title, _) in _sections().items()}
    for cell, topic in _ROW.findall(_page()):
        names[topic] |= _words(cell)
    return names


def _topics_of(message: str) -> Iterator[str]:
    for anchor, enough, patterns in _rows():
        if enough(pattern.search(message) for pattern in patterns):
            yield anchor


@cache
def _rows() -> Sequence[tuple[str, Callable[[Iterable[object]], bool], Sequence[re.Pattern[str]]]]:
    """The sections, each with its patterns, and how many of them a message must have."""
    return [
        (
            anchor,
            all if "` with `" in cell else any,
            [re.compile(_pattern(text)) for text in re.findall(r"`([^`]+)`", cell)],
        )
        for cell, anchor in _ROW.findall(_page())
    ]


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
    return re.sub(r"^#+ |(?<!\*)\*\*(?!\*)", "", without_links)
