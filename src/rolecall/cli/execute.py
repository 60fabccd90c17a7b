"""`rolecall exec TARGET -- COMMAND…`: one command in one target."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace

from rolecall.cli.aws import Aws
from rolecall.cli.context import Context, one_of
from rolecall.cli.output import Outlet
from rolecall.cli.run import surroundings
from rolecall.cli.signals import stopping
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
        # As in any pipe: when the reader goes, the command is told to end.
        output = Outlet(lambda error: stop.request(signal.SIGPIPE))
        resolved = context.resolve(
            read_list=aws.read_list,
            organization=aws.organization,
            problems=context.command_problems(),
        )
        target = one_of(resolved.targets, name)
        runner = Runner(
            settings,
            lambda: aws.assumer(resolved),
            Quiet(output, sys.stderr),
            surroundings(context, stop),
        )
        outcome = runner.run([target], resolved.count)
        if outcome.bug:
            print(outcome.bug, file=sys.stderr)
        codes = [c.exit_code for r in outcome.results for c in r.commands if c.exit_code]
        return codes[0] if codes and outcome.exit_code == 1 else outcome.exit_code
