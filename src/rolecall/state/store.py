"""Where one state document lies: a file, or an object of S3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from rolecall.errors import RolecallError

TURNS = "turns~"  # which no run's id can be


class ConflictError(RolecallError):
    """Somebody else has written since. Nothing was written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A document as it lies there.

    Attributes:
        version: what it is known by until it is written again.
        age: seconds since it was written, both ends on the store's own clock.
    """

    data: bytes
    version: str
    age: float


class Store(Protocol):
    """One document, which one process at a time may hold.

    Attributes:
        where: how messages name it.
        leased: whether a holder has to show again and again that it lives. Of a file the kernel
            knows it.
    """

    where: str
    leased: bool

    def claim(self) -> bool:
        """Whether no living process of this machine holds it; until `release`, this one does.

        Raises:
            StateError: where it can't be had, with the remedy.
        """

    def release(self) -> None:
        """Takes `claim` back."""

    def prove(self, data: bytes, version: str) -> None:
        """Tries whether it keeps to what it promises: once, by whoever has just written `data`.

        Where it does, nothing is written.

        Raises:
            StateError: where two processes could hold it at once.
        """

    def taken(self) -> bool:
        """Whether somebody else claims what this process holds, as far as a look tells."""

    def read(self, *, patient: bool = True) -> Found | None:
        """The document; None where there is none.

        Args:
            patient: see `write`.

        Raises:
            StateError: where it can't be read.
        """

    def write(self, data: bytes, version: str | None, *, patient: bool = True) -> str:
        """Puts a document in place of the one known by `version`, durably; returns the new version.

        Args:
            version: None where there is to be none as yet.
            patient: whether a failure is tried again for as long as the retry policy says.

        Raises:
            ConflictError: where another one lies there.
            StateError: where it can't be written.
        """

    def delete(self, *, held: bool = False) -> None:
        """Removes it, if it is there.

        Args:
            held: whether another process holds it, which has it no longer then.

        Raises:
            StateError: where it can't be removed.
        """


class Place(Protocol):
    """What STATE names. Each run has a document for each shard."""

    def store(self, run_id: str, shard: str) -> Store: ...

    def turns(self, place: str) -> Store:
        """Where the runs of a pipeline and a project take turns."""

    def stores(self, run_id: str = "") -> Iterator[Store]:
        """Those that are there: of one run, or of all.

        Raises:
            StateError: where they can't be listed.
        """


def file_name(shard: str) -> str:
    """`2/4` as part of a name."""
    return f"{shard.replace('/', '-of-')}.json"
