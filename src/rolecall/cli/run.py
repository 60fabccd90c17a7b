"""`rolecall run`: the main job."""

from __future__ import annotations

import sys
from pathlib import Path

from rolecall import logs
from rolecall.cli.aws import Aws
from rolecall.cli.context import Context, colour
from rolecall.cli.signals import stopping
from rolecall.errors import FileError, Problem
from rolecall.files import make_folder
from rolecall.report import record
from rolecall.report.console import Console
from rolecall.report.events import Events
from rolecall.report.view import View
from rolecall.results import Outcome
from rolecall.runner import Runner, Surroundings
from rolecall.secret import Mask
from rolecall.stop import Stop


def command(context: Context) -> int:
    """Deploys to every target; returns the exit code."""
    with stopping() as stop:
        aws = Aws(context, stop)
        resolved = context.resolve(read_list=aws.read_list, problems=_problems(context))
        view = make_view(context)
        view.planned(context.settings, resolved.targets)
        runner = Runner(
            context.settings,
            lambda: aws.assumer(resolved),
            view,
            surroundings(context, aws.mask, stop),
        )
        outcome = runner.run(resolved.targets)
        report = _write_report(context, outcome, aws.mask)
        view.finished(outcome, report)
        if outcome.bug:
            print(outcome.bug, file=sys.stderr)
            print("rolecall: this is a bug; please report the trace above", file=sys.stderr)
        return outcome.exit_code


def surroundings(context: Context, mask: Mask, stop: Stop) -> Surroundings:
    return Surroundings(
        environ=context.environ,
        folder=context.folder,
        shell=context.shell,
        mask=mask,
        stop=stop,
    )


def make_view(context: Context) -> View:
    """The view that LOG_FORMAT asks for."""
    if context.settings.log_format == "json":
        return Events(logs.events(sys.stdout))
    return Console(sys.stdout.buffer, colour=colour(context.environ))


def _problems(context: Context) -> list[Problem]:
    problems = context.command_problems()
    try:
        make_folder(_report_folder(context), record.FOLDER)
    except FileError as error:
        problems.append(
            Problem("ROLECALL_REPORT_DIR", f"{error}; write a folder that this user may write")
        )
    return problems


def _report_folder(context: Context) -> Path:
    return context.folder / context.settings.report_dir


def _write_report(context: Context, outcome: Outcome, mask: Mask) -> str:
    try:
        path = record.write(_report_folder(context), outcome, mask)
    except FileError as error:
        print(f"rolecall: no report: {error}", file=sys.stderr)
        return ""
    return str(path.relative_to(context.folder) if path.is_relative_to(context.folder) else path)
