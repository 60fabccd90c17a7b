"""`report.html`: one file for people, that reads nothing else and calls nowhere.

What is shown comes of the Outcome alone. Every text goes through Texts, which masks it, and through
the template's escaping; the page's own style and script are named by their hashes, so that its
Content-Security-Policy lets nothing else run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rolecall
from rolecall import explanations, wording
from rolecall.errors import signal_name
from rolecall.files import write_atomically
from rolecall.report import origins
from rolecall.report.digest import Digest
from rolecall.report.record import READABLE
from rolecall.report.rows import Rows
from rolecall.report.texts import Texts
from rolecall.report.timeline import Timeline
from rolecall.results import Outcome, Status
from rolecall.secret import Mask

if TYPE_CHECKING:
    from jinja2 import Environment

FILE_NAME, TEMPLATE = "report.html", "page.html"
_FOLDER = Path(__file__).with_name("template")
_CHUNKS = 500


def write(folder: Path, outcome: Outcome, mask: Mask) -> None:
    """Writes `report.html`, masked, in one step.

    Raises:
        FileError: where it can't be written.
    """
    path = folder / FILE_NAME
    write_atomically(path, rendered(outcome, mask), mode=READABLE, durable=False)


def compile_into(folder: Path) -> Path:
    """Writes the template as a module, for this version of Jinja alone, in a folder of its own.

    The wheel has it beside the template, and is spared 40 ms for each report. Returns that folder.
    """
    from jinja2 import ModuleLoader  # noqa: PLC0415

    source = (_FOLDER / TEMPLATE).read_text("utf-8")
    code = _environment().compile(source, TEMPLATE, TEMPLATE, raw=True, defer_init=True)
    compiled = _compiled(folder)
    compiled.mkdir()
    (compiled / ModuleLoader.get_module_filename(TEMPLATE)).write_text(code, "utf-8")
    return compiled


def rendered(outcome: Outcome, mask: Mask) -> Iterator[bytes]:
    """The file's content, piece by piece."""
    template = _environment().get_template(TEMPLATE)
    stream = template.stream(_known(outcome, mask))
    stream.enable_buffering(_CHUNKS)
    return (piece.encode(errors="replace") for piece in stream)


def _compiled(folder: Path) -> Path:
    """Another version may have another runtime: it finds none there, and compiles the template."""
    return folder / f"compiled-{metadata.version('jinja2')}"


@cache
def _environment() -> Environment:
    from jinja2 import (  # noqa: PLC0415  20 ms
        ChoiceLoader,
        Environment,
        FileSystemLoader,
        ModuleLoader,
        StrictUndefined,
    )

    environment = Environment(
        loader=ChoiceLoader([ModuleLoader(_compiled(_FOLDER)), FileSystemLoader(_FOLDER)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["seconds"] = wording.seconds
    environment.filters["count"] = wording.count
    return environment


def _known(outcome: Outcome, mask: Mask) -> dict[str, Any]:
    """What the template is given."""
    digest, timeline, texts = Digest(outcome), Timeline(outcome), Texts(mask)
    style, script = ((_FOLDER / name).read_text() for name in ("style.css", "script.js"))
    return {
        "outcome": outcome,
        "headline": headline(outcome),
        "unit": outcome.unit,
        "signal": _signal_name(outcome),
        "rows": Rows(outcome, digest, timeline, texts),
        "digest": digest,
        "clean": texts.clean,
        "topic": explanations.topic_of,
        "origins": list(origins.facts(outcome, texts)),
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
    everybody = {result.target for result in outcome.results}
    out = {r.target for r in outcome.results if r.status is Status.NOT_ASSUMED}
    roles = f"{len(out):,} of {wording.count(len(everybody), 'role')} could not be assumed"
    planned = wording.count(outcome.targets_in_all, "target")
    said = [
        (outcome.bug, "rolecall itself failed"),
        (failed, f"{failed:,} of {wording.count(total, outcome.unit)} failed"),
        (outcome.missing, f"{outcome.missing:,} of {planned} in no report"),
        (_failed(outcome, "before"), "The commands before the first target failed"),
        (outcome.preflight_failed, f"{roles}; nothing was deployed"),
        (not_assumed, roles),
        (_failed(outcome, "after"), "The commands after the last target failed"),
        (_signal_name(outcome), f"Interrupted by {_signal_name(outcome)}"),
        (not_run, f"{not_run:,} of {wording.count(total, outcome.unit)} not run"),
        (total > 1, f"All {wording.count(total, outcome.unit)} succeeded{_before(outcome)}"),
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
    return "" if outcome.signal_number is None else signal_name(outcome.signal_number)


def _hash(text: str) -> str:
    """As a Content-Security-Policy names what may stand in a page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
