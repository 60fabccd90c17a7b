"""SIGKILL at any moment: no success that was told is lost, and none is done again."""

from __future__ import annotations

import os
import random
import signal
import time
from itertools import count

import pytest

from support.command import Command
from support.forks import Forks
from support.forms import long
from support.ledger import SCRIPT, Ledger
from support.s3 import BUCKET, ScriptedS3

NAMES = [f"t{n}" for n in range(1, 9)]
GIVEN = {
    "ROLECALL_TARGETS": " ".join(
        f"{name}=arn:aws:iam::{n:012}:role/deploy" for n, name in enumerate(NAMES, 1)
    ),
    "ROLECALL_COMMANDS": SCRIPT.format(work="sleep 0.01"),
    "ROLECALL_MAX_PARALLEL": "3",
    "ROLECALL_WORKSPACE": "shared",
    "ROLECALL_RUN_ID": "killed",
}
# After so many kills a run is let come to its end, and the next one begins.
MOST = 15
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def forks():
    return Forks()


class Killer:
    """Runs in folders of their own, each try a fork that is killed at a moment chance picks."""

    def __init__(self, forks, url, state_in) -> None:
        self._forks, self._url, self._state_in = forks, url, state_in
        self.kills, self.lost, self.repeated = 0, [], []
        self._usual = float("inf")  # seconds that a run takes, as far as one has been seen

    def run(self, folder, seed, extra):
        """Kills it up to MOST times, while it would usually be running, then lets it end."""
        folder.mkdir()
        chance, command = random.Random(seed), Command(folder=folder, url=self._url)
        ledger = Ledger(path=folder / "ledger")
        for number in range(1, MOST + 2):
            log = folder / f"log{number}"
            log.touch()
            environ = command.environ({**GIVEN, **extra, **ledger.environ(number)})
            begun = time.monotonic()
            process = self._forks.start(["run"], environ=environ, folder=folder, out=log)
            if seed and number <= MOST:
                time.sleep(chance.uniform(0, self._usual))
                os.kill(process, signal.SIGKILL)
            code = self._forks.wait()
            if code == 0:
                self._usual = min(self._usual, time.monotonic() - begun)
            self.kills += code == -signal.SIGKILL
            known = ledger.judge(number, log.read_text(), self._state_in(folder))
            if code == 0:
                break
        assert (code, sorted(known)) == (0, NAMES), log.read_text()
        self.lost += ledger.lost
        self.repeated += ledger.repeated

    def runs(self, folder, kills, extra_in):
        """As many runs as it takes for so many kills."""
        for seed in count():  # the first is let be
            if self.kills >= kills:
                return
            self.run(folder / str(seed), seed, extra_in(folder / str(seed)))


@pytest.mark.parametrize("kills", [20, long(250)])
def test_runs_that_are_killed_at_random_moments_lose_no_target_and_repeat_none(
    forks, sts, tmp_path, kills
):
    def state_in(folder):
        path = folder / "state/killed/1-of-1.json"
        return path.read_bytes() if path.exists() else None

    killer = Killer(forks, sts.url, state_in)
    killer.runs(tmp_path, kills, lambda folder: {"ROLECALL_STATE": "state"})
    assert (killer.lost, killer.repeated) == ([], [])
    left = [path.name for path in tmp_path.rglob("state/killed/*")]
    assert set(left) == {"1-of-1.json", "1-of-1.lock"}


@pytest.mark.parametrize("kills", [10, long(80)])
def test_the_same_holds_in_a_bucket_where_a_lease_has_to_pass_first(forks, sts, tmp_path, kills):
    with ScriptedS3() as s3:

        def state_in(folder):
            s3.age(61)
            stored = s3.objects.get(f"{folder.name}/killed/1-of-1.json")
            return stored.data if stored else None

        killer = Killer(forks, sts.url, state_in)
        killer.runs(
            tmp_path,
            kills,
            lambda folder: {
                "ROLECALL_STATE": f"s3://{BUCKET}/{folder.name}",
                "ROLECALL_STATE_LEASE": "5s",
                **s3.environ,
            },
        )
        assert (killer.lost, killer.repeated) == ([], [])
