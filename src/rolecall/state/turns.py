"""Whose successes hold, of the runs that one project and pipeline has in the same accounts.

Each run has a state of its own, since several may be under way at once. But what one of them did
is no longer so when another came after it: the next release, or a try that asks for something
else. CodeBuild tells nobody whether two that ask for different things are two actions or two tries
of one. So who comes to an account after another one has ended ends that one's successes. Those who
run side by side are two actions, and keep theirs.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

from rolecall.errors import StateError
from rolecall.sessions.retry import Sleep
from rolecall.state.lock import lives
from rolecall.state.model import decoded
from rolecall.state.store import ConflictError, Place

_LONGEST = 120.0  # seconds that builds which begin at once may get in one another's way
_LOOK = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """A run, or a shard of one.

    Attributes:
        place: what its project and pipeline are known by. accounts: those of its targets.
    """

    place: str
    run_id: str
    shard: str
    accounts: frozenset[str]

    @property
    def key(self) -> str:
        return f"{self.run_id} {self.shard}"


def holds(where: Place, turn: Turn, *, abandoned: bool) -> bool:
    """Whether this run's successes still do: nobody has come since, save who ran beside it.

    Args:
        abandoned: whether its last try never said that it was over, so that it is not known who ran
            beside it.

    Raises:
        StateError: where that can't be read.
    """
    store = where.turns(turn.place)
    found = store.read()
    if found is None:
        return True
    known = _decoded(found.data, store.where)
    return turn.key in known and not (abandoned and _others(known, turn))


def take_turn(where: Place, turn: Turn, *, anew: bool, sleep: Sleep) -> None:
    """Ends the turn of the others, save of those that run now.

    Args:
        anew: whether this run's own successes have ended, so that it comes after the others.

    Raises:
        StateError: where it can't be written.
    """
    deadline = time.monotonic() + _LONGEST
    while not _taken(where, turn, anew=anew):
        if time.monotonic() > deadline:
            place = where.turns(turn.place).where
            raise StateError(f"{place} is written by other runs all the time", "try again later")
        sleep(random.uniform(0, _LOOK))  # noqa: S311  so that two don't meet again


def _taken(where: Place, turn: Turn, *, anew: bool) -> bool:
    store = where.turns(turn.place)
    try:
        if not store.claim():
            return False
        found = store.read()
        known = _decoded(found.data, store.where) if found else {}
        if turn.key in known and not anew:
            return True
        over = [key for key in _others(known, turn) if not _runs(where, key)]
        left = {key: accounts for key, accounts in known.items() if key not in over}
        data = {"runs": {**left, turn.key: sorted(turn.accounts)}}
        store.write(json.dumps(data).encode(), found.version if found else None)
    except ConflictError:
        return False
    finally:
        store.release()
    return True


def _others(known: Mapping[str, list[str]], turn: Turn) -> list[str]:
    """The other runs that have been to the same accounts."""
    return [k for k, accounts in known.items() if k != turn.key and turn.accounts & {*accounts}]


def _runs(where: Place, key: str) -> bool:
    """Whether a process holds that run's state."""
    store = where.store(*key.split(" "))
    claimed = store.claim()
    try:
        found = store.read()
        return not claimed or bool(found and lives(store, decoded(found.data, store.where), found))
    finally:
        store.release()


def _decoded(data: bytes, where: str) -> dict[str, list[str]]:
    try:
        found = json.loads(data)["runs"]
        if all(key.count(" ") == 1 and isinstance(found[key], list) for key in found):
            return dict(found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise StateError(f"{where} is damaged: rolecall did not write it", "remove it")
