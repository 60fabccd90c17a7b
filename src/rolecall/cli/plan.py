"""`rolecall plan`: what `run` would do; with `--check` also whether it may."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from rolecall import explanations, wording
from rolecall.cli.approval import Approval
from rolecall.cli.context import Context, colour
from rolecall.cli.identity import problems as memory_problems
from rolecall.cli.output import Outlet, TextOutlet, outlet
from rolecall.errors import NOT_ASSUMED, NOTHING_TO_DO, SUCCEEDED
from rolecall.report import accounts
from rolecall.settings import reference
from rolecall.settings.options import VARIABLES, options
from rolecall.targets import Resolved
from rolecall.wording import harmless

if TYPE_CHECKING:
    from rolecall.cli.aws import Aws
    from rolecall.report.console import Console

# What the plan shows by itself.
_TOLD = frozenset(
    {
        "targets",
        "commands",
        "before",
        "after",
        "on_failure",
        "max_failures",
        "failures_per",
        "shard",
    }
)


def command(
    context: Context, *, read: bool, check: bool, out: str = "", as_json: bool = False
) -> int:
    """Prints the plan, and writes it to `out` where that is given; returns the exit code.

    Args:
        read: whether lists in AWS and the organisation are read. check: whether roles are assumed
            too.
        as_json: whether it is printed as what `run --plan` reads; all else goes beside it.
    """
    approval = Approval(context, out, shown=as_json)
    if read or check:
        return _with_aws(context, approval, check=check, as_json=as_json)
    problems = [*context.command_problems(), *approval.problems, *memory_problems(context)]
    resolved = approval.applied(context.resolve(read_list=None, problems=problems))
    _keep(approval, resolved, _told(context, resolved, as_json=as_json))
    return SUCCEEDED


def instead(context: Context, words: Sequence[str]) -> int:
    """Prints the plan where a person typed no command, and what to type for it to be done.

    The exit code is that of nothing done: no script takes it for a deployment.

    Args:
        words: what was typed.
    """
    command(context, read=False, check=False)
    typed = context.mask.text(shlex.join(["rolecall", "run", *words]))
    outlet().write(f"\nNothing was done. To do it: {harmless(typed)}\n".encode(errors="replace"))
    return NOTHING_TO_DO


def _keep(approval: Approval, resolved: Resolved, say: Callable[[str], None]) -> None:
    path, document = approval.kept(resolved)
    if path:
        say(f"Plan: {path}; `rolecall run --plan {path}` does that or nothing")
    if document:
        outlet().write(document)


def _told(context: Context, resolved: Resolved, *, as_json: bool) -> Callable[[str], None]:
    """Prints the plan in words, unless it is asked for as JSON; returns what says more."""
    from rolecall.report.console import Console  # noqa: PLC0415

    if as_json:
        beside = Outlet(lambda error: None, beside=True)
        return Console(beside, mask=context.mask, colour=False).say
    console = Console(outlet(), mask=context.mask, colour=colour(context.environ), most_listed=None)
    _print(context, resolved, console)
    return console.say


def _print(context: Context, resolved: Resolved, console: Console) -> None:
    console.planned(context.settings, resolved.targets, resolved.count)
    for where in resolved.unread:
        lead = "and " if resolved.targets else "targets: "
        console.say(f"{lead}what {where} lists; `rolecall plan --read` reads it")
    if resolved.found:
        console.say("\n" + accounts.listed(resolved.found, 80))
        console.say(wording.wrapped(accounts.summary(resolved.found), 80, "", "  ") + "\n")
    names = dict.fromkeys(target.session.session_name for target in resolved.targets)
    for line in [*_options(context), *_own_options(context, resolved)]:
        console.say(line)
    if names:
        first = next(iter(names))
        more = f" and {wording.count(len(names) - 1, 'other')}" if len(names) > 1 else ""
        console.say(f"session name: {first}{more}")


def _options(context: Context) -> Iterator[str]:
    """Each option that was given, with its value and where that came from."""
    rows = [
        row
        for row in reference.current(context.loaded)
        if row.origin != "default" and row.option.key not in _TOLD
    ]
    if rows:
        yield "options:"
    for row in rows:
        yield wording.wrapped(f"{row.option.key} = {row.value} ({row.origin})", 80, "  ", "    ")


def _own_options(context: Context, resolved: Resolved) -> Iterator[str]:
    """What a target has that differs from the rest."""
    settings = context.settings
    common = settings.regions or tuple(filter(None, [context.default_region]))
    for target in resolved.targets:
        own = [
            f"{option.key} = {option.kind.show(value)}"
            for option in options()
            if option.per_target
            and option.key not in ("regions", "region_variables", "session_name")
            and (value := getattr(target.session, option.key)) != getattr(settings, option.key)
        ]
        if target.regions != common:
            own.insert(0, f"regions = {','.join(target.regions)}")
        if target.variables:
            own.append(f"variables = {VARIABLES.show(target.variables)}")
        own += [
            f"variables in {region} = {VARIABLES.show(pairs)}"
            for region, pairs in target.region_variables
            if (region, pairs) not in settings.region_variables
        ]
        if own:
            yield f"options of {target.name}:"
        yield from (wording.wrapped(line, 80, "  ", "    ") for line in own)


def _tell_remembered(
    context: Context, aws: Aws, resolved: Resolved, say: Callable[[str], None]
) -> None:
    from rolecall.cli.memory import remembered  # noqa: PLC0415

    if not context.settings.state:
        return
    known = remembered(context, aws, resolved)
    unit = wording.unit(t.name for t in resolved.targets for _ in t.regions)
    several = unit != "target"
    names = ", ".join(f"{name}/{region}" if several else name for name, region in known)
    count = sum(len(target.regions) for target in resolved.targets)
    skipped = f", and would be skipped: {names}" if names else ""
    said = f"state: {len(known):,} of {wording.count(count, unit)} succeeded in an earlier try"
    say(wording.wrapped(said + skipped, 80, "", "  "))


def _with_aws(context: Context, approval: Approval, *, check: bool, as_json: bool) -> int:
    from rolecall.cli.aws import Aws  # noqa: PLC0415  plan alone does without botocore
    from rolecall.cli.signals import stopping  # noqa: PLC0415
    from rolecall.errors import AssumeError  # noqa: PLC0415
    from rolecall.sessions.preflight import assume_all  # noqa: PLC0415

    with stopping() as stop:
        aws = Aws(context, stop, stream=sys.stderr if as_json else TextOutlet(outlet()))
        resolved = context.resolve(
            read_list=aws.read_list,
            organization=aws.organization,
            problems=[
                *context.command_problems(),
                *approval.problems,
                *memory_problems(context),
            ],
            may_be_empty=context.loaded.names_targets,  # what is read is shown, also where none is
        )
        resolved = approval.applied(resolved)
        say = _told(context, resolved, as_json=as_json)
        context.require_any(resolved)
        _tell_remembered(context, aws, resolved, say)
        if not check:
            _keep(approval, resolved, say)
            return SUCCEEDED
        assumer = aws.assumer(resolved)
        say(f"caller: {aws.caller()}\n")
        failed: list[str] = []
        for target, answer in assume_all(assumer, resolved.targets, stop):
            if isinstance(answer, AssumeError):
                failed.append(answer.reason)
                say(f"{target.name}: not assumed")
                say(wording.wrapped(answer.reason, 80, "  "))
                if answer.remedy:
                    say(wording.wrapped(f"What to do: {answer.remedy}", 80, "  "))
            else:
                say(f"{target.name}: ok, account {answer.account_id}")
        total = len(resolved.targets)
        say(f"\n{total - len(failed):,} of {wording.count(total, 'role')} can be assumed")
        for hint in explanations.hints(failed):
            say(hint)
        if not failed:
            _keep(approval, resolved, say)
        return NOT_ASSUMED if failed else SUCCEEDED
