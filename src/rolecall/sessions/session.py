"""A session: credentials of an assumed role, and how long they live by our own clock."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from rolecall.secret import Secret

Monotonic = Callable[[], float]
# They are written into INI files, where a line's end would begin another setting.
_KEY = re.compile(r"[\x21-\x7e]+")


class MalformedAnswerError(Exception):
    """AWS said yes, and the answer lacks what a yes has, or it is not AWS's. Worth another try."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """What a request is signed with."""

    access_key_id: Secret
    secret_access_key: Secret
    session_token: Secret

    def secrets(self) -> tuple[Secret, ...]:
        return (self.access_key_id, self.secret_access_key, self.session_token)


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """An assumed role.

    Attributes:
        account_id: of the assumed role, as STS says.
        lifetime: seconds from STS's answer to the end, by STS's own clock.
        deadline: when it ends, on our monotonic clock.
    """

    account_id: str
    assumed_role_arn: str
    credentials: Credentials
    lifetime: float
    deadline: float

    def fresh(self, monotonic: Monotonic = time.monotonic) -> bool:
        """Whether at least half of its time is left."""
        return self.deadline - monotonic() >= self.lifetime / 2

    def expiration(self, monotonic: Monotonic = time.monotonic) -> datetime:
        """When it ends, on this machine's wall clock, which may differ from STS's."""
        return datetime.now(UTC) + timedelta(seconds=self.deadline - monotonic())


def from_answer(answer: Mapping[str, Any], monotonic: Monotonic = time.monotonic) -> Session:
    """The session in an answer of AssumeRole.

    Raises:
        MalformedAnswerError: where a part is missing or makes no sense.
    """
    try:
        keys, arn = answer["Credentials"], str(answer["AssumedRoleUser"]["Arn"])
        credentials = Credentials(
            access_key_id=Secret(keys["AccessKeyId"]),
            secret_access_key=Secret(keys["SecretAccessKey"]),
            session_token=Secret(keys["SessionToken"]),
        )
        account_id = arn.split(":")[4]
        lifetime = (keys["Expiration"] - _asked(answer)).total_seconds()
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise MalformedAnswerError(f"the answer of STS lacks {error}") from None
    if lifetime <= 0 or not all(secret.reveal() for secret in credentials.secrets()):
        raise MalformedAnswerError("the answer of STS has empty keys, or keys that have run out")
    if not all(_KEY.fullmatch(secret.reveal()) for secret in credentials.secrets()):
        raise MalformedAnswerError("the answer of STS has keys with characters that no key has")
    return Session(
        account_id=account_id,
        assumed_role_arn=arn,
        credentials=credentials,
        lifetime=lifetime,
        deadline=monotonic() + lifetime,
    )


def _asked(answer: Mapping[str, Any]) -> datetime:
    """When STS answered. Its own date makes the lifetime right also where our clock is wrong."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) if date else datetime.now(UTC)
