"""What was injected, what was done, and what came out wrong."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

# In the order in which the table has them.
FAULTS = {
    "kill": "SIGKILL at a random moment",
    "term": "SIGTERM at a random moment",
    "rival": "second process for the same run at the same time",
    "throttle": "AssumeRole throttled",
    "broken": "AssumeRole answered with 500",
    "reset": "AssumeRole's connection reset",
    "half": "AssumeRole answered by half",
    "outage": "AssumeRole during an outage of STS",
    "renewal": "renewal of a session refused",
    "s3": "request of S3 throttled, failed, reset, cut, or its answer lost",
    "gone": "state's folder taken away for a while",
    "full": "state's file system full for a while",
    "prints": "commands that printed their credentials",
    "forks": "commands that forked away",
    "stubborn": "commands that ignored SIGTERM",
    "fails": "commands that failed by chance",
}


@dataclass(kw_only=True)
class Tally:
    """Counts of one soak, from several threads.

    Attributes:
        faults: by their name in FAULTS. lost, repeated, leaked: each in a line.
    """

    faults: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    tries: int = 0
    targets: int = 0
    lost: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, name: str, times: int = 1) -> None:
        with self._lock:
            self.faults[name] += times

    def tried(self, *, whole: int = 0) -> None:
        """A try has ended; where it was the last, the run had so many targets."""
        with self._lock:
            self.tries += 1
            self.runs += bool(whole)
            self.targets += whole

    def wrong(self, kind: str, lines: list[str]) -> None:
        with self._lock:
            getattr(self, kind).extend(lines)

    @property
    def well(self) -> bool:
        return self.runs > 0 and not (self.lost or self.repeated or self.leaked)

    def rows(self) -> list[tuple[str, int]]:
        """The table: done, injected, wrong."""
        return [
            ("runs, each tried until every target had succeeded", self.runs),
            ("tries", self.tries),
            ("targets", self.targets),
            *((text, self.faults[name]) for name, text in FAULTS.items()),
            ("**targets lost**", len(self.lost)),
            ("**targets repeated**", len(self.repeated)),
            ("**secrets leaked**", len(self.leaked)),
        ]
