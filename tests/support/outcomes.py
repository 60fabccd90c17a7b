"""Runs that never were: Outcomes of any size, with what goes wrong at three in the morning."""

from __future__ import annotations

from dataclasses import dataclass

from rolecall.results import CommandResult, Given, Outcome, Plan, Result, Span, Status

STARTED = 1_795_500_000.0
COMMANDS = ("npm ci", "npx cdk deploy --require-approval never")
HOSTILE = (
    "\x1b[31mred\x1b[0m \x1b]8;;http://example.com\x07link\x1b]8;;\x07",
    "</pre></script><script>document.title = 'owned'</script><img src=x onerror=alert(1)>",
    "10 %\r50 %\r100 % done",
    "a\x00b\x07c\ud800d \u202eevil\u202c e",
    "`````` | pipe {{ 7 * 7 }} @everyone",
)
_PARALLEL = 8
_EACH = 20.0


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How many targets, and every how manieth of them is in trouble; 0 for none."""

    targets: int
    failed: int = 0
    not_assumed: int = 0
    not_run: int = 0


def outcome(scale: Scale, *, tail: tuple[str, ...] = HOSTILE) -> Outcome:
    """A run of that size, eight targets at once and in three waves."""
    results = tuple(_result(number, scale, tail) for number in range(scale.targets))
    return Outcome(
        results=results,
        plan=Plan(
            commands=COMMANDS,
            options=(Given(name="on_failure", value="continue", origin="rolecall.yml:3"),),
        ),
        preflight=Span(started_at=STARTED + 0.5, seconds=3.5),
        started_at=STARTED,
        seconds=4 + _EACH * (scale.targets // _PARALLEL + 1),
    )


def _result(number: int, scale: Scale, tail: tuple[str, ...]) -> Result:
    account = f"{100_000_000_001 + number}"
    role = f"arn:aws:iam::{account}:role/deploy"
    begun = STARTED + 4 + _EACH * (number // _PARALLEL)

    def hit(every: int) -> bool:
        return bool(every) and number % every == every - 1

    status = Status.SUCCEEDED
    reason = remedy = ""
    commands: tuple[CommandResult, ...] = ()
    if hit(scale.failed):
        status, commands = Status.FAILED, _commands(begun, tail)
    elif hit(scale.not_assumed):
        status = Status.NOT_ASSUMED
        reason = f"AccessDenied: not authorized to perform: sts:AssumeRole on resource: {role}"
        remedy = f"the trust policy of {role} must allow it"
    elif hit(scale.not_run):
        status, reason = Status.NOT_RUN, "an earlier target failed"
    else:
        commands = _commands(begun, ())
    ran = status in (Status.SUCCEEDED, Status.FAILED)
    return Result(
        target=f"team-{number:04}",
        account_id=account,
        role_arn=role,
        region="eu-central-1",
        status=status,
        wave=1 + (number > scale.targets // 10) + (number > scale.targets // 2),
        started_at=begun if ran else None,
        seconds=_EACH - 1 if ran else 0.0,
        reason=reason,
        remedy=remedy,
        commands=commands,
    )


def _commands(begun: float, tail: tuple[str, ...]) -> tuple[CommandResult, ...]:
    first = CommandResult(
        command=COMMANDS[0],
        status=Status.SUCCEEDED,
        exit_code=0,
        started_at=begun + 1,
        seconds=6.0,
    )
    second = CommandResult(
        command=COMMANDS[1],
        status=Status.FAILED if tail else Status.SUCCEEDED,
        exit_code=1 if tail else 0,
        started_at=begun + 7,
        seconds=12.0,
        reason="exit code 1" if tail else "",
        tail=tail,
    )
    return first, second
