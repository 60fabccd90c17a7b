"""The command line: commands of its own, options from the one declaration."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import rolecall
from rolecall.settings.options import Option, options
from rolecall.settings.reference import default_text

_EPILOG = """\
Every option is also a variable, ROLECALL_<NAME>, and a key of rolecall.yml; a flag wins over a
variable, a variable over the file. `rolecall config` shows each with its value.

exit codes: 0 all succeeded; 1 a target failed; 2 the configuration is wrong; 3 nothing to do;
4 a role could not be assumed; 70 a bug; 130/143 interrupted
"""
_HELP = {
    "run": "check, assume every role, deploy to each target in turn, report",
    "plan": "print what run would do, and call nothing",
    "assume": "assume a role and store it as a profile in your AWS files",
    "exec": "run one command in one target",
    "config": "print every option, its value and where it came from",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Arguments:
    """A parsed command line. `flags` has each option's text, None where it was not given."""

    command: str
    flags: Mapping[str, str | None]
    check: bool = False
    role_arn: str = ""
    profile: str = ""
    target: str = ""
    words: Sequence[str] = ()


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
    found = vars(parser.parse_args(given))
    command = found["command"]
    if command == "exec" and not words:
        parser.error("exec needs a command after `--`: rolecall exec TARGET -- COMMAND…")
    if command == "assume" and bool(found["role_arn"]) != bool(found["profile"]):
        parser.error("assume takes a role's ARN and a profile's name, or neither")
    flags = {option.name: found.get(option.key) for option in options()}
    return Arguments(
        command=command,
        flags={**flags, "CONFIG": found["config"]},
        check=found.get("check", False),
        role_arn=found.get("role_arn") or "",
        profile=found.get("profile") or "",
        target=found.get("target") or "",
        words=tuple(words),
    )


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
            name, help=text, description=text.capitalize() + ".", epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
        )  # fmt: skip
        _add_own(name, command)
        command.add_argument(
            "--config", metavar="FILE", help="the settings file, by default ./rolecall.yml"
        )
        group = command.add_argument_group("options")
        for option in options():
            _add_option(group, option)
    return parser


def _add_own(name: str, command: argparse.ArgumentParser) -> None:
    if name == "plan":
        command.add_argument(
            "--check",
            action="store_true",
            help="also assume every role, and verify its account",
        )
    if name == "assume":
        command.add_argument("role_arn", nargs="?", metavar="ARN", help="the role to assume")
        command.add_argument(
            "profile", nargs="?", metavar="PROFILE", help="the profile to store it as"
        )
    if name == "exec":
        command.usage = "rolecall exec [options] TARGET -- COMMAND…"
        command.add_argument("target", metavar="TARGET", help="the target's name")


def _add_option(group: argparse._ArgumentGroup, option: Option) -> None:
    text = option.help.replace("%", "%%")
    if default_text(option):
        text += f" (default: {default_text(option)})".replace("%", "%%")
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
        group.add_argument(
            option.flag, metavar=option.kind.name.upper().split()[0], dest=option.key, help=text
        )
