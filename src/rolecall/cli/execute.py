"""`rolecall exec TARGET -- COMMAND…`: a command or a shell in one target, or a command in all."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from rolecall import errors
from rolecall.cli import given
from rolecall.cli.aws import Aws
from rolecall.cli.context import Context, colour
from rolecall.cli.output import Outlet, one_place
from rolecall.cli.run import surroundings
from rolecall.cli.signals import stopping
from rolecall.commands.stdin import Stdin
from rolecall.commands.workspace import SHARED
from rolecall.errors import Problem
from rolecall.report.grouped import Blocks, Grouped, JsonLines
from rolecall.report.quiet import Apart, Quiet
from rolecall.report.view import View
from rolecall.results import Outcome
from rolecall.runner import Runner
from rolecall.settings import Settings
from rolecall.settings.documents import Commands
from rolecall.settings.sources import Raw
from rolecall.wording import harmless


def command(context: Context, *, name: str, words: Sequence[str]) -> int:
    """Runs the command in one target; returns its exit code, or the documented one if not run.

    Args:
        words: none for a shell.
    """
    stdin = given.for_one()
    problems: list[Problem] = []
    if not words:
        script, problems = given.shell(context.environ, context.settings.shell)
        words = [script]
    context.loaded = replace(context.loaded, settings=_with(context.settings, words))
    view_on = partial(_quiet, seen=stdin.shown)
    outcome = _run(context, view_on, name, stdin=stdin, problems=problems)
    codes = [c.exit_code for r in outcome.results for c in r.commands if c.exit_code]
    return codes[0] if codes and outcome.exit_code == errors.TARGET_FAILED else outcome.exit_code


def _quiet(output: Outlet, *, seen: bool) -> View:
    """Two streams as the command has them; where both go to one place, one keeps their order."""
    if one_place():
        return Quiet(output, sys.stderr, seen=seen)
    return Apart(output, sys.stderr, Outlet(lambda error: None, beside=True), seen=seen)


def everywhere(context: Context, *, words: Sequence[str], form: str) -> int:
    """Runs the command in every target that ONLY and SHARD leave; returns the exit code.

    A target that fails, or whose role can't be assumed, keeps no other from its turn, unless the
    user has said how many may fail.
    """
    settings = replace(_with(context.settings, words), preflight=False)
    if not {"ON_FAILURE", "MAX_FAILURES"} & context.loaded.given.keys():
        settings = replace(settings, on_failure="continue")
    context.loaded = replace(context.loaded, settings=settings)
    stdin, problems = given.for_all()
    as_json = form == "json"
    form_of = JsonLines(context.mask) if as_json else Blocks(colour=colour(context.environ))
    view_on = partial(_grouped, form_of)
    return _run(context, view_on, stdin=stdin, problems=problems).exit_code


def _grouped(form: Blocks | JsonLines, output: Outlet) -> View:
    return Grouped(form, output, sys.stderr)


def _with(settings: Settings, words: Sequence[str]) -> Settings:
    """One word is a script, as with ssh; several are a command and its words, as with docker."""
    script = words[0] if len(words) == 1 else shlex.join(words)
    return replace(
        settings,
        commands=Commands((script,)),
        before=Commands(),
        after=Commands(),
        # What it writes is wanted where it was typed; most of the time it only asks.
        workspace=settings.workspace or SHARED,
    )


def _run(
    context: Context,
    view_on: Callable[[Outlet], View],
    name: str = "",
    *,
    stdin: Stdin,
    problems: Iterable[Problem] = (),
) -> Outcome:
    """What became of it in the target of that name, or in all."""
    with stopping() as stop:
        aws = Aws(context, stop, stream=sys.stderr)
        if name.startswith("arn:") and not context.loaded.names_targets:
            context.loaded = context.loaded.with_target(
                Raw(value=[{"role_arn": name}], origin="argument", place="TARGET")
            )
        # As in any pipe: when the reader goes, the command is told to end.
        output = Outlet(lambda error: stop.request(signal.SIGPIPE), stop=stop)
        resolved = context.resolve(
            read_list=aws.read_list,
            organization=aws.organization,
            problems=[*problems, *context.command_problems()],
            name=name,
        )
        view = view_on(output)
        runner = Runner(
            context.settings,
            lambda: aws.assumer(resolved),
            view,
            replace(surroundings(context, stop), stdin=stdin),
        )
        outcome = runner.run(resolved.targets, resolved.count)
        view.finished(outcome, "")
        if outcome.bug:
            print(harmless(outcome.bug), file=sys.stderr)
        return outcome
