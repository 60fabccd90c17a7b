"""The plan that PLAN names: a run does that, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from rolecall.approval import record
from rolecall.approval.difference import differences
from rolecall.cli.context import Context
from rolecall.errors import ConfigError, DriftError, FileError, Problem
from rolecall.targets import Resolved, Target, selection
from rolecall.targets.flags import Flags


class Approval:
    """The plan that was approved, or the one that is to be; may be neither.

    Args:
        out: the file to write. shown: whether it is to be printed. What PLAN names is not read
            where either is asked for.

    Attributes:
        problems: why it can't be read, or will not be written.
    """

    def __init__(self, context: Context, out: str = "", *, shown: bool = False) -> None:
        self._context, self._out, self._shown = context, out, shown
        self._made = "--out" if out else "--format json" if shown else ""
        self._name = "" if self._made else context.settings.plan
        self._plan: record.Record = {}
        self.problems: list[Problem] = []
        if out:
            _forget(context.folder / out)
        if self._made:
            self.problems += self._obstacles(context.folder / out)
        if self._name:
            try:
                self._plan = record.read(context.folder / self._name)
            except FileError as error:
                self.problems.append(self._problem("PLAN", str(error)))

    def applied(self, resolved: Resolved) -> Resolved:
        """The targets of the plan, as far as ONLY and SHARD leave them to this process.

        Raises:
            ConfigError: where ONLY asks for what the plan has not, or lists are unread.
            DriftError: where something else would be done than was approved.
        """
        if resolved.unread and (self._made or self._plan):
            raise ConfigError([self._unread(resolved)])
        if not self._plan:
            return resolved
        context, settings, plan = self._context, self._context.settings, self._plan
        whole = Flags(context.loaded).narrowed(resolved.whole)
        targets = _only(whole, plan["only"])[0]
        now = record.record(settings, targets, context.mask, only=plan["only"], salt=plan["salt"])
        if lines := list(differences(plan, now)):
            raise DriftError(self._name, lines)
        planned = targets
        targets, unknown = _only(planned, settings.only)
        if unknown:
            wrong = f"means no target of {self._name}"
            said = [f"{word!r} {wrong}{selection.instead(word, planned)}" for word in unknown]
            raise ConfigError(self._problem("ONLY", text) for text in said)
        shard = settings.shard
        return replace(resolved, targets=selection.shard(targets, shard.number, shard.count))

    def kept(self, resolved: Resolved) -> tuple[str, bytes]:
        """Writes the plan where it is to be written; its path, and what is to be printed of it.

        Either is empty where it was not asked for.

        Raises:
            FileError: where it can't be written.
        """
        if not self._made:
            return "", b""
        settings, mask = self._context.settings, self._context.mask
        found = record.record(settings, resolved.targets, mask, only=settings.only)
        if self._out:
            record.write(self._context.folder / self._out, found)
        return self._out, record.encoded(found) if self._shown else b""

    def _obstacles(self, path: Path) -> Iterator[Problem]:
        if self._context.settings.shard.count > 1:
            wrong = "is a part of the targets, and a plan is of all: leave it out until the run"
            yield self._problem("SHARD", wrong)
        if self._out and path.is_dir():
            yield Problem("--out", f"{self._out!r} is a folder; name a file in it")

    def _unread(self, resolved: Resolved) -> Problem:
        wrong = f"what {', '.join(resolved.unread)} lists is not known yet; add --read to read it"
        return Problem(self._made, wrong) if self._made else self._problem("PLAN", wrong)

    def _problem(self, name: str, text: str) -> Problem:
        return Problem(self._context.loaded.given[name].at(), text)


def _forget(path: Path) -> None:
    """Removes an earlier plan before anything can go wrong: it would be run as the new one."""
    if not path.is_file() or path.is_symlink():
        return
    try:
        record.read(path)
    except FileError:  # it is no plan of ours, and no run takes it for one
        return
    with suppress(OSError):  # what can't be removed can't be written either, and that is told
        path.unlink()


def _only(targets: Sequence[Target], words: Sequence[str]) -> tuple[tuple[Target, ...], list[str]]:
    return selection.only(targets, words) if words else (tuple(targets), [])
