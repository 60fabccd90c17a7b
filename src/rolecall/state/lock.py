"""One process at a time holds a state: whoever comes later waits, or is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from rolecall import wording
from rolecall.errors import StateError
from rolecall.sessions.retry import Sleep
from rolecall.sessions.session import Monotonic
from rolecall.state.model import Owner, State, decoded, encoded
from rolecall.state.store import ConflictError, Found, Store

LOOK = 1.0  # seconds between two looks at whether it is free


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A state that this process holds.

    Attributes:
        version: what the store knows it by. at: when it was written, on the monotonic clock, or
            a little earlier.
        abandoned: whether who held it before never let go of it.
    """

    state: State
    version: str
    at: float
    abandoned: bool = False


def take(
    store: Store,
    fresh: State,
    owner: Owner,
    *,
    wait: float,
    sleep: Sleep,
    proven: bool = True,
    waiting: Callable[[Owner | None], None] = lambda _: None,
    monotonic: Monotonic = time.monotonic,
) -> Held:
    """The state, held by `owner` from now on.

    Args:
        fresh: what to begin with where nothing is remembered.
        wait: seconds to wait for a living owner to be done.
        proven: whether the store has to show that only one process can hold it.
        waiting: told once who that is; None where it is not known.

    Raises:
        StateError: where it can't be had, or its owner took longer than that.
    """
    deadline = monotonic() + wait
    told = False
    while True:
        held, other = _try(store, fresh, owner, monotonic, proven=proven)
        if held:
            return held
        if (left := deadline - monotonic()) <= 0:
            raise _busy(store, other, wait)
        if not told:
            waiting(other)
            told = True
        sleep(min(LOOK, left))


def _try(
    store: Store, fresh: State, owner: Owner, monotonic: Monotonic, *, proven: bool
) -> tuple[Held | None, Owner | None]:
    """The state, or else who holds it, where that is known."""
    claimed = store.claim()
    try:
        found = store.read()
        state = decoded(found.data, store.where) if found else fresh
        if not claimed or (found and lives(store, state, found)):
            return None, state.owner
        mine, at = replace(state, owner=owner), monotonic()
        data = encoded(mine)
        version = store.write(data, found.version if found else None)
        if proven:
            _prove(store, mine, data, version)
    except ConflictError:
        store.release()
        return None, None
    except BaseException:
        store.release()
        raise
    return Held(state=mine, version=version, at=at, abandoned=state.owner is not None), None


def _prove(store: Store, mine: State, data: bytes, version: str) -> None:
    """Lets go at once of what can't be held."""
    try:
        store.prove(data, version)
    except StateError:
        with suppress(ConflictError, StateError):
            store.write(encoded(replace(mine, owner=None)), version)
        raise


def lives(store: Store, state: State, found: Found) -> bool:
    """Whether the owner has shown life within its lease. Of a file `claim` has told it all."""
    return bool(store.leased and state.owner and found.age <= state.owner.lease)


def _busy(store: Store, owner: Owner | None, wait: float) -> StateError:
    who = described(owner) if owner else "another process"
    waited = f" after {wording.seconds(wait)} of waiting" if wait else ""
    return StateError(
        f"{store.where} is still held by {who}{waited}; nothing was done",
        "wait for that run to end, or raise ROLECALL_STATE_WAIT; give runs that do not retry one"
        " another a ROLECALL_RUN_ID each",
    )


def described(owner: Owner) -> str:
    """An owner in words."""
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(owner.since))
    return f"{owner.name} since {since}"
