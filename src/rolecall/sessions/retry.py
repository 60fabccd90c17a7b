"""The one retry policy: full jitter, bounded in attempts and time; paced where AWS throttles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tenacity
from botocore import exceptions

from rolecall.logs import Log
from rolecall.sessions.faults import code_of, is_denied, is_throttled, is_transient
from rolecall.sessions.pace import Pace

Sleep = Callable[[float], None]
_LONGEST_WAIT = 20.0
# While it throttles: a fifteenth of the 600 calls a second that STS allows an account in a region,
# and less than the few that AWS Organizations allows. Source:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_STS_APART, _OTHERS_APART = 1 / 40, 1 / 2
_TOLD_EVERY = 10.0


class Retry:
    """Calls AWS again where that may help. Safe in many threads.

    What AWS throttles is tried until `max_wait` is over, spaced by the pace that all threads share;
    what fails otherwise is tried `attempts` times, after waits that double and are drawn by lot.

    Args:
        attempts: how often in all, throttled ones not counted.
        max_wait: seconds from the first try to the last.
        access_denied: seconds for which a denial is tried again; 0 for never.
        sleep: waits; may raise to end the retries.
    """

    def __init__(
        self, *, attempts: int, max_wait: float, access_denied: float, sleep: Sleep
    ) -> None:
        self.attempts, self.max_wait, self.access_denied = attempts, max_wait, access_denied
        self._sleep = sleep
        self._sts, self._others = Pace(_STS_APART), Pace(_OTHERS_APART)

    def call(
        self, what: str, do: Callable[[], Any], *, sleep: Sleep | None = None, sts: bool = False
    ) -> Any:
        """The answer of `do`, or its last error, noted with how often it was tried.

        Args:
            what: is named in the log. sts: whether STS is called, which takes more calls a second.
        """
        tries = _Tries(self, what, self._sts if sts else self._others, sleep or self._sleep)
        return tries.call(do)


class _Tries:
    """One call, as often as it is tried."""

    def __init__(self, policy: Retry, what: str, pace: Pace, sleep: Sleep) -> None:
        self._policy, self._what, self._pace, self._sleep = policy, what, pace, sleep
        self._throttled = 0
        self._told = -_TOLD_EVERY
        self._log = Log()

    def call(self, do: Callable[[], Any]) -> Any:
        if wait := self._pace.turn():
            self._sleep(wait)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._worth_it),
            stop=self._enough,
            wait=self._wait,
            sleep=self._sleep,
            before_sleep=self._tell,
            reraise=True,
        )
        try:
            return retrying(self._paced, do)
        except Exception as error:
            if (tries := retrying.statistics["attempt_number"]) > 1:
                error.add_note(f"tried {tries} times")
            raise
        finally:
            # It holds itself, and with it the answer, which may be a session.
            retrying.iter_state.reset()

    def _paced(self, do: Callable[[], Any]) -> Any:
        try:
            answer = do()
        except exceptions.ClientError as error:
            if is_throttled(error):
                self._throttled += 1
                self._pace.refused()
            else:
                self._pace.passed()
            raise
        self._pace.passed()
        return answer

    def _worth_it(self, error: BaseException) -> bool:
        return is_transient(error) or (self._policy.access_denied > 0 and is_denied(error))

    def _wait(self, state: tenacity.RetryCallState) -> float:
        if is_throttled(_error_of(state)):
            return self._pace.turn()
        return tenacity.wait_random_exponential(multiplier=0.5, max=_LONGEST_WAIT)(state)

    def _enough(self, state: tenacity.RetryCallState) -> bool:
        error = _error_of(state)
        if is_denied(error):
            return tenacity.stop_before_delay(self._policy.access_denied)(state)
        in_time = tenacity.stop_before_delay(self._policy.max_wait)(state)
        if is_throttled(error):
            return in_time
        return in_time or state.attempt_number - self._throttled >= self._policy.attempts

    def _tell(self, state: tenacity.RetryCallState) -> None:
        """Says that the call is tried again; while it is throttled, now and then."""
        since_start = state.seconds_since_start or 0.0
        error = _error_of(state)
        if is_throttled(error) and since_start - self._told < _TOLD_EVERY:
            return
        self._told = since_start
        self._log.warning(
            "retry",
            call=self._what,
            error=code_of(error),
            attempt=state.attempt_number,
            wait_seconds=round(state.upcoming_sleep, 1),
        )


def _error_of(state: tenacity.RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome else None
    assert error is not None  # noqa: S101  only what failed is tried again
    return error
