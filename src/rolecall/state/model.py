"""The document that a run's memory is: who holds it, and what succeeded.

`version` rises when a field changes its meaning or goes; new fields do not raise it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

import rolecall
from rolecall.errors import StateError

VERSION = 1
Key = tuple[str, str]  # a target's name and a region


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """The process that holds a state.

    Attributes:
        token: its own, by chance. name: as people know it. since: seconds since the epoch.
        lease: seconds after its last sign of life for which it counts as living.
    """

    token: str
    name: str
    since: float
    lease: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Success:
    """What was done, as a digest, when (seconds since the epoch), and in which process.

    Attributes:
        account: where; empty where an older version did not write it, and of commands that run
            once.
    """

    digest: str
    at: float
    by: str
    account: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """All that is remembered of one shard of a run.

    Attributes:
        salt: of the digests.
        after: the success of the commands after the last target, if nothing succeeded since.
    """

    run_id: str
    shard: str
    salt: str = field(default_factory=lambda: secrets.token_hex(16))
    owner: Owner | None = None
    after: Success | None = None
    successes: Mapping[Key, Success] = field(default_factory=dict)


def encoded(state: State) -> bytes:
    """The document, a success a line. No two are alike, so that a writer knows its own again."""
    head = {
        "version": VERSION,
        "rolecall": rolecall.__version__,
        "write": secrets.token_hex(8),
        "run_id": state.run_id,
        "shard": state.shard,
        "salt": state.salt,
        "owner": asdict(state.owner) if state.owner else None,
        "after": asdict(state.after) if state.after else None,
    }
    lines = [f'"{key}": {json.dumps(value)}' for key, value in head.items()]
    successes = ",\n".join(_line(key, success) for key, success in state.successes.items())
    return ("{" + ",\n".join([*lines, f'"succeeded": [\n{successes}\n]']) + "}\n").encode()


@cache
def _line(key: Key, success: Success) -> str:
    """Kept, since the same thousands are written again with each that is new."""
    target, region = key
    known = {"target": target, "region": region, "digest": success.digest}
    known |= {"account": success.account}
    return json.dumps({**known, "at": success.at, "by": success.by})


def decoded(data: bytes, where: str) -> State:
    """The state in a document.

    Raises:
        StateError: where it is none, or of another version.
    """
    try:
        found = json.loads(data)
        version = found["version"]
        if version == VERSION:
            return _state(found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise StateError(
            f"{where} is damaged: it is no state that rolecall wrote, or was cut off",
            "`rolecall state clear` removes it; every target of that run is then run again",
        ) from None
    raise StateError(
        f"{where} is a state of version {version!r}, and this rolecall knows {VERSION}",
        "go on with the rolecall that wrote it, or remove it with `rolecall state clear`",
    )


def _state(found: Mapping[str, Any]) -> State:
    owner = found["owner"]
    return State(
        run_id=_text(found, "run_id"),
        shard=_text(found, "shard"),
        salt=_text(found, "salt"),
        owner=Owner(
            token=_text(owner, "token"),
            name=_text(owner, "name"),
            since=float(owner["since"]),
            lease=float(owner["lease"]),
        )
        if owner
        else None,
        after=_success(found["after"]) if found["after"] else None,
        successes={
            (_text(each, "target"), _text(each, "region")): _success(each)
            for each in found["succeeded"]
        },
    )


def _success(found: Mapping[str, Any]) -> Success:
    account = _text(found, "account") if "account" in found else ""
    return Success(
        digest=_text(found, "digest"),
        at=float(found["at"]),
        by=_text(found, "by"),
        account=account,
    )


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found[key]
    if not isinstance(value, str):
        raise TypeError(key)
    return value
