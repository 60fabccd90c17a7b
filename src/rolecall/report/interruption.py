"""What is said as soon as a signal asks a run to end."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TextIO

from rolecall import wording
from rolecall.errors import signal_name


@dataclass(frozen=True, kw_only=True, slots=True)
class Interruption:
    """A signal, and what runs when it comes.

    Attributes:
        running: how many targets, in their regions. noun: what one of them is called.
        once: `before` or `after`, while the commands of that name run.
        grace: seconds between asking and killing.
        killing: this is a second signal, which does not wait for that.
    """

    signal_number: int
    running: int
    grace: float
    noun: str = "target"
    once: str = ""
    killing: bool = False

    @property
    def words(self) -> str:
        """In one line."""
        what, them = wording.count(self.running, self.noun), "it" if self.running == 1 else "them"
        if self.once:
            place = "before the first" if self.once == "before" else "after the last"
            what, them = f"the commands {place} target", "them"
        said = f"interrupted by {signal_name(self.signal_number)}"
        if not self.running and not self.once:
            return f"{said}: no command runs, and nothing more begins"
        if self.killing:
            return f"{said} again: killing {what}"
        grace = f"up to {wording.seconds(self.grace)} (GRACE)"
        return f"{said}: ending {what}, {grace}; once more kills {them} at once"


def tell_interrupted(interruption: Interruption, errors: TextIO) -> None:
    """The same beside the output of a command. Nobody waits for it where the reader has gone."""
    if interruption.signal_number != signal.SIGPIPE:
        print(wording.wrapped(f"rolecall: {interruption.words}", 80, "", "  "), file=errors)
