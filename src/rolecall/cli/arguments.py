"""The command line: commands of its own, options from the one declaration."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import rolecall
from rolecall.cli import batch_arguments
from rolecall.cli.batch_arguments import BatchArguments
from rolecall.settings.options import Option, options
from rolecall.settings.reference import default_text
from rolecall.wording import nearest

FORMS = ("text", "md", "html", "junit", "json")
# Those that two runs can be compared in.
COMPARED = FORMS[:2]
_EPILOG = """\
Every option is also a variable, ROLECALL_<NAME>, and a key of rolecall.yml; a
flag wins over a variable, a variable over the file. `rolecall config` shows
each with its value.

exit codes: 0 all succeeded; 1 a target failed; 2 the configuration is wrong;
3 nothing to do; 4 a role could not be assumed; 70 a bug; 130/143 interrupted
"""
_HELP = {
    "run": "check, assume every role, deploy to each target in turn, report",
    "plan": "print what run would do, and call nothing",
    "assume": "assume a role and store it as a profile in your AWS files",
    "exec": "run one command in one target, or in all",
    "report": "show the report of a run again, in any form, or beside another run's",
    "merge": "join the reports of many builds into one, with the exit code of the whole",
    "config": "print every option, its value and where it came from",
}


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
    parser = _parser()
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
    if (found.get("role_arn") or "").startswith("arn:") and not found["profile"]:
        parser.error("assume needs a name for the profile: rolecall assume ARN PROFILE")
    flags = {option.name: found.get(option.key) for option in options()}
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
        batch=batch_arguments.parsed(parser, found) if command == "plan" else None,
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rolecall",
        description="Assume every target role, deploy to each account, report who answered.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"rolecall {rolecall.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in _HELP.items():
        command = commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
        )  # fmt: skip
        command.usage = f"rolecall {name} [options]"
        _add_own(name, command)
        command.add_argument(
            "--config", metavar="FILE", help="the settings file, by default ./rolecall.yml"
        )
        if name in ("report", "merge"):
            continue
        group = command.add_argument_group("settings")
        for option in options():
            shown = name in ("run", "plan") or not (option.run_only or name == "config")
            _add_option(group, option, shown=shown)
    return parser


def _add_own(name: str, command: argparse.ArgumentParser) -> None:
    if name == "plan":
        command.add_argument(
            "--read",
            action="store_true",
            help="also read lists and the organisation in AWS",
        )
        command.add_argument(
            "--check",
            action="store_true",
            help="the same, and assume every role and verify its account",
        )
        command.add_argument(
            "--out",
            metavar="FILE",
            help="write the plan to a file that `run --plan` takes; with --batch, write that there",
        )
        batch_arguments.add(command)
    if name == "assume":
        command.usage = "rolecall assume [options] [ARN PROFILE | TARGET]"
        command.add_argument(
            "role_arn", nargs="?", metavar="ARN", help="the role, or the name of a target"
        )
        command.add_argument(
            "profile", nargs="?", metavar="PROFILE", help="the profile to store it as"
        )
    if name == "exec":
        command.usage = "rolecall exec [options] TARGET | --all -- COMMAND…"
        command.add_argument("target", nargs="?", metavar="TARGET", help="the target's name")
        command.add_argument("--all", action="store_true", help="in every target, see --only")
        command.add_argument(
            "--parallel", metavar="COUNT", dest="max_parallel", help="in how many at once, as a"
            " count or a share (default: MAX_PARALLEL)",
        )  # fmt: skip
        command.add_argument(
            "--format",
            choices=("grouped", "json"),
            help="with --all: a block of output for each target (default), or a JSON object a line",
        )
    if name == "report":
        command.usage = "rolecall report [options] [DIR]"
        command.add_argument(
            "folder", nargs="?", metavar="DIR", help="where the report is, by default REPORT_DIR"
        )
        command.add_argument(
            "--format", choices=FORMS, dest="form", help=f"how to show it (default: {FORMS[0]})"
        )
        command.add_argument("--out", metavar="FILE", help="write it there, not to standard output")
        command.add_argument(
            "--compare", metavar="DIR", help="what differs from the run whose report is there"
        )
    if name == "merge":
        command.usage = "rolecall merge [options] DIR…"
        command.add_argument(
            "places", nargs="+", metavar="DIR", help="folders with reports below, files, patterns"
        )
        command.add_argument(
            "--out", metavar="DIR", help="where to write the report, by default REPORT_DIR"
        )
        command.add_argument(
            "--partial", action="store_true", help="targets that no report tells of are well"
        )


def _add_option(group: argparse._ArgumentGroup, option: Option, *, shown: bool) -> None:
    text = option.help.replace("%", "%%")
    if default_text(option):
        text += f" (default: {default_text(option)})".replace("%", "%%")
    text = text if shown else argparse.SUPPRESS
    if option.kind.name == "true/false":
        group.add_argument(
            option.flag, nargs="?", const="true", metavar="BOOL", dest=option.key, help=text
        )
        group.add_argument(
            option.flag.replace("--", "--no-", 1),
            action="store_const",
            const="false",
            dest=option.key,
            help=argparse.SUPPRESS,
        )
    else:
        words = getattr(option.kind, "words", ())
        metavar = f"{{{','.join(words)}}}" if words else option.kind.name.upper().split()[0]
        group.add_argument(option.flag, metavar=metavar, dest=option.key, help=text)
