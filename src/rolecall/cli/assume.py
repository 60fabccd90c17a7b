"""`rolecall assume`: profiles in the user's own AWS files."""

from __future__ import annotations

import sys

from rolecall import aws_files, explanations
from rolecall.cli.aws import Aws
from rolecall.cli.context import Context
from rolecall.cli.signals import stopping
from rolecall.errors import NOT_ASSUMED, SUCCEEDED, AssumeError, ConfigError, Problem
from rolecall.profiles import shared
from rolecall.profiles.private import STATIC
from rolecall.sessions.preflight import assume_all
from rolecall.sessions.session import Session
from rolecall.settings.sources import Raw
from rolecall.targets import Resolved, Target
from rolecall.wording import harmless, wrapped


def command(context: Context, *, role_arn: str, profile: str) -> int:
    """Stores a role, a configured target or all of them; returns the exit code.

    Args:
        role_arn: a role's ARN, or a target's name where there is no `profile`.
    """
    mode = context.settings.profile_mode or STATIC
    if mode != STATIC:
        problem = Problem(
            "ROLECALL_PROFILE_MODE",
            f"`{mode}` needs a rolecall that runs meanwhile; leave it out for assume",
        )
        raise ConfigError([*context.loaded.problems, problem])
    with stopping() as stop:
        aws = Aws(context, stop, stream=sys.stderr)
        resolved = _resolved(context, aws, role_arn, profile)
        files, failed = aws_files.files(context.environ, context.folder), 0
        shared.check(files, [target.name for target in resolved.targets])
        for target, answer in assume_all(aws.assumer(resolved), resolved.targets, stop):
            if isinstance(answer, AssumeError):
                failed += 1
                _complain(target, answer)
            else:
                region = next(iter(target.regions), "")
                shared.store(files, target.name, answer, region=region)
                _tell(target, answer, region)
        return NOT_ASSUMED if failed else SUCCEEDED


def _resolved(context: Context, aws: Aws, role_arn: str, profile: str) -> Resolved:
    if profile:
        raw = Raw(value=[{"name": profile, "role_arn": role_arn}], origin="argument", place="ARN")
        context.loaded = context.loaded.with_target(raw)
    return context.resolve(
        read_list=aws.read_list,
        organization=aws.organization,
        needs_region=False,
        name="" if profile else role_arn,
    )


def _tell(target: Target, session: Session, region: str) -> None:
    until = session.expiration().astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    where = f", region {region}" if region else ""
    print(f"profile {target.name}: account {target.account_id}{where}, until {until}")
    print(f"  use it with: aws s3 ls --profile {target.name}")


def _complain(target: Target, error: AssumeError) -> None:
    print(f"rolecall: profile {target.name} was not stored", file=sys.stderr)
    print(wrapped(harmless(error.reason), 80, "  "), file=sys.stderr)
    if error.remedy:
        print(wrapped(f"What to do: {error.remedy}", 80, "  "), file=sys.stderr)
    for hint in explanations.hints([error.reason]):
        print(f"  {hint}", file=sys.stderr)
