"""The errors rolecall expects, each with its exit code, and what to do next in each message."""

from __future__ import annotations

import errno
import signal
from collections.abc import Iterable
from dataclasses import dataclass

SUCCEEDED = 0
TARGET_FAILED = 1
BAD_CONFIGURATION = 2
NOTHING_TO_DO = 3
NOT_ASSUMED = 4
BUG = 70


class RolecallError(Exception):
    """An error a user can mend. `exit_code` is the process's."""

    exit_code = BUG


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in the configuration: where it stands, and what is wrong and right."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class ConfigError(RolecallError):
    """Every mistake in the configuration at once. Nothing has been touched."""

    exit_code = BAD_CONFIGURATION

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NothingToDoError(RolecallError):
    """The configuration is right, and names no target."""

    exit_code = NOTHING_TO_DO


class AssumeError(RolecallError):
    """A role, or the source credentials, could not be had.

    Attributes:
        code: the error code of AWS, or the name of the failure (`NoCredentials`).
        reason: what happened, in one line.
        remedy: what to do about it, in one line; may be empty.
        unreachable: AWS did not answer, so that it won't answer for others either.
    """

    exit_code = NOT_ASSUMED

    def __init__(
        self, code: str, reason: str, remedy: str = "", *, unreachable: bool = False
    ) -> None:
        self.code, self.reason, self.remedy = code, reason, remedy
        self.unreachable = unreachable
        super().__init__(f"{reason}\n{remedy}" if remedy else reason)


class FileError(RolecallError):
    """A file of the user's cannot be read or written safely."""

    exit_code = BAD_CONFIGURATION


class StateError(RolecallError):
    """A state cannot be read, written or held. `reason` and `remedy` are a line each."""

    exit_code = BAD_CONFIGURATION

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason, self.remedy = reason, remedy
        super().__init__(f"{reason}\n{remedy}")


class DriftError(RolecallError):
    """Something else would be done than the approved plan says. Nothing has been touched.

    Attributes:
        lines: a line for each difference.
    """

    exit_code = BAD_CONFIGURATION

    def __init__(self, plan: str, lines: Iterable[str]) -> None:
        self.plan, self.lines = plan, tuple(lines)
        super().__init__(f"what would be done differs from {plan}")


def signal_name(number: int) -> str:
    """`SIGTERM`; `signal 99` where this system knows no such signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class InterruptedRunError(RolecallError):
    """A signal asked the run to end."""

    def __init__(self, signal_number: int) -> None:
        self.signal_number = signal_number
        super().__init__(f"interrupted by {signal_name(signal_number)}")

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return 128 + self.signal_number


# What a machine says when it has no more to give.
_SCARCE = frozenset({errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM})


def lacking(error: BaseException) -> str:
    """Why a run can't go on where the machine has no more to give; empty for any other error."""
    if isinstance(error, MemoryError):
        why = "out of memory"
    elif isinstance(error, OSError) and error.errno in _SCARCE:
        why = error.strerror or str(error)
    else:
        return ""
    return (
        f"the machine refused what the run needs: {why}; give it more memory, processes or open"
        " files, or let fewer targets run at once"
    )
