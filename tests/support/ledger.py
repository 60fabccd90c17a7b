"""What commands have really done, written down by themselves, beside what a state remembers."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

# Appended in one write each, so that no kill leaves half a line.
SCRIPT = (
    'echo "begin $ROLECALL_TARGET $INVOCATION_ID" >>"$LEDGER"; {work};'
    ' echo "end $ROLECALL_TARGET $INVOCATION_ID" >>"$LEDGER"'
)
_NOT_WRITTEN = "warning: state not written"
_SUCCEEDED = re.compile(r"^--- (\w+) succeeded", re.MULTILINE)


@dataclass(kw_only=True)
class Ledger:
    """The ledger of one run over its tries, numbered from 1.

    Attributes:
        path: what commands write to. repeated: what was begun although its success was remembered
            then. lost: what succeeded, and was not remembered after its log had said so, or was
            remembered without having been done.
    """

    path: Path
    repeated: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    def environ(self, number: int | str) -> dict[str, str]:
        # What systemd calls a try by, which is no part of what a success counts for.
        return {"LEDGER": str(self.path), "INVOCATION_ID": str(number)}

    def lines(self) -> list[list[str]]:
        text = self.path.read_text() if self.path.exists() else ""
        return [line.split() for line in text.splitlines()]

    def judge(self, number: int, log: str, state: bytes | None) -> set[str]:
        """Compares a try that has ended with what was remembered before it, and after.

        Returns the names of the targets that are remembered.
        """
        lines = self.lines()
        begun = {name for what, name, of in lines if what == "begin" and of == str(number)}
        ended = {name for what, name, _ in lines if what == "end"}
        now = remembered(state)
        # What could not be written is said before the success is, and is no promise.
        told = set() if _NOT_WRITTEN in log else set(_SUCCEEDED.findall(log))
        self.repeated += sorted(begun & self._known)
        self.lost += sorted((told - now) | (now - ended) | (self._known - now))
        self._known = now
        return now

    def rivals(self, number: int, logs: str) -> list[str]:
        """What a try and its rival, `4` and `4b`, did at the same time, or both did."""
        turns = [line for line in self.lines() if line[2] in (str(number), f"{number}b")]
        changes = [now for was, now in pairwise(turns) if was[2] != now[2]]
        found = [f"try {of}: {what} {name} out of turn" for what, name, of in changes[1:]]
        if _NOT_WRITTEN not in logs:
            ended = Counter(name for what, name, _ in turns if what == "end")
            found += [f"try {number}: {name} twice" for name, times in ended.items() if times > 1]
        return found


def remembered(state: bytes | None) -> set[str]:
    """The targets whose success a state has."""
    return {each["target"] for each in json.loads(state)["succeeded"]} if state else set()
