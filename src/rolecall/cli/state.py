"""`rolecall state`: what STATE remembers of runs; `rolecall state clear` makes it forget them."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rolecall import wording
from rolecall.cli import memory
from rolecall.cli.aws import Aws
from rolecall.cli.context import Context
from rolecall.cli.output import TextOutlet, outlet
from rolecall.cli.signals import stopping
from rolecall.errors import (
    SUCCEEDED,
    ConfigError,
    NothingToDoError,
    Problem,
    StateError,
)
from rolecall.report.record import minute, moment
from rolecall.report.table import fitted
from rolecall.settings.state import in_bucket
from rolecall.state.lock import described, lives, take
from rolecall.state.model import Owner, State, decoded
from rolecall.state.store import Store
from rolecall.stop import Stop

_WIDTH = 80
_RUN = ("RUN_ID", "EXECUTION_ID")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """A document as it is now. `state` is None where it is damaged, and `wrong` says how."""

    store: Store
    state: State | None
    held: bool
    wrong: str = ""


def show(context: Context, *, as_json: bool) -> int:
    """Prints the states of the run that is known, or else of every run."""
    say = TextOutlet(outlet()).write
    with stopping() as stop:
        seen = list(_seen(context, stop))
    if as_json:
        say(json.dumps([_record(each) for each in seen], indent=1, ensure_ascii=False) + "\n")
    elif not seen:
        say(f"{context.settings.state} {_nothing(context)}{_of_what(context)}\n")
    else:
        say("\n\n".join(map(_text, seen)) + "\n")
    return SUCCEEDED


def clear(context: Context, *, force: bool) -> int:
    """Removes what `show` shows, save what a run holds; returns the exit code.

    Args:
        force: whether that is removed too.
    """
    say = TextOutlet(outlet()).write
    if problems := list(_of_every_run(context)):
        raise ConfigError([*context.loaded.problems, *problems])
    with stopping() as stop:
        seen = list(_seen(context, stop))
        if not seen:
            where = context.settings.state
            raise NothingToDoError(f"nothing to clear: {where} {_nothing(context)}")
        refused = [each for each in seen if not _cleared(each, stop, force=force)]
    for each in seen:
        if each not in refused:
            say(f"cleared {each.store.where}\n")
    if refused:
        names = ", ".join(each.store.where for each in refused)
        raise StateError(
            f"a run holds {names}",
            "wait for it to end, or stop it; `rolecall state clear --force` clears it all the same",
        )
    return SUCCEEDED


def _of_every_run(context: Context) -> Iterator[Problem]:
    """Why it would clear more than was meant: a run was to be named, and none is."""
    empty = context.loaded.empty
    if not context.identity.run_id:
        wrong = "is empty, which would clear the states of every run; leave it out for that"
        yield from (Problem(empty[name].at(), wrong) for name in _RUN if name in empty)


def _cleared(seen: _Seen, stop: Stop, *, force: bool) -> bool:
    """Whether it was removed; not while a run holds it, unless forced."""
    if seen.held:
        if force:
            seen.store.delete(held=True)
        return force
    if seen.state is None:
        seen.store.delete()
        return True
    owner = Owner(token=secrets.token_hex(16), name="state clear", since=time.time(), lease=10)
    try:
        nothing = State(run_id="", shard="")
        take(seen.store, nothing, owner, wait=0, sleep=stop.sleep, proven=False)
    except StateError:
        return False
    try:
        seen.store.delete()
    finally:
        seen.store.release()
    return True


def _seen(context: Context, stop: Stop) -> Iterator[_Seen]:
    """The documents of the run that RUN_ID or EXECUTION_ID tells, or of all."""
    settings, loaded = context.settings, context.loaded
    problems = list(loaded.problems)
    if not settings.state and not problems:
        problems = [Problem("ROLECALL_STATE", "is not set: name the folder, or s3://bucket/prefix")]
    if problems:
        raise ConfigError(problems)
    aws = Aws(context, stop, stream=TextOutlet(outlet()))
    place = memory.place(context, aws)
    for store in place.stores(context.identity.run_id):
        claimed = _claimed(store)
        try:
            found = store.read()
            if found is None:
                continue
            try:
                state = decoded(found.data, store.where)
            except StateError as error:
                yield _Seen(store=store, state=None, held=not claimed, wrong=error.reason)
                continue
            yield _Seen(store=store, state=state, held=not claimed or lives(store, state, found))
        finally:
            store.release()


def _claimed(store: Store) -> bool:
    """Whether nobody holds it, as far as one can know who may only read."""
    try:
        return store.claim()
    except StateError:
        return True


def _nothing(context: Context) -> str:
    """A folder is made by the first run that remembers, so a misspelt one is no mistake."""
    state = context.settings.state
    there = bool(in_bucket(state)) or (context.folder / state).is_dir()
    return "remembers nothing" if there else "is not there, and remembers nothing"


def _of_what(context: Context) -> str:
    known = context.identity.run_id
    return f" of run {known}" if known else ""


def _record(seen: _Seen) -> dict[str, Any]:
    state = seen.state
    if state is None:
        return {"where": seen.store.where, "held": seen.held, "wrong": seen.wrong}
    return {
        "where": seen.store.where,
        "run_id": state.run_id,
        "shard": state.shard,
        "held": seen.held,
        "owner": {"name": state.owner.name, "since": moment(state.owner.since)}
        if state.owner and seen.held
        else None,
        "after": state.after is not None,
        "succeeded": [
            {"target": target, "region": region, "at": moment(success.at), "by": success.by}
            for (target, region), success in state.successes.items()
        ],
    }


def _text(seen: _Seen) -> str:
    state = seen.state
    if state is None:
        return wording.wrapped(seen.wrong, _WIDTH, "", "  ")
    count = wording.count(len(state.successes), "target")
    head = f"run {state.run_id}" + (f", shard {state.shard}" if state.shard != "1/1" else "")
    head += f": {count} succeeded" + (", and the commands after them" if state.after else "")
    lines = [wording.wrapped(head, _WIDTH, "", "  ")]
    if seen.held:
        by = described(state.owner) if state.owner else "another process"
        lines.append(wording.wrapped(f"held by {by}", _WIDTH, "  ", "    "))
    rows = [
        (target, region, minute(success.at), success.by)
        for (target, region), success in state.successes.items()
    ]
    if rows:
        lines.append(fitted(("target", "region", "at", "by"), rows, _WIDTH, flexible="by"))
    return "\n".join(lines)
