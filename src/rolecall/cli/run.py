"""`rolecall run`: the main job."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rolecall import logs
from rolecall.approval.record import commands_digest
from rolecall.aws_files import OwnProfile
from rolecall.aws_variables import Inherited
from rolecall.cli import dumps, identity
from rolecall.cli.approval import Approval
from rolecall.cli.aws import Aws
from rolecall.cli.context import Context, colour, terminal
from rolecall.cli.origin import Caller, origin
from rolecall.cli.output import USUAL_SIZE, Outlet, TextOutlet, say_gone, terminal_size
from rolecall.cli.signals import stopping
from rolecall.commands.workspace import below
from rolecall.deploy import Surroundings
from rolecall.errors import ConfigError, FileError, Problem
from rolecall.profiles.private import UNRENEWED, private_root
from rolecall.report import accounts, folder
from rolecall.report.artifacts import Artifacts
from rolecall.report.console import Console
from rolecall.report.events import Events
from rolecall.report.logged import Logged
from rolecall.report.outputs import Outputs
from rolecall.report.screen import Screen
from rolecall.report.spread import spread
from rolecall.report.view import ByteSink, View
from rolecall.results import Given, Outcome, Plan
from rolecall.runner import Runner
from rolecall.sessions.assume import Assumer
from rolecall.settings import Settings, reference
from rolecall.settings.load import Loaded
from rolecall.state.memory import Forgetful, Memory
from rolecall.stop import Stop
from rolecall.targets import Resolved
from rolecall.targets.pin import pin
from rolecall.wording import harmless, seconds, wrapped
from rolecall.workplaces import Folders

if TYPE_CHECKING:
    from rolecall.targets.organization import Found

# What the report has anyway.
_SHOWN_ELSEWHERE = frozenset({"targets", "commands", "before", "after"})
_NARROWEST = 40
_UNREADABLE = (
    "commands can read the source's keys in its environment: start the image without --init,"
    " --privileged or a shell around rolecall"
)
_WRITABLE = "write a folder that this user may write"


def command(context: Context) -> int:
    """Deploys to every target; returns the exit code."""
    forget_earlier(context.loaded)
    with stopping() as stop, Screen(Outlet(say_gone, stop=stop), terminal_size) as output:
        aws = Aws(context, stop, stream=TextOutlet(output))
        approval = Approval(context)
        resolved = context.resolve(
            read_list=aws.read_list,
            organization=aws.organization,
            problems=[*_problems(context), *approval.problems],
        )
        resolved = approval.applied(resolved)
        with _memory(context, aws, resolved, stop) as remembered, _prepared_report(context):
            _tell_found(context, output, resolved.found)
            caller = Caller()
            outputs = Outputs(_report_folder(context), _say_not_written)
            kept = Artifacts(_report_folder(context), outputs)
            told = Logged(_watched(context, output, resolved), outputs)
            told.planned(context.settings, resolved.targets, resolved.count)
            runner = Runner(
                context.settings,
                lambda: _asking(caller, aws, resolved),
                told,
                surroundings(context, stop, artifacts=kept.of),
                remembered,
            )
            outcome = runner.run(resolved.targets, resolved.count)
            output.rest()
            outcome = replace(
                kept.named(outputs.named(outcome)),
                plan=_plan(context),
                targets_digest=pin(resolved.whole),
                commands_digest=commands_digest(context.settings, context.mask),
                origins=(origin(context, caller.arn(hurry=stop.requested)),),
            )
            report = _write_report(context, outcome, resolved.found)
        told.finished(outcome, report)
        if context.settings.notify:
            from rolecall.cli import notify  # noqa: PLC0415  few tell anybody

            notify.tell(context, aws, stop, outcome, report)
        if outcome.bug:
            print(harmless(outcome.bug), file=sys.stderr)
            print("rolecall: this is a bug; please report the trace above", file=sys.stderr)
        return outcome.exit_code


def _asking(caller: Caller, aws: Aws, resolved: Resolved) -> Assumer:
    """What assumes the roles, while STS is asked who does."""
    assumer = aws.assumer(resolved)
    caller.ask(aws.source())
    return assumer


def forget_earlier(loaded: Loaded) -> None:
    """Removes the report of an earlier run before anything can go wrong: it tells of no other.

    A buildspec sources its `exports.sh` and collects its `junit.xml` however this run ends.
    """
    if "REPORT_DIR" in loaded.bad:
        return
    try:
        folder.withdraw(loaded.folder / loaded.settings.report_dir)
    except FileError as error:
        print(wrapped(harmless(f"rolecall: {error}"), 80, "", "  "), file=sys.stderr)


def _memory(
    context: Context, aws: Aws, resolved: Resolved, stop: Stop
) -> AbstractContextManager[Memory]:
    if not context.settings.state:
        return nullcontext(Forgetful())
    from rolecall.cli import memory  # noqa: PLC0415  few have a state

    return memory.opened(context, aws, resolved, stop)


def surroundings(context: Context, stop: Stop, *, artifacts: Folders | None = None) -> Surroundings:
    """What a run takes from outside. What of it its commands do not get is said."""
    _tell_left_out(context.inherited, context.own_profile)
    _tell_limits(context.settings)
    _tell_readable(context)
    return Surroundings(
        environ=context.handed_on,
        inherited=context.inherited.kept,
        folder=context.folder,
        shell=context.shell,
        own=context.own_profile,
        mask=context.mask,
        stop=stop,
        artifacts=artifacts,
        left_out=_left_out(context),
    )


def _tell_left_out(found: Inherited, own: OwnProfile) -> None:
    """Known ways to credentials apart: that the commands have none of these is the point."""
    left = {
        "variables": found.unknown,
        "jvm_options": found.shortened,
        "profile_settings": own.unknown,
    }
    if any(left.values()):
        logs.Log().info("not_passed_on", **{key: " ".join(v) for key, v in left.items() if v})


def _tell_limits(settings: Settings) -> None:
    if settings.profile_mode in UNRENEWED and settings.timeout > settings.duration:
        logs.Log().warning(
            "session_not_renewed",
            profile_mode=settings.profile_mode,
            lives=seconds(settings.duration),
            timeout=seconds(settings.timeout),
        )


def _tell_readable(context: Context) -> None:
    """Of process 1, which is how a container was started: that can be done otherwise."""
    if name := dumps.told_by_first(context.environ):
        logs.Log().warning("keys_readable", process=f"1 ({name})", remedy=_UNREADABLE)


def _left_out(context: Context) -> frozenset[Path]:
    """What a working copy has no use for: rolecall's own files, and what is of one moment."""
    report = _report_folder(context)
    # In place of a folder, STATE may hold a place in S3, which is no path that is there.
    named = (context.settings.state, context.environ.get("TMPDIR", ""))
    own = (report / name for name in folder.PARTS)
    return below(context.folder, [report, *own, *(context.folder / name for name in named if name)])


def view(context: Context, output: ByteSink) -> View:
    """The view that LOG_FORMAT asks for."""
    if context.settings.log_format == "json":
        return Events(logs.events(TextOutlet(output)))
    return _console(context, output)


def _console(context: Context, output: ByteSink) -> Console:
    width = USUAL_SIZE[0]
    if terminal(context.environ):
        width = max(_NARROWEST, min(width, terminal_size()[0]))
    return Console(output, mask=context.mask, colour=colour(context.environ), width=width)


def _watched(context: Context, output: Screen, resolved: Resolved) -> View:
    """The view of a run: where several targets run at once, a terminal shows how each stands."""
    alone = spread(context.settings, resolved.targets, resolved.count).at_once == 1
    if context.settings.log_format != "auto" or alone or not terminal(context.environ):
        return view(context, output)
    from rolecall.report.live import Live  # noqa: PLC0415  only a terminal needs it

    return Live(_console(context, output), output, colour=colour(context.environ))


def _say_not_written(path: str, reason: str) -> None:
    logs.Log().warning("log_not_written", path=path, reason=reason)


def _tell_found(context: Context, output: ByteSink, found: Found | None) -> None:
    """What became of the organisation's accounts, by reason; report.json has each of them."""
    if found and context.settings.log_format == "json":
        logs.events(TextOutlet(output)).info(
            "organization_read",
            accounts=len(found.decisions),
            taken=len(found.taken()),
            left_out=dict(found.left()),
            unused=list(found.unused),
        )
    elif found:
        line = wrapped(accounts.summary(found), 80, "", "  ")
        output.write(context.mask.apply(line.encode(errors="replace")) + b"\n\n")


def _problems(context: Context) -> list[Problem]:
    problems = [*context.command_problems(), *identity.problems(context)]
    if wrong := folder.obstacle(_report_folder(context)):
        problems.append(_report_problem(context, f"{wrong}; {_WRITABLE}"))
    return problems


@contextmanager
def _prepared_report(context: Context) -> Iterator[None]:
    """Makes the folder once nothing else is wrong."""
    with private_root(context.environ):
        pass  # else nothing could begin
    with ExitStack() as prepared:
        try:
            prepared.enter_context(folder.prepared(_report_folder(context)))
        except folder.BusyError as error:
            raise ConfigError([_report_problem(context, str(error))]) from None
        except FileError as error:
            raise ConfigError([_report_problem(context, f"{error}; {_WRITABLE}")]) from None
        yield


def _report_problem(context: Context, wrong: str) -> Problem:
    given = context.loaded.given.get("REPORT_DIR")
    return Problem(given.at() if given else "ROLECALL_REPORT_DIR", wrong)


def _report_folder(context: Context) -> Path:
    return context.folder / context.settings.report_dir


def _plan(context: Context) -> Plan:
    settings, flags = context.settings, context.loaded.flags
    told = all(map(str.isprintable, flags)) and context.mask.values(flags) == list(flags)
    given = [row for row in reference.current(context.loaded) if row.origin != "default"]
    return Plan(
        options=tuple(
            Given(name=row.option.key, value=row.value, origin=row.origin)
            for row in given
            if row.option.key not in _SHOWN_ELSEWHERE
        ),
        flags=flags if told else None,
        before=settings.before.items,
        commands=settings.commands.items,
        after=settings.after.items,
    )


def _write_report(context: Context, outcome: Outcome, found: Found | None) -> str:
    try:
        path = folder.write(
            _report_folder(context),
            outcome,
            found=found,
            mask=context.mask,
            working=context.folder,
        )
    except FileError as error:
        print(f"rolecall: no report: {error}", file=sys.stderr)
        return ""
    return str(path)
