"""`rolecall merge`: the reports of many builds, joined into one with the exit code of the whole."""

from __future__ import annotations

import glob
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rolecall import wording
from rolecall.cli.context import Context
from rolecall.cli.output import Outlet, TextOutlet, say_gone
from rolecall.cli.run import view
from rolecall.cli.signals import stopping
from rolecall.errors import FileError
from rolecall.report import folder, previous, record
from rolecall.report.merging import Merged, Part, merge
from rolecall.report.outputs import collected, with_logs
from rolecall.report.reader import read
from rolecall.results import Outcome


def command(context: Context, *, places: Sequence[str], out: str, partial: bool) -> int:
    """Writes the report of the whole; returns its exit code.

    Args:
        partial: whether targets that no report tells of are well.

    Raises:
        FileError: where there is no report, or one that can't be read or written.
    """
    own = () if out else ("REPORT_DIR",)
    context.require_right("MASK", "NOTIFY", "NOTIFY_ON", "LOG_FORMAT", *own)
    target = context.folder / (out or context.settings.report_dir)
    if wrong := folder.obstacle(target):
        raise FileError(f"{wrong}; write a folder that this user may write")
    try:
        merged = _merged(context, places, target / record.FILE_NAME)
    except _OwnSourceError:
        raise
    except BaseException:
        folder.withdraw(target)  # an earlier one, which would read as the one asked for
        raise
    outcome = replace(merged.outcome, missing=0) if partial else merged.outcome
    with folder.claimed(target):
        outcome = collected(target, outcome)
        report = folder.write(target, outcome, mask=context.mask, working=context.folder)
    for note in merged.notes:
        print(f"rolecall: {wording.harmless(note)}", file=sys.stderr)
    output = Outlet(say_gone)
    view(context, output).finished(outcome, str(report))
    if context.settings.notify:
        _notify(context, output, outcome, str(report))
    return outcome.exit_code


class _OwnSourceError(FileError):
    """The report of the whole would replace the one that it is made of."""


def _merged(context: Context, places: Sequence[str], apart: Path) -> Merged:
    paths = list(dict.fromkeys(_found(context.folder, places, apart=apart)))
    return merge([Part(place=_shown(path, context), outcome=_placed(path)) for path in paths])


def _notify(context: Context, output: Outlet, outcome: Outcome, report: str) -> None:
    from rolecall.cli import notify  # noqa: PLC0415  else a merge does without botocore
    from rolecall.cli.aws import Aws  # noqa: PLC0415

    with stopping() as stop:
        aws = Aws(context, stop, stream=TextOutlet(output))
        notify.tell(context, aws, stop, outcome, report)


def _placed(path: Path) -> Outcome:
    """The report there, with the whole paths of its logs."""
    return with_logs(read(path), lambda r: str(path.parent.absolute() / r.log) if r.log else "")


def _found(working: Path, places: Sequence[str], *, apart: Path) -> Iterator[Path]:
    """The reports that the places name: files, folders at any depth above them, patterns.

    Args:
        apart: what an earlier merge has written.
    """
    for place in places:
        named = [working / place]
        if not named[0].exists() and glob.has_magic(place):
            # Unlike Path.glob it takes a pattern from the root, too.
            matching = glob.glob(place, root_dir=working, recursive=True)  # noqa: PTH207
            named = [working / each for each in sorted(matching)]
        found = [report for path in named for report in _below(path)]
        below = [report for report in found if report != apart]
        if found and not below:
            raise _OwnSourceError(
                f"{place}: the report of the whole would replace the one there; name another folder"
                " with --out"
            )
        if not below:
            raise FileError(
                f"{place}: there is no {record.FILE_NAME} there; name the folders that builds"
                " wrote their reports to"
            )
        yield from below


def _below(path: Path) -> list[Path]:
    if path.is_dir():
        # What a run has kept of an earlier one is no part of this one, unless it is named.
        found = (p for p in path.rglob(record.FILE_NAME) if p.parent.name != previous.FOLDER)
        kept = path / record.FILE_NAME
        return sorted({*found, *([kept] if kept.exists() else ())})
    return [path] if path.exists() else []


def _shown(path: Path, context: Context) -> str:
    return str(path.relative_to(context.folder) if path.is_relative_to(context.folder) else path)
