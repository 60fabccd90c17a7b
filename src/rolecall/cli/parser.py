"""What argparse is told: the commands, what is each one's own, and the options of the settings."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import rolecall
from rolecall.cli import batch_arguments
from rolecall.cli.help import EXIT_CODES, FIRST, OPTIONS, OPTIONS_FIRST, WHOLE, Parser

if TYPE_CHECKING:
    from rolecall.settings.options import Option

FORMS = ("text", "md", "html", "junit", "json")
# Those that two runs can be compared in.
COMPARED = FORMS[:2]
# What `--compare` without a folder stands for: nobody can type it.
BEFORE = "\0before"
# By what they are for, in the order in which somebody new comes to need them.
_SECTIONS: Mapping[str, Mapping[str, str]] = {
    "to deploy": {
        "init": "write a rolecall.yml, a buildspec and a pipeline's stage",
        "run": "check, assume every role, deploy to each target in turn, report",
        "plan": "print what run would do, and call nothing",
        "report": "show the report of a run again, in any form, or beside another's",
    },
    "to work in one account, or in all": {
        "assume": "assume a role and store it as a profile in your AWS files",
        "exec": "run one command in one target, or in all; or a shell in one",
    },
    "where a run takes several tries or builds": {
        "state": "show what STATE remembers of runs, or clear it",
        "merge": "join the reports of many builds into one, with one exit code",
    },
    "to look something up": {
        "config": "print what is set and where it came from, or every option",
        "explain": "show what an option is, or what a message means and what to do",
        "completion": "print what makes bash, zsh or fish complete rolecall's words",
    },
}
HELP = {name: text for commands in _SECTIONS.values() for name, text in commands.items()}
# What `exec` calls --max-parallel, which it takes too.
PARALLEL = "--parallel"
SHELLS = ("bash", "zsh", "fish")
# What has no use for the options of a run.
_WITHOUT_SETTINGS = frozenset({"report", "merge", "completion", "explain"})

# Commands that show few options, and take all.
_FEW = frozenset({"config", "state"})
_OF_STATE = frozenset({"STATE", "RUN_ID", "EXECUTION_ID"})
# Of the options that are of use to `run` and `plan` only, what these commands heed all the same:
# which targets, how many at once, and what tells one run of a pipeline from another.
_HEEDED: Mapping[str, frozenset[str]] = {
    "exec": frozenset(
        {
            "MAX_PARALLEL",
            "WAVES",
            "ON_FAILURE",
            "MAX_FAILURES",
            "FAILURES_PER",
            "CONCURRENCY_MODE",
            "REGION_CONCURRENCY",
            "SHARD",
            "PREFLIGHT",
        }
    ),
    "assume": frozenset({"WAVES", "SHARD", "PREFLIGHT"}),
    "state": _OF_STATE | {"COMMANDS", "BEFORE", "AFTER"},
}


def made(only: str | None = None, *, whole: bool = True) -> Parser:
    """The parser of the whole command line.

    Args:
        only: the command whose arguments are wanted; the others have their names alone, which is
            quicker by far. None for all.
        whole: whether help has every option, or those that a first pipeline needs.
    """
    parser = Parser(
        prog="rolecall",
        usage="rolecall COMMAND [options]",
        description="Assume every target role, deploy to each account, report who answered.",
        epilog=FIRST + EXIT_CODES,
    )
    parser.sections = _SECTIONS
    parser.add_argument("--version", action="version", version=f"rolecall {rolecall.__version__}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, prog="rolecall"
    )
    for name, text in HELP.items():
        command = commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", epilog=EXIT_CODES
        )
        command.usage = f"rolecall {name} [options]"
        if only not in (None, name):
            continue
        _add_own(name, command, whole=whole)
        _add_to_look_up(name, command)
        command.add_argument(
            "--config", metavar="FILE", help="the settings file, by default ./rolecall.yml"
        )
        more = "show every option" if name not in _WITHOUT_SETTINGS else argparse.SUPPRESS
        command.add_argument(WHOLE, action="help", help=more)
        if name not in _WITHOUT_SETTINGS:
            _add_settings(name, command, whole=whole)
    return parser


def unused(command: str, *, one: bool) -> Iterator[Option]:
    """The options that a command takes and passes over.

    Args:
        one: whether it is about one target that is named, so that none are to be divided.
    """
    if command not in _HEEDED:
        return
    from rolecall.settings.options import options  # noqa: PLC0415  see _add_settings

    heeded = _HEEDED[command] - ({"SHARD"} if one else set())
    yield from (option for option in options() if option.run_only and option.name not in heeded)


def _add_own(name: str, command: Parser, *, whole: bool) -> None:
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
            "--format", choices=("text", "json"), help="how to show it (default: text)"
        )
        command.add_argument(
            "--out",
            metavar="FILE",
            help="write the plan to a file that `run --plan` takes; with --batch, write that there",
        )
        batch_arguments.add(command, "write a CodeBuild batch in place of the plan", whole=whole)
        text = "whose phases each build runs (default: buildspec.yml)"
        command.add_argument(
            "--buildspec", metavar="FILE", help=text if whole else argparse.SUPPRESS
        )
    if name == "assume":
        command.usage = "rolecall assume [options] [ARN PROFILE | TARGET]"
        command.add_argument(
            "role_arn", nargs="?", metavar="ARN", help="the role, or the name of a target"
        )
        command.add_argument(
            "profile", nargs="?", metavar="PROFILE", help="the profile to store it as"
        )
    if name == "exec":
        command.usage = "rolecall exec [options] TARGET [-- COMMAND…] | --all -- COMMAND…"
        command.add_argument(
            "target",
            nargs="?",
            metavar="TARGET",
            help="a target's name, account id or role ARN, with /REGION behind it in that region"
            " alone; where none is configured, any role ARN; without a command, a shell there",
        )
        command.add_argument("--all", action="store_true", help="in every target, see --only")
        command.add_argument(
            PARALLEL, metavar="COUNT", help="in how many at once, as a"
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
            "--compare",
            nargs="?",
            const=BEFORE,
            metavar="DIR",
            help="what differs from the run whose report is there (default: the failed run before)",
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
    if name == "state":
        command.usage = "rolecall state [options] [clear]"
        command.add_argument(
            "action", nargs="?", choices=("clear",), help="remove what is shown without it"
        )
        command.add_argument(
            "--force", action="store_true", help="with clear: also what a run holds"
        )
        command.add_argument(
            "--format", choices=("text", "json"), help="how to show it (default: text)"
        )
    if name == "init":
        command.add_argument("--force", action="store_true", help="write over files that are there")
        command.add_argument(
            "--print",
            action="store_true",
            dest="show",
            help="print rolecall.yml, and write nothing",
        )
        batch_arguments.add(command, "also write what a CodeBuild batch needs", whole=whole)


def _add_to_look_up(name: str, command: Parser) -> None:
    if name == "config":
        command.add_argument(
            "--all", action="store_true", dest="whole", help="every option, and what it is for"
        )
    if name == "explain":
        command.usage = "rolecall explain [TOPIC | OPTION]"
        command.add_argument(
            "topic",
            nargs="*",
            metavar="TOPIC",
            help="as errors name it, an option, words of a message, or an exit code",
        )
    if name == "completion":
        command.usage = "rolecall completion SHELL"
        command.add_argument(
            "shell", nargs="?", metavar="SHELL", choices=SHELLS, help="|".join(SHELLS)
        )
        # What the scripts ask for when a target is to be completed.
        command.add_argument("--targets", action="store_true", help=argparse.SUPPRESS)


def _add_settings(name: str, command: Parser, *, whole: bool) -> None:
    from rolecall.settings.options import GROUPS, options  # noqa: PLC0415  0.03 s, most of it all

    groups = {title: command.add_argument_group(title) for title in GROUPS}
    command.epilog = (OPTIONS if whole or name in _FEW else OPTIONS_FIRST) + EXIT_CODES
    passed_over = set(unused(name, one=False)) if whole else set()
    for option in options():
        shown = option not in passed_over if whole else _is_first(name, option)
        text = _text(option, whole=whole) if shown else argparse.SUPPRESS
        command.settings += _added(groups[option.group], option, text)


def _is_first(command: str, option: Option) -> bool:
    """Whether it stands on the first screen of a command's help."""
    if command == "state":
        return option.name in _OF_STATE
    known = not option.run_only or command in ("run", "plan", "init")
    return bool(option.brief) and known and command not in _FEW


def _text(option: Option, *, whole: bool) -> str:
    from rolecall.settings.reference import default_text  # noqa: PLC0415  see _add_settings

    text, default = option.brief or option.help, default_text(option)
    if whole:
        text = option.help
    return (f"{text} (default: {default})" if default else text).replace("%", "%%")


def _added(group: argparse._ArgumentGroup, option: Option, text: str) -> Iterator[argparse.Action]:
    """The flags of an option."""
    if option.kind.name == "true/false":
        yield group.add_argument(
            option.flag, nargs="?", const="true", metavar="BOOL", dest=option.key, help=text
        )
        yield group.add_argument(
            option.flag.replace("--", "--no-", 1),
            action="store_const",
            const="false",
            dest=option.key,
            help=argparse.SUPPRESS,
        )
        return
    words = getattr(option.kind, "words", ())
    metavar = f"{{{','.join(words)}}}" if words else option.kind.name.upper().split()[0]
    yield group.add_argument(option.flag, metavar=metavar, dest=option.key, help=text)
