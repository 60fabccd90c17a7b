"""The view of one command in many targets: the output of each in one block, or a JSON line."""

from __future__ import annotations

import json
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TextIO

from rolecall import explanations, wording
from rolecall.report.interruption import Interruption, tell_interrupted
from rolecall.report.lines import COLOURS
from rolecall.report.reasons import kept_out
from rolecall.report.record import result_record
from rolecall.report.view import ByteSink
from rolecall.results import CommandResult, Outcome, Result, Status
from rolecall.secret import Mask
from rolecall.settings import Settings
from rolecall.targets import Target

MOST_OUTPUT = 1_000_000
_IN_MEMORY = 262_144
_CHUNK = 262_144
_MOST_NAMED = 10


class Spool:
    """Output of one target, kept until its end: in memory, past a size in a file without a name.

    Such a file is this user's alone, and is gone with the process however that ends.
    """

    def __init__(self, name: str, errors: TextIO) -> None:
        self._name, self._errors = name, errors
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  `close` does

    def command_started(self, number: int, count: int, command: str) -> None: ...

    def output(self, data: bytes) -> None:
        self._file.write(data)

    def still_running(self, elapsed: float) -> None:
        said = f"rolecall: {self._name}: still running, {wording.seconds(elapsed)}"
        print(said, file=self._errors)

    def command_ended(self, number: int, count: int, result: CommandResult) -> None: ...

    def pieces(self) -> Iterator[bytes]:
        """All of it, in pieces."""
        self._file.seek(0)
        while piece := self._file.read(_CHUNK):
            yield piece

    def end(self, most: int) -> tuple[bytes, bool]:
        """The last bytes, no more than `most`, and whether there were more."""
        size = self._file.seek(0, 2)
        self._file.seek(max(0, size - most))
        return self._file.read(), size > most

    def close(self) -> None:
        self._file.close()


class Form(Protocol):
    """How one target's result and output are written."""

    def ended(self, result: Result, spool: Spool | None) -> Iterable[bytes]:
        """What is written once a target is done. Without a spool it was never begun."""


class Grouped:
    """Writes each target's output as soon as that target is done, and on `errors` a summary."""

    def __init__(self, form: Form, output: ByteSink, errors: TextIO) -> None:
        self._form, self._output, self._errors = form, output, errors
        self._spools: dict[tuple[str, str], Spool] = {}
        self._told: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def planned(self, settings: Settings, targets: Sequence[Target], count: int) -> None: ...

    def skipped(self, results: Sequence[Result], left: int) -> None: ...

    def preflight_started(self, count: int) -> None: ...

    def preflight_goes_on(self, done: int, count: int, seconds: float) -> None: ...

    def preflight_ended(self, failures: Sequence[Result], count: int, seconds: float) -> None: ...

    def once_started(self, name: str) -> Spool:
        return Spool(name, self._errors)

    def wave_started(self, number: int, count: int, targets: int) -> None: ...

    def target_started(self, target: Target, region: str) -> Spool:
        spool = Spool(f"{target.name} {region}", self._errors)
        self._spools[target.name, region] = spool
        return spool

    def target_ended(self, result: Result) -> None:
        key = (result.target, result.region)
        spool = self._spools.pop(key, None)
        try:
            # One at a time: a block is never torn by another.
            with self._lock:
                self._told.add(key)
                for piece in self._form.ended(result, spool):
                    self._output.write(piece)
        finally:
            if spool:
                spool.close()

    def interrupted(self, interruption: Interruption) -> None:
        tell_interrupted(interruption, self._errors)

    def finished(self, outcome: Outcome, report: str) -> None:
        for result in outcome.results:
            if (result.target, result.region) not in self._told:
                self.target_ended(result)
        print(wording.harmless("\n".join(_summary(outcome))), file=self._errors)


class Blocks:
    """`=== dev  222222222222  eu-central-1` above each target's output."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def ended(self, result: Result, spool: Spool | None) -> Iterator[bytes]:
        if result.status is Status.NOT_RUN:
            return
        head = f"=== {result.target}  {result.account_id}  {result.region}"
        if result.status is not Status.SUCCEEDED:
            reason = _reason(result) if result.status is Status.FAILED else ""
            head += f"  {result.status}{f': {reason}' if reason else ''}"
        head = wording.harmless(head)
        if self._colour:
            head = f"\033[1;{COLOURS[result.status]}m{head}\033[0m"
        yield f"{head}\n".encode()
        if spool:
            yield from spool.pieces()


class JsonLines:
    """An object a line. Output is text, and the end of it where there is more than a megabyte."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask

    def ended(self, result: Result, spool: Spool | None) -> Iterator[bytes]:
        known = result_record(result)
        kept = ("target", "account_id", "region", "status", "seconds", "remedy")
        output, truncated = spool.end(MOST_OUTPUT) if spool else (b"", False)
        found = {
            **{name: known[name] for name in kept},
            "reason": _reason(result),
            "exit_code": next((c.exit_code for c in result.commands), None),
            "output": output.decode(errors="replace"),
            "truncated": truncated,
        }
        yield json.dumps(self._mask.values(found), ensure_ascii=False).encode() + b"\n"


def _reason(result: Result) -> str:
    command = result.failed_command
    return result.reason or (command.reason if command else "")


def _summary(outcome: Outcome) -> Iterator[str]:
    failed = [r for r in outcome.results if r.status is Status.FAILED]
    for names, reason, remedy in kept_out(outcome.results):
        yield f"rolecall: {names}: {Status.NOT_ASSUMED}"
        yield wording.wrapped(reason, 80, "  ")
        if remedy:
            yield wording.wrapped(f"What to do: {remedy}", 80, "  ")
    yield from explanations.hints(reason for _, reason, _ in kept_out(outcome.results))
    not_run = Counter(r.reason for r in outcome.results if r.status is Status.NOT_RUN)
    for reason, count in not_run.items():
        yield wording.wrapped(f"rolecall: {count:,} not run: {reason}", 80, "", "  ")
    if failed:
        some = ", ".join(f"{r.target} {r.region}".strip() for r in failed[:_MOST_NAMED])
        more = len(failed) - _MOST_NAMED
        some += f" and {more:,} more" if more > 0 else ""
        yield wording.wrapped(f"rolecall: failed: {some}", 80, "", "  ")
    counts = [f"{outcome.count(s):,} {s}" for s in Status if outcome.count(s)]
    yield (
        f"rolecall: {', '.join(counts) or 'no targets'} in {wording.seconds(outcome.seconds)};"
        f" exit code {outcome.exit_code}"
    )
