"""`rolecall plan`: what `run` would do; with `--check` also whether it may."""

from __future__ import annotations

import sys

from rolecall import wording
from rolecall.cli.context import Context, colour
from rolecall.errors import NOT_ASSUMED, SUCCEEDED
from rolecall.targets import Resolved


def command(context: Context, *, check: bool) -> int:
    """Prints the plan; returns the exit code."""
    if check:
        return _checked(context)
    resolved = context.resolve(read_list=None, problems=context.command_problems())
    _print(context, resolved)
    return SUCCEEDED


def _print(context: Context, resolved: Resolved) -> None:
    from rolecall.report.console import Console  # noqa: PLC0415

    console = Console(sys.stdout.buffer, colour=colour(context.environ), most_listed=None)
    console.planned(context.settings, resolved.targets)
    for where in resolved.unread:
        console.say(f"and what {where} lists; `rolecall plan --check` reads it")
    names = dict.fromkeys(target.session.session_name for target in resolved.targets)
    if names:
        first = next(iter(names))
        more = f" and {wording.count(len(names) - 1, 'other')}" if len(names) > 1 else ""
        console.say(f"session name: {first}{more}")


def _checked(context: Context) -> int:
    from rolecall.cli.aws import Aws  # noqa: PLC0415  boto3 is for --check only
    from rolecall.cli.signals import stopping  # noqa: PLC0415
    from rolecall.errors import AssumeError  # noqa: PLC0415
    from rolecall.sessions.preflight import assume_all  # noqa: PLC0415

    with stopping() as stop:
        aws = Aws(context, stop)
        resolved = context.resolve(read_list=aws.read_list, problems=context.command_problems())
        _print(context, resolved)
        assumer = aws.assumer(resolved)
        print(f"caller: {aws.caller()}\n")
        failed = 0
        for target, answer in assume_all(assumer, resolved.targets):
            if isinstance(answer, AssumeError):
                failed += 1
                print(f"{target.name}: not assumed")
                print(wording.wrapped(answer.reason, 80, "  "))
                if answer.remedy:
                    print(wording.wrapped(f"What to do: {answer.remedy}", 80, "  "))
            else:
                print(f"{target.name}: ok, account {answer.account_id}")
        total = len(resolved.targets)
        print(f"\n{total - failed:,} of {wording.count(total, 'role')} can be assumed")
        return NOT_ASSUMED if failed else SUCCEEDED
