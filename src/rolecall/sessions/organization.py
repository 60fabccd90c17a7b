"""Calls AWS Organizations, and says what to do where it will not answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from botocore import xform_name

from rolecall.logs import Log
from rolecall.sessions import remedies
from rolecall.sessions.faults import FAILURES, code_of, is_denied
from rolecall.sessions.retry import Retry
from rolecall.sessions.source import asked
from rolecall.settings.sources import BadValueError
from rolecall.stop import Stop
from rolecall.targets.organization import NoSuchUnitError

_NO_UNIT = frozenset({"ParentNotFoundException", "OrganizationalUnitNotFoundException"})
# Thousands of accounts take minutes where AWS allows few calls a second.
_TOLD_EVERY = 500
_NOT_IN_USE = "AWSOrganizationsNotInUseException"


class OrganizationCalls:
    """Makes the calls with the one retry policy. Safe in many threads.

    Args:
        reader: says who asks, where a message needs it.
    """

    def __init__(self, client: Any, retry: Retry, stop: Stop, *, reader: Callable[[], str]) -> None:
        self._client, self._retry, self._stop, self._reader = client, retry, stop, reader
        self._count = count(1)
        self._log = Log()

    def __call__(self, operation: str, request: Mapping[str, str]) -> Mapping[str, Any]:
        """The answer.

        Raises:
            NoSuchUnitError: where the request names a unit that does not exist.
            BadValueError: where there is no answer, with the remedy.
            InterruptedRunError: once a stop is requested.
        """
        do = getattr(self._client, xform_name(operation))
        self._stop.check()
        try:
            # A thread costs nothing beside the few calls a second that AWS allows here.
            answer: Mapping[str, Any] = self._stop.run(
                lambda: self._retry.call(operation, lambda: asked(lambda: do(**request)))
            )
        except FAILURES as error:
            if code_of(error) in _NO_UNIT:
                raise NoSuchUnitError(str(error)) from None
            raise BadValueError(
                f"the organisation cannot be read: {remedies.reason_of(error)};"
                f" {self._remedy(error, operation)}"
            ) from None
        if (calls := next(self._count)) % _TOLD_EVERY == 0:
            self._log.info("organization_reading", calls=calls)
        return answer

    def _remedy(self, error: Exception, operation: str) -> str:
        if is_denied(error):
            return (
                f"allow {self._reader()} organizations:{operation}; AWS answers the management"
                " account and delegated administrators alone: give the ARN of a role in one of"
                " them as `role` (docs/discovery.md)"
            )
        if code_of(error) == _NOT_IN_USE:
            return (
                f"the account of {self._reader()} is in no organisation: give the ARN of a role in"
                " the management account, or a delegated administrator, as `role`"
            )
        return remedies.explained(error).remedy or "docs/discovery.md says what it takes"
