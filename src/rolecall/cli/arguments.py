"""A command line, made into what was asked for."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rolecall.cli import batch_arguments
from rolecall.cli.batch_arguments import BatchArguments
from rolecall.cli.help import WHOLE, Parser
from rolecall.cli.parser import (
    COMPARED,
    FORMS,
    HELP,
    PARALLEL,
    SHELLS,
    made,
    unused,
)
from rolecall.wording import nearest

# What goes with no command.
_OF_ALL = ("-h", "--help", "--version")


@dataclass(frozen=True, kw_only=True, slots=True)
class Arguments:
    """A parsed command line.

    Attributes:
        flags: each option's text, None where it was not given.
        spelt: how a flag was written, by the option's name, where that is not as the option's own.
        implied: what was typed where no command was, which is `run` then; None where one was.
    """

    command: str
    flags: Mapping[str, str | None]
    spelt: Mapping[str, str] = field(default_factory=dict)
    implied: Sequence[str] | None = None
    read: bool = False
    check: bool = False
    out: str = ""
    role_arn: str = ""
    profile: str = ""
    target: str = ""
    words: Sequence[str] = ()
    everywhere: bool = False
    whole: bool = False
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
        compare: where the report of another run is, an earlier one as a rule; or BEFORE.
    """

    folder: str
    form: str
    out: str
    compare: str


def parse(argv: Sequence[str]) -> Arguments:
    """The arguments. Like every argparse program, exits with 2 on a mistake and 0 on --help."""
    words: Sequence[str] | None = None
    if argv[:1] == ["exec"] and "--" in argv:
        cut = argv.index("--")
        argv, words = argv[:cut], argv[cut + 1 :]
    # What `docker run IMAGE` starts when it is given no command.
    first = next(iter(argv), "")
    given = ["run", *argv] if not first or first.startswith("-") else list(argv)
    if first in _OF_ALL:
        given = list(argv)
    if first == "help":
        given = [*argv[1:2], "--help"]
    parser = made(given[0], whole=WHOLE in given)
    if not given[0].startswith("-") and given[0] not in HELP:
        parser.error(f"{given[0]!r} is no command; {_instead(given[0])}")
    namespace, unknown = parser.parse_known_args(given)
    found = vars(namespace)
    command = found["command"]
    own = parser.commands()[command]
    _check(own, found, words, unknown, () if given[0] == first else _OF_ALL)
    flags, spelt = _flags(found)
    return Arguments(
        command=command,
        flags=flags,
        spelt=spelt,
        implied=None if given[0] == first else tuple(argv),
        read=found.get("read", False),
        check=found.get("check", False),
        out=found.get("out") or "",
        role_arn=found.get("role_arn") or "",
        profile=found.get("profile") or "",
        target=found.get("target") or "",
        words=tuple(words or ()),
        everywhere=found.get("all", False),
        whole=found.get("whole", False),
        format=found.get("format") or "",
        report=_report(own, found) if command == "report" else None,
        places=tuple(found.get("places") or ()),
        partial=found.get("partial", False),
        clear=found.get("action") == "clear",
        force=found.get("force", False),
        batch=batch_arguments.parsed(own, found) if "batch" in found else None,
        shell=found.get("shell") or "",
        topic=" ".join(_topic(found, unknown)),
        show=found.get("show", False),
    )


def places(argv: Sequence[str]) -> dict[str, str | None]:
    """REPORT_DIR and CONFIG, as far as a command line gives them in which something is wrong."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--report-dir", nargs="?", dest="REPORT_DIR")
    parser.add_argument("--config", nargs="?", dest="CONFIG")
    return vars(parser.parse_known_args(argv)[0])


def _flags(found: Mapping[str, Any]) -> tuple[dict[str, str | None], dict[str, str]]:
    """The options' text by name, and the names of those that were written otherwise."""
    flags: dict[str, str | None] = {"CONFIG": found["config"]}
    if found["command"] != "completion":
        from rolecall.settings.options import options  # noqa: PLC0415  see `made`

        flags |= {option.name: found.get(option.key) for option in options()}
    if (count := found.get("parallel")) is None:
        return flags, {}
    return flags | {"MAX_PARALLEL": count}, {"MAX_PARALLEL": PARALLEL}


def _topic(found: Mapping[str, Any], unknown: Sequence[str]) -> Sequence[str]:
    """What `explain` is asked: an option may be named by its flag, which is none of explain's."""
    return (*found.get("topic", ()), *unknown)


def _check(
    parser: Parser,
    found: Mapping[str, Any],
    words: Sequence[str] | None,
    unknown: Sequence[str],
    others: Sequence[str],
) -> None:
    """What argparse does not see by itself. The parser is the command's own.

    Args:
        words: what stands behind `--`; None where there is none.
        others: what would do in the place of a flag, beside those of the parser.
    """
    command = found["command"]
    if unmeant := [*_empty(parser, found), *_nothing(words), *_of_no_use(command, found)]:
        parser.error("\n  ".join(unmeant))
    alone = words is None and found.get("target") and not found["all"] and not unknown
    if command == "exec" and not alone and not words:
        parser.error("exec needs a command after `--`: rolecall exec TARGET -- COMMAND…")
    if command == "exec" and bool(found["target"]) == found["all"]:
        parser.error("exec needs one TARGET, or --all for all of them, which --only narrows")
    if command == "exec" and found["target"] and found["format"]:
        parser.error("--format goes with --all; one target's output is passed on as it is")
    if command == "exec" and None not in (found["parallel"], found["max_parallel"]):
        parser.error(f"{PARALLEL} and --max-parallel are the same; give one of them")
    if unknown and command != "explain":
        # The words that are no flags may be the values of those that are none either.
        wrong = [word for word in unknown if word.startswith("-")] or unknown[:1]
        hints = ((word, _hint(parser, word, others)) for word in wrong)
        parser.error("\n  ".join(f"{word!r} is no argument of {command}{h}" for word, h in hints))
    if command == "completion" and bool(found["shell"]) == found["targets"]:
        parser.error(f"completion needs a shell: {', '.join(SHELLS)}")
    if found.get("show") and found["batch"]:
        parser.error("--print shows rolecall.yml alone; for a batch there is plan --batch")
    if (found.get("role_arn") or "").startswith("arn:") and not found["profile"]:
        parser.error("assume needs a name for the profile: rolecall assume ARN PROFILE")


def _empty(parser: Parser, found: Mapping[str, Any]) -> Iterator[str]:
    """The arguments that are given and empty, but for options: of those more is to be said."""
    shared = {action.dest for action in parser.settings}
    for action in parser._actions:  # noqa: SLF001  argparse has no other way to them
        value = found.get(action.dest)
        texts = value if isinstance(value, list) else [value]
        if action.dest not in shared and any(isinstance(t, str) and not t.strip() for t in texts):
            name = next(iter(action.option_strings), action.metavar)
            yield f"{name} is given and empty; write a value, or leave it out"


def _nothing(words: Sequence[str] | None) -> Iterator[str]:
    """One word is a script, of which a shell may find nothing to do."""
    if words and len(words) == 1:
        from rolecall.settings.documents import does_nothing  # noqa: PLC0415  see `made`

        if does_nothing(words[0]):
            yield f"COMMAND is {words[0]!r}, of which a shell does nothing; write what is to be run"


def _of_no_use(command: str, found: Mapping[str, Any]) -> Iterator[str]:
    """The flags of options that the command would pass over: whoever gives one means it."""
    one = bool(found.get("target") or found.get("role_arn"))
    for option in unused(command, one=one):
        if found.get(option.key) is not None:
            goes_with = "--all" if command == "exec" and option.name == "SHARD" else "run and plan"
            yield f"{option.flag} changes nothing about {command}; it goes with {goes_with}"


def _instead(word: str) -> str:
    near = nearest(word, HELP)
    return f"did you mean {near}?" if near else f"the commands are {', '.join(HELP)}"


def _report(parser: argparse.ArgumentParser, found: Mapping[str, str | None]) -> ReportArguments:
    form, compare = found["form"] or FORMS[0], found["compare"] or ""
    if compare and form not in COMPARED:
        parser.error(f"--compare takes --format {' or '.join(COMPARED)}, not {form}")
    return ReportArguments(
        folder=found["folder"] or "", form=form, out=found["out"] or "", compare=compare
    )


def _hint(parser: argparse.ArgumentParser, word: str, others: Sequence[str]) -> str:
    actions = parser._actions  # noqa: SLF001  argparse has no other way to them
    flags = [flag for action in actions for flag in action.option_strings]
    near = nearest(word.partition("=")[0].replace("_", "-"), [*flags, *others])
    return f"; did you mean {near}?" if near else ""
