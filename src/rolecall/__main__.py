"""`python -m rolecall`, and the `rolecall` command."""

import sys

from rolecall.cli.main import run_command

__all__ = ["main"]


def main() -> None:
    """Runs the command line and exits with the documented code."""
    sys.exit(run_command())


if __name__ == "__main__":
    main()
