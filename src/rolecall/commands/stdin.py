"""What commands read on standard input: nothing, what rolecall itself is given, or a terminal."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Stdin:
    """What commands read.

    Attributes:
        descriptor: is read; None for nothing.
        anew: it is a file that each shell reads as a whole, from where it stands now.
        shown: it is the terminal that output is shown on too, and commands have one of their own.
    """

    descriptor: int | None = None
    anew: bool = False
    shown: bool = False

    @property
    def typed(self) -> bool:
        """Whether a person may type it."""
        return self.descriptor is not None and os.isatty(self.descriptor)

    @contextmanager
    def opened(self) -> Iterator[int]:
        """What `subprocess` takes as `stdin`.

        Raises:
            OSError: where a file can't be opened anew.
        """
        if self.descriptor is None:
            yield subprocess.DEVNULL
        elif not self.anew:
            yield self.descriptor
        else:
            descriptor = opened_anew(self.descriptor)
            try:
                yield descriptor
            finally:
                os.close(descriptor)


NOTHING = Stdin()


def opened_anew(descriptor: int) -> int:
    """The file again, at the same place, which moves for this reader alone.

    Raises:
        OSError: where that can't be had.
    """
    again = os.open(f"/dev/fd/{descriptor}", os.O_RDONLY)
    os.lseek(again, os.lseek(descriptor, 0, os.SEEK_CUR), os.SEEK_SET)
    return again
