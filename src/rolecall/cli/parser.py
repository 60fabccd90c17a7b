"""What argparse is told: the commands, what is each one's own, and the options of the settings."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import rolecall
from rolecall.cli import batch_arguments

if TYPE_CHECKING:
    from rolecall.settings.options import Option

FORMS = ("text", "md", "html", "junit", "json")
# Those that two runs can be compared in.
COMPARED = FORMS[:2]
_EPILOG = """\
Every option is also a variable, ROLECALL_<NAME>, and a key of rolecall.yml; a
flag wins over a variable, a variable over the file. `rolecall config` shows
each with its value.

exit codes: 0 all succeeded; 1 a target failed; 2 the configuration is wrong;
3 nothing to do; 4 a role could not be assumed; 70 a bug; 129/130/131/143
interrupted by SIGHUP, SIGINT (Ctrl-C), SIGQUIT, SIGTERM
"""
HELP = {
    "init": "write a rolecall.yml, a buildspec and a pipeline's stage to begin with",
    "run": "check, assume every role, deploy to each target in turn, report",
    "plan": "print what run would do, and call nothing",
    "assume": "assume a role and store it as a profile in your AWS files",
    "exec": "run one command in one target, or in all; or a shell in one",
    "report": "show the report of a run again, in any form, or beside another run's",
    "merge": "join the reports of many builds into one, with the exit code of the whole",
    "state": "show what STATE remembers of runs, or clear it",
    "config": "print every option, its value and where it came from",
    "explain": "show what a message means, and what to do",
    "completion": "print what makes bash, zsh or fish complete the words of rolecall",
}
# What `exec` calls --max-parallel, which it takes too.
PARALLEL = "--parallel"
SHELLS = ("bash", "zsh", "fish")
# What has no use for the options of a run.
_WITHOUT_SETTINGS = frozenset({"report", "merge", "completion", "explain"})

# Commands that show few options, and take all.
_FEW = frozenset({"config", "state"})
_SETTINGS = "settings"
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


def made(only: str | None = None) -> argparse.ArgumentParser:
    """The parser of the whole command line.

    Args:
        only: the command whose arguments are wanted; the others have their names alone, which is
            quicker by far. None for all.
    """
    parser = argparse.ArgumentParser(
        prog="rolecall",
        description="Assume every target role, deploy to each account, report who answered.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"rolecall {rolecall.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in HELP.items():
        command = commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
        )  # fmt: skip
        command.usage = f"rolecall {name} [options]"
        if only not in (None, name):
            continue
        _add_own(name, command)
        command.add_argument(
            "--config", metavar="FILE", help="the settings file, by default ./rolecall.yml"
        )
        if name in _WITHOUT_SETTINGS:
            continue
        _add_settings(name, command)
    return parser


def commands(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The parser of each command, by its name."""
    found = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))  # noqa: SLF001
    return dict(found.choices)


def settings(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """The flags of a command's parser that are options of the settings."""
    groups = (group for group in parser._action_groups if group.title == _SETTINGS)  # noqa: SLF001
    return [action for group in groups for action in group._group_actions]  # noqa: SLF001


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
        batch_arguments.add(command, "write a CodeBuild batch in place of the plan")
        command.add_argument(
            "--buildspec",
            metavar="FILE",
            help="whose phases each build runs (default: buildspec.yml)",
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
        batch_arguments.add(command, "also write what a CodeBuild batch needs")
    if name == "explain":
        command.usage = "rolecall explain [TOPIC]"
        command.add_argument(
            "topic",
            nargs="*",
            metavar="TOPIC",
            help="as errors name it, words of the message, or an exit code",
        )
    if name == "completion":
        command.usage = "rolecall completion SHELL"
        command.add_argument(
            "shell", nargs="?", metavar="SHELL", choices=SHELLS, help="|".join(SHELLS)
        )
        # What the scripts ask for when a target is to be completed.
        command.add_argument("--targets", action="store_true", help=argparse.SUPPRESS)


def _add_settings(name: str, command: argparse.ArgumentParser) -> None:
    from rolecall.settings.options import options  # noqa: PLC0415  0.03 s, more than all the rest

    group = command.add_argument_group(_SETTINGS)
    for option in options():
        shown = name in ("run", "plan", "init") or not (option.run_only or name in _FEW)
        shown = shown or (name == "state" and option.name in _OF_STATE)
        _add_option(group, option, shown=shown)


def _add_option(group: argparse._ArgumentGroup, option: Option, *, shown: bool) -> None:
    from rolecall.settings.reference import default_text  # noqa: PLC0415  see _add_settings

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
