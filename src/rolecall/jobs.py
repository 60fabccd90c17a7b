"""What is to be done, one target in one region at a time, and Results of what was not done."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rolecall.errors import AssumeError
from rolecall.report.record import minute
from rolecall.results import Result, Status
from rolecall.state.model import Success
from rolecall.targets import Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One target in one region."""

    target: Target
    region: str

    @property
    def key(self) -> tuple[str, str]:
        return (self.target.name, self.region)


def result(
    job: Job, status: Status, *, reason: str = "", started_at: float | None = None
) -> Result:
    return Result(
        target=job.target.name,
        account_id=job.target.account_id,
        role_arn=job.target.role.text,
        region=job.region,
        index=job.target.index,
        wave=job.target.wave,
        status=status,
        reason=reason,
        started_at=started_at,
    )


def not_assumed(
    job: Job, error: AssumeError, started_at: float | None = None, seconds: float = 0.0
) -> Result:
    return replace(
        result(job, Status.NOT_ASSUMED, reason=error.reason, started_at=started_at),
        remedy=error.remedy,
        seconds=seconds,
    )


def succeeded_before(job: Job, success: Success) -> Result:
    why = f"in an earlier try, at {minute(success.at)} ({success.by})"
    return result(job, Status.SUCCEEDED_BEFORE, reason=why)


def once_left(name: str, status: Status, reason: str) -> Result:
    """Commands that were to run once, and were not."""
    return Result(target=name, account_id="", role_arn="", region="", status=status, reason=reason)
