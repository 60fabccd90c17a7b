"""`rolecall report`: what a run has reported, shown again in any form, or beside another run."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from rolecall.cli.arguments import ReportArguments
from rolecall.cli.context import Context, colour
from rolecall.cli.output import outlet
from rolecall.cli.parser import BEFORE
from rolecall.errors import SUCCEEDED, FileError
from rolecall.files import make_folder, replacing, write_atomically
from rolecall.report import comparison, junit, origins, page, previous, record, summary
from rolecall.report.console import Console
from rolecall.report.outputs import with_logs
from rolecall.report.reader import read
from rolecall.report.record import FOLDER, READABLE
from rolecall.report.texts import Texts
from rolecall.results import Outcome, Result
from rolecall.secret import Mask


def command(context: Context, given: ReportArguments) -> int:
    """Shows or writes the report; 0, whatever became of the run.

    Raises:
        FileError: where there is no report, or one that can't be read or written.
    """
    context.require_right("MASK", *([] if given.folder else ["REPORT_DIR"]))
    folder = given.folder or context.settings.report_dir
    source = context.folder / folder
    out = context.folder / given.out if given.out else None
    with replacing(out, sources=[source, source / record.FILE_NAME]):
        return _shown(context, given, folder)


def _shown(context: Context, given: ReportArguments, folder: str) -> int:
    outcome = _read(context, folder)
    if given.compare:
        other = _before(context, folder) if given.compare == BEFORE else given.compare
        differences = comparison.compare(read(context.folder / other), outcome, (other, folder))
        written = comparison.markdown if given.form == "md" else comparison.text
        pieces: Iterable[bytes] = [written(differences, context.mask).encode()]
    else:
        bright = not given.out and colour(context.environ)
        where = context.folder / folder
        where = where.parent if where.is_file() else where
        beside = (context.folder / given.out).parent if given.out else context.folder
        where = Path(os.path.relpath(where, beside))
        pieces = _rendered(outcome, given.form, context.mask, bright=bright, where=where)
    if given.out:
        path = context.folder / given.out
        make_folder(path.parent, FOLDER)
        write_atomically(path, pieces, mode=READABLE, durable=False)
        return SUCCEEDED
    output = outlet()
    for piece in pieces:
        output.write(piece)
    return SUCCEEDED


def _read(context: Context, folder: str) -> Outcome:
    try:
        return read(context.folder / folder)
    except FileError as error:
        if kept := _kept(context, folder):
            raise FileError(f"{error}; that of the failed run before is in {kept}") from None
        raise


def _before(context: Context, folder: str) -> str:
    """Where the run whose report is there has kept that of the failed one before it."""
    if kept := _kept(context, folder):
        return kept
    where = _beside(context, folder)
    raise FileError(
        f"there is no report of a failed run before in {where}; name the folder of another run's:"
        " --compare DIR"
    )


def _kept(context: Context, folder: str) -> str:
    kept = _beside(context, folder)
    return str(kept) if (context.folder / kept / record.FILE_NAME).is_file() else ""


def _beside(context: Context, folder: str) -> Path:
    whole = context.folder / folder
    return (Path(folder).parent if whole.is_file() else Path(folder)) / previous.FOLDER


def _rendered(
    outcome: Outcome, form: str, mask: Mask, *, bright: bool, where: Path
) -> Iterable[bytes]:
    """Args: where: the folder of the report, as whoever reads the result finds it."""
    if form == "json":
        return record.rendered(outcome, mask)
    outcome = with_logs(outcome, lambda result: str(where / result.log) if result.log else "")
    if form == "html":
        return page.rendered(outcome, mask)
    if form == "md":
        return [summary.rendered(outcome, mask).encode()]
    if form == "junit":
        return [junit.rendered(outcome, outcome.plan.commands, mask)]
    buffer = io.BytesIO()
    texts = Texts(mask)
    Console(buffer, mask=mask, colour=bright).finished(_tame(outcome, texts), "")
    # First, as the last lines are what is read.
    head = [f"{line}\n".encode() for line in origins.lines(outcome, texts)]
    return [*head, buffer.getvalue() if head else buffer.getvalue().removeprefix(b"\n")]


def _tame(outcome: Outcome, texts: Texts) -> Outcome:
    """The outcome without what would steer the terminal of who only reads of it."""

    def tame(result: Result) -> Result:
        commands = (
            replace(c, tail=tuple(map(texts.clean, c.tail)), reason=texts.clean(c.reason))
            for c in result.commands
        )
        return replace(
            result,
            target=texts.clean(result.target),
            reason=texts.clean(result.reason),
            remedy=texts.clean(result.remedy),
            commands=tuple(commands),
        )

    return replace(
        outcome,
        results=tuple(map(tame, outcome.results)),
        before=tame(outcome.before) if outcome.before else None,
        after=tame(outcome.after) if outcome.after else None,
    )
