"""`rolecall exec TARGET -- COMMAND…`: one command in one target."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace

from rolecall.cli.aws import Aws
from rolecall.cli.context import Context
from rolecall.cli.run import surroundings
from rolecall.cli.signals import stopping
from rolecall.errors import ConfigError, Problem
from rolecall.report.quiet import Quiet
from rolecall.runner import Runner
from rolecall.settings.documents import Commands


def command(context: Context, *, name: str, words: Sequence[str]) -> int:
    """Runs the command; returns its exit code, or the documented one if it was not run.

    One word is a script, as with ssh; several are a command and its arguments, as with docker.
    """
    script = words[0] if len(words) == 1 else shlex.join(words)
    settings = replace(
        context.settings, commands=Commands((script,)), before=Commands(), after=Commands()
    )
    context.loaded = replace(context.loaded, settings=settings)
    with stopping() as stop:
        aws = Aws(context, stop, stream=sys.stderr)
        resolved = context.resolve(read_list=aws.read_list, problems=context.command_problems())
        chosen = [t for t in resolved.targets if name in (t.name, t.account_id)]
        if len(chosen) != 1:
            raise ConfigError([Problem("TARGET", _wrong(name, chosen, resolved.targets))])
        runner = Runner(
            settings,
            lambda: aws.assumer(resolved),
            Quiet(sys.stdout.buffer, sys.stderr),
            surroundings(context, aws.mask, stop),
        )
        outcome = runner.run(chosen)
        if outcome.bug:
            print(outcome.bug, file=sys.stderr)
        codes = [c.exit_code for r in outcome.results for c in r.commands if c.exit_code]
        return codes[0] if codes and outcome.exit_code == 1 else outcome.exit_code


def _wrong(name: str, chosen: Sequence[object], targets: Sequence[object]) -> str:
    names = ", ".join(getattr(target, "name", "") for target in targets)
    if chosen:
        return f"{name!r} is the account of several targets; name one of {names}"
    return f"{name!r} is no target; there are {names}"
