"""The workload accounts of the simulated organisation, and what one may hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

RELEASE_PARAMETER = "/rolecall/release"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A workload account."""

    name: str
    account_id: str

    @property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:role/crossaccount-{self.name}-role"

    @property
    def bucket(self) -> str:
        return f"site-{self.name}-{self.account_id}"


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object in a bucket, and when it was put there."""

    key: str
    body: bytes
    modified: datetime


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What an account holds. Two are equal only where nothing was written in between."""

    objects: tuple[StoredObject, ...]
    release: str
    release_version: int


TARGETS = (
    Target(name="dev", account_id="222222222222"),
    Target(name="test", account_id="333333333333"),
    Target(name="acceptance", account_id="444444444444"),
    Target(name="production", account_id="555555555555"),
)
