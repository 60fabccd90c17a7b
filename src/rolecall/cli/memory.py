"""The memory that STATE and RUN_ID ask for."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from rolecall import wording
from rolecall.cli.aws import Aws
from rolecall.cli.context import Context
from rolecall.errors import StateError
from rolecall.logs import Log
from rolecall.settings.state import in_bucket
from rolecall.state.bucket import Bucket
from rolecall.state.digest import counting
from rolecall.state.folder import Folder
from rolecall.state.identity import owner_name
from rolecall.state.keeper import Keeper
from rolecall.state.kept import Kept
from rolecall.state.lasting import Lasting, lasting
from rolecall.state.lock import described, take
from rolecall.state.memory import Memory
from rolecall.state.model import Key, Owner, State, Success, decoded
from rolecall.state.store import Place
from rolecall.state.turns import Turn, holds, take_turn
from rolecall.stop import Stop
from rolecall.targets import Resolved


def place(context: Context, aws: Aws) -> Place:
    """What STATE names."""
    state = context.settings.state
    if where := in_bucket(state):
        return Bucket(lambda: aws.source().client("s3"), aws.retry, *where)
    return Folder(context.folder / state)


@contextmanager
def opened(context: Context, aws: Aws, resolved: Resolved, stop: Stop) -> Iterator[Memory]:
    """The memory, held by this process while the context lasts.

    Raises:
        StateError: where it can't be had.
        InterruptedRunError: where that was asked for while it waited for another process.
    """
    settings = context.settings
    if in_bucket(settings.state):
        aws.source(resolved)  # in the region of these targets
    where, run, shard = place(context, aws), context.identity.run_id, str(settings.shard)
    store, owner = where.store(run, shard), _owner(context)
    log = Log()

    def waiting(other: Owner | None) -> None:
        by = described(other) if other else "another process"
        log.warning("state_held", by=by, waiting=wording.seconds(settings.state_wait))

    held = take(
        store,
        State(run_id=run, shard=shard),
        owner,
        wait=settings.state_wait,
        sleep=stop.sleep,
        waiting=waiting,
    )
    keeper = Keeper(store, held)
    try:
        # Of a file the kernel knew at once that its holder had gone.
        abandoned = held.abandoned and store.leased
        _take_turn(where, _turn(context, resolved), keeper, stop, abandoned=abandoned)
        met = _met(context)
        successes = counting(keeper.state, settings, resolved.targets, met)
        yield Kept(keeper, settings, successes, met=met, by=owner.name)
    finally:
        keeper.close()


def _take_turn(where: Place, turn: Turn, keeper: Keeper, stop: Stop, *, abandoned: bool) -> None:
    """Ends the successes of other runs in these accounts, or ours where those came since."""
    counts = holds(where, turn, abandoned=abandoned)
    if not counts and not keeper.change(lambda s: replace(s, after=None, successes={})):
        raise StateError(
            f"what succeeded in run {turn.run_id} could not be marked as undone, although another"
            " run has been to its accounts since",
            "see the warning above",
        )
    take_turn(where, turn, anew=not counts, sleep=stop.sleep)


def _turn(context: Context, resolved: Resolved) -> Turn:
    return Turn(
        place=context.identity.place,
        run_id=context.identity.run_id,
        shard=str(context.settings.shard),
        accounts=frozenset(target.account_id for target in resolved.targets),
    )


def remembered(context: Context, aws: Aws, resolved: Resolved) -> dict[Key, Success]:
    """What a run would skip. Nothing is held, and nothing waited for.

    Raises:
        StateError: where the state can't be read.
    """
    settings = context.settings
    if not settings.state:
        return {}
    where = place(context, aws)
    store = where.store(context.identity.run_id, str(settings.shard))
    found = store.read()
    state = decoded(found.data, store.where) if found else State(run_id="", shard="")
    abandoned = state.owner is not None and store.leased
    if not holds(where, _turn(context, resolved), abandoned=abandoned):
        return {}
    return counting(state, settings, resolved.targets, _met(context))


def _owner(context: Context) -> Owner:
    name = owner_name(context.environ, host=socket.gethostname(), process=os.getpid())
    return Owner(
        token=secrets.token_hex(16),
        name=wording.printable(name),
        since=time.time(),
        lease=context.settings.state_lease,
    )


def _met(context: Context) -> Lasting:
    settings = context.settings
    scripts = (*settings.before.items, *settings.commands.items, *settings.after.items)
    return lasting(context.environ, context.inherited.kept, context.folder, scripts)
