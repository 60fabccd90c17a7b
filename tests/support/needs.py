"""What a test needs and a machine may lack: then it is skipped, or fails where SKIPS=fail."""

from __future__ import annotations

import os
import pty

import pytest


def skip(what: str) -> None:
    """Skips the test for want of this, in words that end "needs …"."""
    if os.environ.get("SKIPS") == "fail":
        pytest.fail(f"the test needs {what}")
    pytest.skip(f"needs {what}")


def open_terminal() -> tuple[int, int]:
    """Both ends of a pseudo-terminal."""
    try:
        return pty.openpty()
    except OSError:
        skip("a pseudo-terminal, and there is none")
        raise
