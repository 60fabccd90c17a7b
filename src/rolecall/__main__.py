"""`python -m rolecall`, and the `rolecall` command."""

import gc
import os
import sys

if __name__ == "__main__" and not sys.flags.isolated:
    from rolecall.cli import (
        isolation,
    )  # before what the user may have another of

    isolation.isolate()

if __name__ == "__main__" and os.getpid() == 1:
    from rolecall.cli import reaper  # first of all: process 1 hears no signal before

    reaper.step_aside()

# What is imported stays, and little of the rest is cyclic: looking for garbage every 700 objects
# took a tenth of a run's time.
gc.set_threshold(50_000)

from rolecall.cli.main import run_command  # noqa: E402  importing makes most of the objects
from rolecall.cli.output import flush  # noqa: E402

__all__ = ["main"]


def main() -> None:
    """Runs the command line and exits with the documented code."""
    try:
        sys.exit(run_command())
    finally:
        flush()
        # The process ends, and its memory with it: Python would look through all of it once more.
        gc.freeze()


if __name__ == "__main__":
    main()
