"""`summary.md`: what a comment on GitHub, GitLab or CodeCatalyst holds of a run.

What is not ours stands in code spans, and in fenced blocks: there no `@name` calls anybody, and
nothing is a link or HTML (GitHub Flavored Markdown, 6.1 and 4.5).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rolecall import explanations, wording
from rolecall.errors import signal_name
from rolecall.files import write_atomically
from rolecall.report import origins
from rolecall.report.digest import Digest, Group, verdict
from rolecall.report.record import READABLE, minute
from rolecall.report.texts import Texts
from rolecall.results import Outcome, Result
from rolecall.secret import Mask

FILE_NAME = "summary.md"
# GitHub takes 65,536 characters of a comment, and a pipeline may have some to add.
_LONGEST = 60_000
_MOST_ROWS = 50
_MOST_NAMES = 20
_LONGEST_TEXT = 300
_LONGEST_REMEDY = 1_500
_LONGEST_TAIL = 1_500


def write(folder: Path, outcome: Outcome, mask: Mask) -> None:
    """Writes `summary.md`, masked, in one step.

    Raises:
        FileError: where it can't be written.
    """
    text = rendered(outcome, mask)
    write_atomically(folder / FILE_NAME, text.encode(), mode=READABLE, durable=False)


def rendered(outcome: Outcome, mask: Mask) -> str:
    """The file's content: counts, what failed, what could not be assumed, what was not run."""
    writer = _Writer(outcome, Texts(mask))
    text, of = "\n".join(writer.head()), writer.origin()
    for part in writer.parts():
        if len(text) + len(part) + len(of) > _LONGEST:
            return f"{text}\n\nThe rest is in report.html.{of}\n"
        text += "\n\n" + part
    return text + of + "\n"


def code(text: str) -> str:
    """A code span that can stand in a table's cell."""
    text = " ".join(text.split()).replace("|", "\\|")
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


def _block(lines: str) -> str:
    """A fenced block that what it holds can't end."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", lines)), default=0))
    return f"{fence}text\n{lines}\n{fence}"


def _linked(value: origins.Value) -> str:
    """Only the build's own page is a link, and it is the link's text where there is no other."""
    if value.page == value.text:
        return f"<{value.page}>" if value.page else ""
    return f"[{code(value.text)}]({value.page})" if value.page else code(value.text)


class _Writer:
    """One summary, part by part, so that it can end where there is no more room."""

    def __init__(self, outcome: Outcome, texts: Texts) -> None:
        self._outcome, self._texts = outcome, texts
        self._digest = Digest(outcome)

    def head(self) -> Iterator[str]:
        outcome = self._outcome
        missing = f", {outcome.missing:,} in no report" if outcome.missing else ""
        yield f"## rolecall: {verdict(outcome) or 'nothing was run'}{missing}"
        yield ""
        line = (
            f"{outcome.size} in {wording.seconds(outcome.seconds)}, exit code {outcome.exit_code}"
        )
        if outcome.signal_number is not None:
            line += f", interrupted by {signal_name(outcome.signal_number)}"
        yield f"{line}; started {minute(outcome.started_at)}"

    def parts(self) -> Iterator[str]:
        if self._outcome.bug:
            yield "### rolecall itself failed\n\n" + _block(
                self._texts.end(self._outcome.bug, _LONGEST_TAIL)
            )
        if self._digest.failed:
            yield self._failed(self._digest.failed)
        if self._digest.not_assumed:
            yield self._kept_out(self._digest.not_assumed)
        if self._digest.not_run:
            lines = map(self._left, self._digest.not_run[:_MOST_ROWS])
            yield "\n".join(["### Not run", "", *lines])
        left = self._digest.left
        if left and (self._digest.not_assumed or self._digest.not_run):
            yield f"To run all that is left: {code(left)}"
        for group in self._digest.failed[:_MOST_NAMES]:
            yield from self._tail(group)

    def origin(self) -> str:
        """What the run is of, in one line behind all else; empty where nothing is known."""
        said = (
            f"{name.lower()} {wording.some([_linked(value) for value in values])}"
            for name, values in origins.facts(self._outcome, self._texts)
        )
        line = ", ".join(said)
        return f"\n\nOf {line}" if line else ""

    def _failed(self, groups: Sequence[Group]) -> str:
        rows = [(group, result) for group in groups for result in group.results]
        lines = [
            "### Failed",
            "",
            "| target | account | region | command | why | time |",
            "|---|---|---|---|---|---|",
        ]
        for group, result in rows[:_MOST_ROWS]:
            cells = (result.target, result.account_id, result.region, group.command, group.reason)
            row = [*map(self._code, cells), wording.seconds(result.seconds)]
            lines.append(f"| {' | '.join(row)} |")
        if len(rows) > _MOST_ROWS:
            lines += ["", f"and {len(rows) - _MOST_ROWS:,} more"]
        return "\n".join([*lines, *self._again(groups, "run")])

    def _again(self, groups: Sequence[Group], verb: str) -> list[str]:
        results = [result for group in groups for result in group.results]
        command = self._digest.again(results)
        them = "it" if len(results) == 1 else "them"
        return ["", f"To {verb} {them} again: {code(command)}"] if command else []

    def _kept_out(self, groups: Sequence[Group]) -> str:
        lines = ["### Could not be assumed", ""]
        for group in groups[:_MOST_ROWS]:
            lines.append(
                f"- {self._names(group.results)}: {self._code(group.reason, _LONGEST_REMEDY)}"
            )
            lines += (
                [f"  What to do: {self._code(group.remedy, _LONGEST_REMEDY)}"]
                if group.remedy
                else []
            )
            topic = explanations.topic_of(group.reason)
            lines += [f"  More: {code(f'rolecall explain {topic}')}"] if topic else []
        return "\n".join([*lines, *self._again(groups, "try")])

    def _left(self, group: Group) -> str:
        return f"- {len(group.results):,}, {self._code(group.reason)}: {self._names(group.results)}"

    def _names(self, results: Sequence[Result]) -> str:
        named = ", ".join(self._code(self._digest.name(r)) for r in results[:_MOST_NAMES])
        more = len(results) - _MOST_NAMES
        return f"{named} and {more:,} more" if more > 0 else named

    def _tail(self, group: Group) -> Iterator[str]:
        first = group.results[0]
        failed = first.failed_command
        if failed and failed.tail:
            # An empty line would end the HTML, and begin Markdown.
            name = " ".join(self._texts.start(self._digest.name(first), _LONGEST_TEXT).split())
            name = html.escape(name)
            lead = f"<summary>The last lines of <code>{name}</code></summary>"
            block = _block(self._texts.end("\n".join(failed.tail), _LONGEST_TAIL))
            whole = f"\n\nThe whole log: {self._code(first.log)}" if first.log else ""
            yield f"<details>\n{lead}\n\n{block}{whole}\n\n</details>"

    def _code(self, text: str, most: int = _LONGEST_TEXT) -> str:
        return code(self._texts.start(text, most))
