"""`make soak`: runs and faults for a few minutes; 0 where nothing was lost, repeated or leaked.

Variables:
    SOAK_MINUTES: for how long; 3 where not set.
    SOAK_SEED: what chance begins with; another one each time where not set.
    SOAK_LANES: how many runs are played at once; 2 where not set.
    SOAK_ROLECALL: the program, by default the one beside this Python.
    SOAK_PAGE: the page that gets the table, where nothing went wrong.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from soak import page
from soak.game import Game, Place
from soak.leaks import CommandLines
from soak.states import InBucket, InFolder, Kept, small_file_system
from soak.tally import Tally
from support.command import ROLECALL
from support.s3 import ScriptedS3
from support.sts import ScriptedSts

_MINUTE = 60
_LIFETIME = 2.0  # of sessions, in seconds: they are renewed when half of it has passed


def _play(
    folder: Path, rolecall: str, chance: random.Random, tally: Tally, over: Callable[[], bool]
) -> None:
    """One run, in a folder and against servers of its own."""
    folder.mkdir()
    with ExitStack() as stack:
        sts = stack.enter_context(ScriptedSts(lifetime=_LIFETIME, require_live_keys=True))
        s3 = stack.enter_context(ScriptedS3())
        state: Kept
        if chance.random() < 0.5:
            state = InBucket(s3, folder.name)
        else:
            mounted = stack.enter_context(small_file_system(folder / "state"))
            state = InFolder(folder / "state", mounted=mounted)
        place = Place(folder=folder, rolecall=rolecall, sts=sts, s3=s3, state=state)
        game = Game(place, chance, tally)
        with CommandLines(game.secrets, lambda line: tally.wrong("leaked", [line])):
            game.play(over)


def _lane(
    number: int, folder: Path, environ: Mapping[str, str], tally: Tally, over: Callable[[], bool]
) -> None:
    """Runs, one after another."""
    run = 0
    while not (run and over()):
        run += 1
        name = f"{number}-{run}"
        chance = random.Random(f"{environ['SOAK_SEED']} {name}")
        try:
            _play(folder / name, environ["SOAK_ROLECALL"], chance, tally, over)
        except Exception as error:
            tally.wrong("lost", [f"{name}: {error!r}"])
            raise


def main(environ: Mapping[str, str]) -> int:
    """0 where all is well, 1 where not."""
    seed = environ.get("SOAK_SEED") or str(random.SystemRandom().randrange(10**6))
    minutes = float(environ.get("SOAK_MINUTES") or 3)
    rolecall = environ.get("SOAK_ROLECALL") or ROLECALL
    known = {"SOAK_SEED": seed, "SOAK_ROLECALL": rolecall}
    tally, begun = Tally(), time.monotonic()
    stopped: list[int] = []

    def over() -> bool:
        return bool(stopped) or time.monotonic() - begun > minutes * _MINUTE

    for number in (signal.SIGINT, signal.SIGTERM):  # runs come to their end, and are tidied up
        signal.signal(number, lambda number, _: stopped.append(number))
    print(f"soak: {minutes:g} minutes, SOAK_SEED={seed}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as scratch:
        lanes = [
            threading.Thread(target=_lane, args=(n, Path(scratch), known, tally, over))
            for n in range(1, int(environ.get("SOAK_LANES") or 2) + 1)
        ]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
    spent = (time.monotonic() - begun) / _MINUTE
    text = page.table(tally, seed=seed, minutes=spent)
    print(text)
    for line in [*tally.lost, *tally.repeated, *tally.leaked]:
        print(f"soak: {line}", file=sys.stderr)
    if tally.well and not stopped and environ.get("SOAK_PAGE"):
        page.put(Path(environ["SOAK_PAGE"]), text)
    return 0 if tally.well and not stopped else 1


if __name__ == "__main__":
    sys.exit(main(os.environ))
