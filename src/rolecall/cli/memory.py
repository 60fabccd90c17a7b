"""The memory that STATE and RUN_ID ask for."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rolecall import wording
from rolecall.cli.aws import Aws
from rolecall.cli.context import Context
from rolecall.logs import Log
from rolecall.settings.sources import clean
from rolecall.settings.state import in_bucket
from rolecall.state.bucket import Bucket
from rolecall.state.digest import counting
from rolecall.state.folder import Folder
from rolecall.state.identity import owner_name, run_id
from rolecall.state.keeper import Keeper
from rolecall.state.kept import Kept
from rolecall.state.lock import described, take
from rolecall.state.memory import Memory
from rolecall.state.model import Key, Owner, State, Success, decoded
from rolecall.state.store import Place
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
    run, shard = run_id(context.loaded, context.environ), str(settings.shard)
    store = place(context, aws).store(run, shard)
    owner = _owner(context)
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
        revision = _revision(context)
        successes = counting(held.state, settings, resolved.targets, revision)
        yield Kept(keeper, settings, successes, revision=revision, by=owner.name)
    finally:
        keeper.close()


def remembered(context: Context, aws: Aws, resolved: Resolved) -> dict[Key, Success]:
    """What a run would skip. Nothing is held, and nothing waited for.

    Raises:
        StateError: where the state can't be read.
    """
    settings = context.settings
    if not settings.state:
        return {}
    run, shard = run_id(context.loaded, context.environ), str(settings.shard)
    store = place(context, aws).store(run, shard)
    found = store.read()
    state = decoded(found.data, store.where) if found else State(run_id=run, shard=shard)
    return counting(state, settings, resolved.targets, _revision(context))


def _owner(context: Context) -> Owner:
    name = owner_name(context.environ, host=socket.gethostname(), process=os.getpid())
    return Owner(
        token=secrets.token_hex(16),
        name=wording.printable(name),
        since=time.time(),
        lease=context.settings.state_lease,
    )


def _revision(context: Context) -> str:
    return clean(context.environ.get("CODEBUILD_RESOLVED_SOURCE_VERSION", ""))
