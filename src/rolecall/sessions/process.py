"""A profile's `credential_process`, which has to end in time and to print little.

botocore waits for it without end, keeps whatever it prints, and quotes what it says on stderr.
"""

from __future__ import annotations

import atexit
import os
import selectors
import subprocess
import time
from typing import Any

from botocore import credentials

from rolecall.errors import signal_name

SECONDS = 120.0  # somebody may have to sign in meanwhile
_MOST_BYTES = 1 << 20


class ProcessError(Exception):
    """What went wrong with it, in words that hold nothing of what it said."""


class Process:
    """What botocore asks of a Popen. `seconds` is how long it may take."""

    seconds = SECONDS

    def __init__(self, argv: list[str], **_: Any) -> None:
        self._argv = argv
        self.returncode = 0

    def communicate(self) -> tuple[bytes, bytes]:
        """What it printed, once it has ended well. What it says on stderr may be a secret.

        Raises:
            ProcessError: where it failed, took too long or printed too much. It runs no more.
            OSError: where it can't be started.
        """
        if not self._argv:
            raise ProcessError("the credential_process is empty")
        deadline = time.monotonic() + self.seconds
        process = subprocess.Popen(  # noqa: S603  the user's own, as botocore starts it
            self._argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        atexit.register(process.kill)  # a stop does not wait for it
        try:
            said = self._read(process, deadline)
            code = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise ProcessError(
                f"the credential_process was not done in {self.seconds:g} s"
            ) from None
        finally:
            if process.stdout:
                process.stdout.close()
            if process.poll() is None:
                process.kill()
                process.wait()
            atexit.unregister(process.kill)
        if code:
            how = f"exit code {code}" if code > 0 else signal_name(-code)
            raise ProcessError(
                f"the credential_process ended with {how}; what it said is not shown"
            )
        return said, b""

    def _read(self, process: subprocess.Popen[bytes], deadline: float) -> bytes:
        assert process.stdout  # noqa: S101  it was asked for
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while len(said) <= _MOST_BYTES:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise subprocess.TimeoutExpired(self._argv, self.seconds)
                piece = os.read(process.stdout.fileno(), _MOST_BYTES)
                if not piece:
                    return said
                said += piece
        raise ProcessError(f"the credential_process printed over {_MOST_BYTES:,} bytes")


class _Provider(credentials.ProcessProvider):  # type: ignore[misc]
    def __init__(self, profile_name: str, load_config: Any) -> None:
        super().__init__(profile_name, load_config, popen=Process)


def bound_processes() -> None:
    """Makes botocore start them so, also for the `source_profile` of another one.

    It makes that one's provider by itself, and lets nobody say with which Popen.
    """
    credentials.ProcessProvider = _Provider
