"""What report.html shows of each target, made as the template asks for it."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from rolecall.report.digest import GRAVEST_FIRST, Digest
from rolecall.report.lines import label
from rolecall.report.texts import Texts
from rolecall.report.timeline import Line, Tick, Timeline
from rolecall.results import CommandResult, Outcome, Result, Status

# Together they keep a page of 3,000 targets under 5 MB, whatever became of them.
_ALL_TAILS = 1_500_000
_LONGEST_TAIL = 8_192
_SHORTEST_TAIL = 400
_WIDEST = len("&quot;")
_LONGEST_LABEL = 400
# Fewer than this are seen at a glance in the table itself.
_FEW = 40
# More than this are laid out only where they are seen.
_LONG = 200
KINDS = {
    Status.SUCCEEDED: "ok",
    Status.SUCCEEDED_BEFORE: "was",
    Status.FAILED: "bad",
    Status.NOT_ASSUMED: "out",
    Status.NOT_RUN: "left",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A result with its number, from 0, by which the page's parts find each other."""

    number: int
    result: Result
    kind: str
    lines: list[Line]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wave:
    """The targets of a wave. `began` and `seconds` are None where none of them was begun."""

    number: int
    targets: int
    counts: list[tuple[str, Status, int]]
    began: float | None
    seconds: float | None


class Rows:
    """Everything about the results that the template needs and they don't say themselves.

    Attributes:
        many: whether they are too many to be seen at a glance. long: to be laid out at once.
    """

    most_named = 60

    def __init__(self, outcome: Outcome, digest: Digest, timeline: Timeline, texts: Texts) -> None:
        self._outcome, self._texts, self.timeline = outcome, texts, timeline
        self._numbers = {id(result): n for n, result in enumerate(outcome.everything)}
        self._failures = sum(len(group.results) for group in digest.failed)
        self.many = len(outcome.everything) > _FEW
        self.long = len(outcome.everything) > _LONG

    def __iter__(self) -> Iterator[Row]:
        for number, result in enumerate(self._outcome.everything):
            lines = self.timeline.lines(result)
            yield Row(number=number, result=result, kind=KINDS[result.status], lines=lines)

    def number(self, result: Result) -> int:
        return self._numbers[id(result)]

    @property
    def counts(self) -> list[tuple[str, Status, int]]:
        """Kind, status and how many, gravest first, of all that there are."""
        return _counts(self._outcome.results)

    @property
    def ticks(self) -> list[Tick]:
        return self.timeline.ticks()

    @cached_property
    def waves(self) -> list[Wave]:
        """The waves, where there are several."""
        members: dict[int, list[Result]] = {}
        for result in self._outcome.results:
            members.setdefault(max(1, result.wave), []).append(result)
        return [_wave(n, members[n]) for n in sorted(members)] if len(members) > 1 else []

    def tail(self, command: CommandResult) -> str:
        """The last lines: all that were kept where few failed, and less of each of many."""
        most = max(_SHORTEST_TAIL, min(_LONGEST_TAIL, _ALL_TAILS // max(1, self._failures)))
        return _end(self._texts.clean("\n".join(command.tail)), most)

    def label(self, command: str) -> str:
        return self._texts.start(label(command), _LONGEST_LABEL)

    def moment(self, epoch: float, form: str) -> str:
        return datetime.fromtimestamp(epoch, UTC).strftime(form)

    def since(self, epoch: float) -> float:
        """Seconds from the beginning of the run."""
        return max(0.0, epoch - self._outcome.started_at)

    def overview(self) -> Iterator[tuple[str, str]]:
        """Each kind with the path of its boxes; failures last and large enough to be seen."""
        total = len(self._outcome.everything)
        boxes: dict[str, list[str]] = {"ok": [], "out": [], "bad": []}
        for number, result in enumerate(self._outcome.everything):
            if result.started_at is not None and result.status is not Status.NOT_RUN:
                tall = 1 if result.status is Status.SUCCEEDED else max(1, total / 90)
                box = self.timeline.box(result, min(number, total - tall), tall)
                boxes[KINDS[result.status]].append(box)
        return ((kind, "".join(paths)) for kind, paths in boxes.items() if paths)

    def preflight(self) -> str:
        return self.timeline.preflight(len(self._outcome.everything))

    def details(self) -> Iterator[str]:
        """What the page shows of a row that is opened, as JSON for its script, in pieces.

        Each row is its role, when it began (in words where that was in an earlier try), its
        commands as label, status and seconds, and the path of its log. `texts` has the labels.
        """
        numbers: dict[str, int] = {}
        statuses = list(Status)
        yield f'{{"statuses":{_json(statuses)},"rows":['
        for row, result in enumerate(self._outcome.everything):
            commands = [
                [
                    numbers.setdefault(self.label(c.command), len(numbers)),
                    statuses.index(c.status),
                    round(c.seconds, 1),
                ]
                for c in result.commands
            ]
            known = [self._texts.clean(result.role_arn), self._began(result), commands, result.log]
            yield "," * bool(row) + _json(known)
        yield f'],"texts":{_json(list(numbers))}}}'

    def _began(self, result: Result) -> float | str | None:
        """Seconds after the run did, or in words where that was in another run."""
        if result.status is Status.SUCCEEDED_BEFORE:
            return self._texts.clean(result.reason)
        return None if result.started_at is None else round(self.since(result.started_at), 1)


def _counts(results: Sequence[Result]) -> list[tuple[str, Status, int]]:
    found = Counter(result.status for result in results)
    return [(KINDS[status], status, found[status]) for status in GRAVEST_FIRST if found[status]]


def _wave(number: int, results: Sequence[Result]) -> Wave:
    begun = [(r.started_at, r.started_at + r.seconds) for r in results if r.started_at]
    began = min((start for start, _ in begun), default=None)
    return Wave(
        number=number,
        targets=len(results),
        counts=_counts(results),
        began=began,
        seconds=None if began is None else max(end for _, end in begun) - began,
    )


def _end(text: str, most: int) -> str:
    """The end of a text that takes no more bytes than that in a page, from the start of a line."""
    whole = text
    text = text[-most:]
    while (over := len(html.escape(text).encode()) - most) > 0:
        text = text[over // _WIDEST + 1 :]
    if text == whole:
        return text
    _, newline, rest = text.partition("\n")
    return "…\n" + rest if newline else "…" + text


def _json(known: object) -> str:
    """JSON that no `</script>` or `<!--` in it can end or turn."""
    text = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
