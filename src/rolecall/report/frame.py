"""The lines that show how a fan-out stands, made to fit a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from rolecall import wording
from rolecall.report.lines import COLOURS
from rolecall.report.progress import RUNNING, WAITING, Progress, Row
from rolecall.results import Status

_UNTOUCHED = (WAITING, Status.NOT_RUN, Status.SUCCEEDED_BEFORE)
_FAILED = (Status.FAILED, Status.NOT_ASSUMED)
_IN_ORDER = (*_FAILED, RUNNING, WAITING, Status.NOT_RUN, Status.SUCCEEDED, Status.SUCCEEDED_BEFORE)
_PAINT = {str(status): code for status, code in COLOURS.items()} | {RUNNING: "36", WAITING: "2"}
_BOLD, _DIM = "1", "2"
_WIDEST_BAR, _WIDEST_NAME, _NARROWEST_SAID = 40, 32, 10
_NARROWEST, _WITH_ACCOUNT = 30, 100
_COLOURING = re.compile(r"\033\[[0-9;:]*m|\033")


class Frame:
    """Draws the progress of a run."""

    def __init__(self, progress: Progress, *, colour: bool) -> None:
        self._progress, self._colour = progress, colour

    def lines(self, columns: int, rows: int) -> list[str]:
        """None wider than the terminal, and not so many that nothing else can be seen."""
        width = columns - 1
        head = [self._bar(width), *self._counts(width)]
        room = rows - 1 - max(3, rows // 3) - len(head)
        if room < 1 or width < _NARROWEST:
            return head[: max(0, rows - 3)]
        return [*head, *self._rows(width, room)]

    def _bar(self, width: int) -> str:
        progress = self._progress
        count, done = len(progress.rows), progress.done
        left = progress.left()
        words = f"{done:,} of {count:,} done in {wording.seconds(progress.elapsed)}"
        # What takes longer than the others did is ready nobody knows when.
        if left and done < count:
            words += f", about {wording.seconds(left)} left"
        room = min(_WIDEST_BAR, width - wording.columns(words) - 2)
        if room < _NARROWEST_SAID:
            return wording.clipped(words, width)
        bad = sum(progress.counts[status] for status in _FAILED)
        red = -(-room * bad // count) if count else 0
        green = max(0, room * done // count - red) if count else 0
        rest = "─" * (room - red - green)
        bar = self._painted("32", "━" * green) + self._painted("31", "━" * red)
        return f"{bar}{self._painted(_DIM, rest)}  {words}"

    def _counts(self, width: int) -> Iterator[str]:
        """`2 failed  8 running  29 waiting`, on as many lines as it takes."""
        progress = self._progress
        parts = [
            (_PAINT[state], f"{progress.counts[state]:,} {state}")
            for state in _IN_ORDER
            if progress.counts[state]
        ]
        if progress.waves > 1:
            parts.insert(0, (_BOLD, f"Wave {progress.wave} of {progress.waves}"))
        if progress.stopped and progress.counts[WAITING]:
            parts.append(("33", "nothing more begins"))
        line, used = "", 0
        for code, text in parts:
            if used and used + 2 + len(text) > width:
                yield line
                line, used = "", 0
            line += ("  " if used else "") + self._painted(code, wording.clipped(text, width))
            used += len(text) + (2 if used else 0)
        yield line

    def _rows(self, width: int, room: int) -> Iterator[str]:
        progress = self._progress
        headings = progress.waves if progress.waves > 1 else 0
        if len(progress.rows) + headings <= room:
            everything = list(progress.rows.values())
            layout = _Layout(everything, width)
            for wave, rows in groupby(sorted(everything, key=_wave), key=_wave):
                if headings:
                    yield self._painted(_BOLD, wording.clipped(f"Wave {wave}", width))
                for row in rows:
                    yield self._row(row, layout)
            return
        running, failed = list(progress.running.values()), progress.failed[::-1]
        # Failures are seen, however many targets run.
        most = max(room - len(failed), room - room // 3)
        running, more_running = _some(running, most)
        used = len(running) + (1 if more_running else 0)
        failed, more_failed = _some(failed, room - used)
        layout = _Layout([*running, *failed], width)
        for row in running:
            yield self._row(row, layout)
        if more_running:
            yield wording.clipped(f"… and {more_running:,} more running", width)
        for row in failed:
            yield self._row(row, layout)
        if more_failed and room > used:
            yield wording.clipped(f"… and {more_failed:,} more failed before", width)

    def _row(self, row: Row, layout: _Layout) -> str:
        begun = row.state not in _UNTOUCHED
        spent = wording.seconds(self._progress.age(row)) if begun else ""
        name = wording.padded(wording.clipped(row.name, layout.name), layout.name)
        state = self._painted(_PAINT[row.state], f"{row.state:<{layout.state}}")
        where = f"{row.account_id}  " if layout.account else ""
        line = f"{name}  {where}{state}  {spent:>9}"
        if layout.said >= _NARROWEST_SAID:
            line += f"  {wording.clipped(_last_line(row.said), layout.said)}"
        return line.rstrip()

    def _painted(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour and text else text


class _Layout:
    """How wide the columns of some rows are."""

    def __init__(self, rows: Sequence[Row], width: int) -> None:
        self.state = max((len(row.state) for row in rows), default=0)
        self.account = width >= _WITH_ACCOUNT
        others = self.state + 13 + (14 if self.account else 0)
        widest = max((wording.columns(row.name) for row in rows), default=0)
        self.name = max(1, min(widest, _WIDEST_NAME, width - others))
        self.said = width - self.name - others - 2


def _wave(row: Row) -> int:
    return row.wave


def _some(rows: list[Row], room: int) -> tuple[list[Row], int]:
    """Those that there is room for, with a line kept for how many more there are."""
    if len(rows) <= room:
        return rows, 0
    shown = max(0, room - 1)
    return rows[:shown], len(rows) - shown


def _last_line(said: bytes) -> str:
    text = said.decode(errors="replace").rstrip()
    line = re.split(r"[\r\n]", text)[-1].strip()
    return wording.printable(_COLOURING.sub("", line)).replace("\t", " ")
