"""What goes wrong at STS and S3 during one try, as chance has it."""

from __future__ import annotations

import random
import time
from collections.abc import Collection

from soak.tally import Tally
from support import answers, s3
from support.answers import Answer, Call
from support.s3 import Fault

STS = {
    "throttle": answers.THROTTLE,
    "broken": answers.SERVER_ERROR,
    "reset": answers.RESET,
    "half": answers.HALF,
}
_S3 = (s3.BUSY, s3.BROKEN, s3.RESET, s3.LOST, s3.HALF, s3.CONFLICT)
_OFTEN = 0.35  # of all requests, where their kind of fault is on
_LONGEST_OUTAGE = 1.5  # seconds


class Weather:
    """Judges requests. Asked from many threads, so that the order is not chance's alone.

    Args:
        kinds: which faults are on: of STS, `outage`, `renewal`, `s3`.
    """

    def __init__(self, chance: random.Random, kinds: Collection[str], tally: Tally) -> None:
        self._chance, self._kinds, self._tally = chance, kinds, tally
        self._served: set[str] = set()
        begins = time.monotonic() + chance.uniform(0.2, 1.0)
        self._outage = (begins, begins + chance.uniform(0.3, _LONGEST_OUTAGE))

    def sts(self, call: Call) -> Answer | None:
        if call.action != "AssumeRole":
            return None
        if "outage" in self._kinds and self._outage[0] < time.monotonic() < self._outage[1]:
            return self._injected("outage", answers.RESET)
        if call.role_arn in self._served:
            if "renewal" in self._kinds and self._chance.random() < _OFTEN:
                return self._injected("renewal", answers.SERVER_ERROR)
        elif on := [name for name in STS if name in self._kinds]:
            name = self._chance.choice(on)
            if self._chance.random() < _OFTEN:
                return self._injected(name, STS[name])
        self._served.add(call.role_arn)
        return None

    def _injected(self, name: str, answer: Answer) -> Answer:
        self._tally.fault(name)
        return answer

    def s3(self, method: str, key: str) -> Fault:
        if "s3" not in self._kinds or self._chance.random() >= _OFTEN:
            return Fault()
        self._tally.fault("s3")
        return self._chance.choice(_S3)
