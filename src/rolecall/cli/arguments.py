"""A command line, made into what was asked for."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rolecall.cli import batch_arguments
from rolecall.cli.batch_arguments import BatchArguments
from rolecall.cli.parser import COMPARED, FORMS, SHELLS, made
from rolecall.settings.options import options
from rolecall.wording import nearest


@dataclass(frozen=True, kw_only=True, slots=True)
class Arguments:
    """A parsed command line. `flags` has each option's text, None where it was not given."""

    command: str
    flags: Mapping[str, str | None]
    read: bool = False
    check: bool = False
    out: str = ""
    role_arn: str = ""
    profile: str = ""
    target: str = ""
    words: Sequence[str] = ()
    everywhere: bool = False
    format: str = ""
    report: ReportArguments | None = None
    places: Sequence[str] = ()
    partial: bool = False
    batch: BatchArguments | None = None
    shell: str = ""
    topic: str = ""
    show: bool = False
    clear: bool = False
    force: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportArguments:
    """What `report` was told. Empty where it was not.

    Attributes:
        folder: where the report is. form: one of FORMS. out: a file in place of standard output.
        compare: where the report of another run is, an earlier one as a rule.
    """

    folder: str
    form: str
    out: str
    compare: str


def parse(argv: Sequence[str]) -> Arguments:
    """The arguments. Like every argparse program, exits with 2 on a mistake and 0 on --help."""
    words: Sequence[str] = ()
    if argv[:1] == ["exec"] and "--" in argv:
        cut = argv.index("--")
        argv, words = argv[:cut], argv[cut + 1 :]
    parser = made()
    # What `docker run IMAGE` starts when it is given no command.
    first = next(iter(argv), "")
    given = ["run", *argv] if not first or first.startswith("-") else list(argv)
    if first in ("-h", "--help", "--version"):
        given = list(argv)
    namespace, unknown = parser.parse_known_args(given)
    found = vars(namespace)
    command = found["command"]
    if command == "exec" and not words:
        parser.error("exec needs a command after `--`: rolecall exec TARGET -- COMMAND…")
    if command == "exec" and bool(found["target"]) == found["all"]:
        parser.error("exec needs one TARGET, or --all for all of them, which --only narrows")
    if command == "exec" and found["target"] and found["format"]:
        parser.error("--format goes with --all; one target's output is passed on as it is")
    if unknown:
        parser.error(f"{unknown[0]!r} is no argument of {command}{_hint(unknown[0])}")
    if command == "completion" and bool(found["shell"]) == found["targets"]:
        parser.error(f"completion needs a shell: {', '.join(SHELLS)}")
    if (found.get("role_arn") or "").startswith("arn:") and not found["profile"]:
        parser.error("assume needs a name for the profile: rolecall assume ARN PROFILE")
    flags = {} if command == "completion" else {o.name: found.get(o.key) for o in options()}
    return Arguments(
        command=command,
        flags={**flags, "CONFIG": found["config"]},
        read=found.get("read", False),
        check=found.get("check", False),
        out=found.get("out") or "",
        role_arn=found.get("role_arn") or "",
        profile=found.get("profile") or "",
        target=found.get("target") or "",
        words=tuple(words),
        everywhere=found.get("all", False),
        format=found.get("format") or "",
        report=_report(parser, found) if command == "report" else None,
        places=tuple(found.get("places") or ()),
        partial=found.get("partial", False),
        clear=found.get("action") == "clear",
        force=found.get("force", False),
        batch=batch_arguments.parsed(parser, found) if command == "plan" else None,
        shell=found.get("shell") or "",
        topic=found.get("topic") or "",
        show=found.get("show", False),
    )


def _report(parser: argparse.ArgumentParser, found: Mapping[str, str | None]) -> ReportArguments:
    form, compare = found["form"] or FORMS[0], found["compare"] or ""
    if compare and form not in COMPARED:
        parser.error(f"--compare is told as {' or '.join(COMPARED)}, not as {form}")
    return ReportArguments(
        folder=found["folder"] or "", form=form, out=found["out"] or "", compare=compare
    )


def _hint(word: str) -> str:
    flags = [option.flag for option in options()]
    near = nearest(word.partition("=")[0].replace("_", "-"), flags)
    return f"; did you mean {near}?" if near else ""
