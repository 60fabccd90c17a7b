"""One run, tried under faults until every target has succeeded, and judged after each try."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from soak import leaks, script
from soak.states import RUN_ID, Kept
from soak.tally import Tally
from soak.weather import STS, Weather
from support.command import Command
from support.ledger import Ledger
from support.s3 import Fault, ScriptedS3
from support.sts import ScriptedSts

# After so many tries nothing more is injected; then it must come to its end.
_STORMY, _MOST = 6, 25
_LONGEST = 3.0  # seconds until a signal
_HELD = b"commands:\n"  # told once the state is held


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a run takes place, and what it is played against.

    Attributes:
        rolecall: the program.
    """

    folder: Path
    rolecall: str
    sts: ScriptedSts
    s3: ScriptedS3
    state: Kept


class Game:
    """One run.

    Args:
        chance: what is picked is the same for the same seed; what it meets is not, since processes
            and threads take their turns as they like.
    """

    def __init__(self, place: Place, chance: random.Random, tally: Tally) -> None:
        self._place, self._chance, self._tally = place, chance, tally
        self._command = Command(folder=place.folder, url=place.sts.url)
        self._ledger = Ledger(path=place.folder / "ledger")
        self._names = script.names(chance)
        self._wrong = False
        self._first = len(place.sts.issued)
        self._options = {
            "ROLECALL_MAX_PARALLEL": chance.choice(["1", "3", "8"]),
            # They write into the folder, for all to see.
            "ROLECALL_WORKSPACE": "shared",
            "ROLECALL_WAVES": chance.choice(["", "1,rest", "50%,rest"]),
        }

    def secrets(self) -> list[bytes]:
        """Those of the sessions of this run."""
        issued = list(self._place.sts.issued.values())[self._first :]
        return [value.encode() for one in issued for value in (one.secret, one.token)]

    def play(self, over: Callable[[], bool]) -> None:
        """Tries until every target has succeeded; under faults only while it is not `over`."""
        for number in range(1, _MOST + 1):
            stormy = number <= _STORMY and not over()
            known, code = self._try(number, stormy=stormy)
            done = code == 0 and known == set(self._names)
            self._tally.tried(whole=len(self._names) if done else 0)
            if done or self._wrong:
                return
        self._tally.wrong("lost", [f"{self._place.folder.name}: it comes to no end"])

    def _try(self, number: int, *, stormy: bool) -> tuple[set[str], int]:
        kinds = self._kinds() if stormy else set()
        weather = Weather(self._chance, kinds, self._tally)
        self._place.sts.judge, self._place.s3.judge = weather.sts, weather.s3
        log, deeds = self._place.folder / f"try{number}.log", self._place.folder / "deeds"
        # What is left of a killed one, or a folder that is not where it was, would be its excuse.
        rivalled = "rival" in kinds and not kinds & {"kill", "term", "gone"}
        rival = self._start(f"{number}b", log.with_suffix(".b"), deeds) if rivalled else None
        process = self._start(str(number), log, deeds)
        self._disturb(process, kinds, log)
        code = process.wait(timeout=120)
        if rival:
            self._tally.fault("rival")
            rival.wait(timeout=120)
            log.write_bytes(log.read_bytes() + log.with_suffix(".b").read_bytes())
            self._tell("repeated", self._ledger.rivals(number, log.read_text("utf-8", "replace")))
        self._place.sts.judge, self._place.s3.judge = lambda _: None, lambda _m, _k: Fault()
        self._place.state.pass_time()
        return self._judge(number, log, code, deeds), code

    def _start(self, number: str, log: Path, deeds: Path) -> subprocess.Popen[bytes]:
        with log.open("wb") as stream:
            return subprocess.Popen(
                [self._place.rolecall, "run"],
                cwd=self._place.folder,
                env=self._environ(number, deeds),
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _tell(self, kind: str, found: list[str]) -> None:
        self._wrong = self._wrong or bool(found)
        self._tally.wrong(kind, [f"{self._place.folder.name}: {each}" for each in found])

    def _kinds(self) -> set[str]:
        """Some faults, and not too many at once."""
        signals = ["kill", "kill", "kill", "term", "term"]
        every = [*STS, "outage", "renewal", "rival", *signals, *self._place.state.kinds * 3]
        return set(self._chance.sample(every, self._chance.randint(1, 4)))

    def _environ(self, number: str, deeds: Path) -> Mapping[str, str]:
        return self._command.environ(
            {
                **{name: value for name, value in self._options.items() if value},
                **self._place.state.environ,
                **self._ledger.environ(number),
                "DEEDS": str(deeds),
                "ROLECALL_TARGETS": script.targets(self._names),
                "ROLECALL_COMMANDS": script.COMMANDS,
                "ROLECALL_RUN_ID": RUN_ID,
                "ROLECALL_ON_FAILURE": "continue",
                "ROLECALL_GRACE": "1s",
                "ROLECALL_RETRY_MAX_WAIT": "3s",
                "ROLECALL_STATE_LEASE": "10s",
                "ROLECALL_REPORT_DIR": f"report{number}",
            }
        )

    def _disturb(self, process: subprocess.Popen[bytes], kinds: set[str], log: Path) -> None:
        """Signals and a failing state, at moments that chance picks."""
        threads = [
            threading.Thread(target=self._trouble, args=(process, kind, log))
            for kind in sorted(kinds & {"gone", "full"})
        ]
        for thread in threads:
            thread.start()
        for kind in sorted(kinds & {"kill", "term"}):
            with suppress(subprocess.TimeoutExpired):
                process.wait(self._chance.uniform(0, _LONGEST))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL if kind == "kill" else signal.SIGTERM)
                self._tally.fault(kind)
        for thread in threads:
            thread.join()

    def _trouble(self, process: subprocess.Popen[bytes], kind: str, log: Path) -> None:
        while _HELD not in log.read_bytes():
            if process.poll() is not None:
                return
            time.sleep(0.02)
        time.sleep(self._chance.uniform(0, 1))
        if process.poll() is None:
            self._place.state.trouble(kind, self._chance, self._tally)

    def _judge(self, number: int, log: Path, code: int, deeds: Path) -> set[str]:
        folder, private = self._place.folder, self._place.folder / "tmp"
        killed = code == -signal.SIGKILL
        known = self._ledger.judge(
            number, log.read_text("utf-8", "replace"), self._place.state.read()
        )
        # After SIGKILL nobody could take the profiles away, as docs/state.md and the README say.
        leaked = [*leaks.in_files(folder, self.secrets(), but=private if killed else None)]
        for kind in deeds.read_text().split() if deeds.exists() else ():
            self._tally.fault(kind)
        deeds.unlink(missing_ok=True)
        for left in self._command.left_over():
            left.unlink(missing_ok=True)
        for name in ("lost", "repeated"):
            found = getattr(self._ledger, name)
            self._tell(name, [f"try {number}: {target}" for target in found])
            found.clear()
        self._tell("leaked", leaked)
        return known
