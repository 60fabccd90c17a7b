"""`report.html`: one file for people, that reads nothing else and calls nowhere.

What is shown comes of the Outcome alone. Every text goes through Texts, which masks it, and through
the template's escaping; the page's own style and script are named by their hashes, so that its
Content-Security-Policy lets nothing else run.
"""

from __future__ import annotations

import base64
import hashlib
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rolecall
from rolecall import explanations, wording
from rolecall.files import write_atomically
from rolecall.report.digest import Digest
from rolecall.report.record import READABLE
from rolecall.report.rows import Rows
from rolecall.report.texts import Texts
from rolecall.report.timeline import Timeline
from rolecall.results import Outcome, Status
from rolecall.secret import Mask

if TYPE_CHECKING:
    from jinja2 import Environment

FILE_NAME = "report.html"
_FOLDER = Path(__file__).with_name("template")
_CHUNKS = 500


def write(folder: Path, outcome: Outcome, mask: Mask) -> None:
    """Writes `report.html`, masked, in one step.

    Raises:
        FileError: where it can't be written.
    """
    path = folder / FILE_NAME
    write_atomically(path, rendered(outcome, mask), mode=READABLE, durable=False)


def rendered(outcome: Outcome, mask: Mask) -> Iterator[bytes]:
    """The file's content, piece by piece."""
    template = _environment().get_template("page.html")
    stream = template.stream(_known(outcome, Texts(mask)))
    stream.enable_buffering(_CHUNKS)
    return (piece.encode(errors="replace") for piece in stream)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  20 ms

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["seconds"] = wording.seconds
    environment.filters["count"] = wording.count
    return environment


def _known(outcome: Outcome, texts: Texts) -> dict[str, Any]:
    """What the template is given."""
    digest, timeline = Digest(outcome), Timeline(outcome)
    style, script = ((_FOLDER / name).read_text() for name in ("style.css", "script.js"))
    return {
        "outcome": outcome,
        "headline": headline(outcome),
        "signal": _signal_name(outcome),
        "rows": Rows(outcome, digest, timeline, texts),
        "digest": digest,
        "clean": texts.clean,
        "topic": explanations.topic_of,
        "style": style,
        "script": script,
        "style_hash": _hash(style),
        "script_hash": _hash(script),
        "version": rolecall.__version__,
    }


def headline(outcome: Outcome) -> str:
    """The run in one line: the gravest that happened."""
    total = len(outcome.results)
    failed, not_assumed, not_run = (
        outcome.count(status) for status in (Status.FAILED, Status.NOT_ASSUMED, Status.NOT_RUN)
    )
    roles = f"{not_assumed:,} of {wording.count(total, 'role')} could not be assumed"
    said = [
        (outcome.bug, "rolecall itself failed"),
        (failed, f"{failed:,} of {wording.count(total, 'target')} failed"),
        (_failed(outcome, "before"), "The commands before the first target failed"),
        (outcome.preflight_failed, f"{roles}; nothing was deployed"),
        (not_assumed, roles),
        (_failed(outcome, "after"), "The commands after the last target failed"),
        (_signal_name(outcome), f"Interrupted by {_signal_name(outcome)}"),
        (not_run, f"{not_run:,} of {wording.count(total, 'target')} not run"),
        (total > 1, f"All {total:,} targets succeeded{_before(outcome)}"),
        (total, f"The target succeeded{_before(outcome)}"),
    ]
    return next((text for true, text in said if true), "Nothing was run")


def _before(outcome: Outcome) -> str:
    before, total = outcome.count(Status.SUCCEEDED_BEFORE), len(outcome.results)
    some = "" if before == total else f"{before:,} of them "
    return f", {some}in an earlier try" if before else ""


def _failed(outcome: Outcome, name: str) -> bool:
    result = outcome.before if name == "before" else outcome.after
    return result is not None and result.status is Status.FAILED


def _signal_name(outcome: Outcome) -> str:
    if outcome.signal_number is None:
        return ""
    try:
        return signal.Signals(outcome.signal_number).name
    except ValueError:
        return f"signal {outcome.signal_number}"


def _hash(text: str) -> str:
    """As a Content-Security-Policy names what may stand in a page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
