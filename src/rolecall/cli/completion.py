"""`rolecall completion SHELL`: a script that completes what argparse knows, made by shtab."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from rolecall import explanations
from rolecall.cli import parser
from rolecall.cli.context import Context
from rolecall.cli.output import TextOutlet, outlet
from rolecall.errors import SUCCEEDED, RolecallError
from rolecall.settings.options import options

_FILES = frozenset({"buildspec", "config", "plan"})
_FOLDERS = frozenset({"compare", "folder", "places", "report_dir"})
_TARGETS = frozenset({"only", "role_arn", "target"})
_ASK = "rolecall completion --targets 2>/dev/null"
# The names of targets change with the folder: the shells ask for them when they are wanted. In a
# list, as --only takes it, the last one is completed.
_COMPLETE_TARGETS = {
    "bash": "_rolecall_targets",
    "zsh": "_rolecall_targets",
    "fish": f"(__fish_complete_list , '{_ASK}')",
    "preamble": {
        "bash": "_rolecall_targets() {\n"
        '  local before=${1%"${1##*,}"}\n'
        f'  compgen -P "$before" -W "$({_ASK})" -- "${{1##*,}}"\n'
        "}\n",
        "zsh": "_rolecall_targets() {\n"
        "  compset -P '*,'\n"
        f'  compadd -- ${{(f)"$({_ASK})"}}\n'
        "}\n",
    },
}


def command(context: Context, *, shell: str) -> int:
    """Prints the script for a shell; without one, the names of the targets."""
    output = TextOutlet(outlet())
    if shell:
        output.write(script(shell))
    else:
        output.write("".join(f"{name}\n" for name in _target_names(context)))
    return SUCCEEDED


def script(shell: str) -> str:
    """What the shell reads. Its words, but for targets, are those of this version of rolecall."""
    import shtab  # noqa: PLC0415  nothing else needs it

    top = parser.made()
    for command in top.commands().values():
        for action in command._actions:  # noqa: SLF001  argparse has no other way to them
            _complete(action)
    text: str = shtab.complete(top, shell)
    return text


def _complete(action: argparse.Action) -> None:
    """Tells shtab what an argument takes, where argparse's own choices don't."""
    import shtab  # noqa: PLC0415  as above

    kinds = {option.key: option.kind for option in options()}
    words = getattr(kinds.get(action.dest), "words", ())
    if action.dest in _FILES or (action.dest == "out" and action.metavar == "FILE"):
        action.complete = shtab.FILE  # type: ignore[attr-defined]
    elif action.dest in _FOLDERS or action.dest == "out":
        action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    elif action.dest in _TARGETS:
        action.complete = _COMPLETE_TARGETS  # type: ignore[attr-defined]
    elif words and action.nargs is None:
        action.choices = words
    elif action.dest == "topic":
        action.choices = (*explanations.topics(), *(option.name for option in options()))
    elif action.metavar == "BOOL":
        action.choices = ("true", "false")


def _target_names(context: Context) -> Iterator[str]:
    """Those that are known without a call to AWS. A mistake is for other commands to tell."""
    try:
        resolved = context.resolve(read_list=None, needs_region=False, may_be_empty=True)
    except RolecallError:
        return
    yield from dict.fromkeys(target.name for target in resolved.targets)
