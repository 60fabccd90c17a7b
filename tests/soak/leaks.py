"""Looks for secrets where none may be: in files and output, and on command lines while they run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

_PAUSE = 0.03  # seconds between two looks at /proc


def in_files(folder: Path, secrets: Iterable[bytes], *, but: Path | None = None) -> Iterator[str]:
    """A line for each file below a folder that holds a secret, save below another folder."""
    wanted = list(secrets)
    for path in folder.rglob("*"):
        if but and path.is_relative_to(but):
            continue
        with suppress(OSError):
            if path.is_file():
                data = path.read_bytes()
                if any(secret in data for secret in wanted):
                    yield f"{path.name} of {folder.name} holds a secret"


class CommandLines:
    """Reads the command line of every process of the machine, again and again, in a thread.

    Args:
        secrets: asked for anew each time.
        found: is told of each that holds one.
    """

    def __init__(
        self, secrets: Callable[[], Iterable[bytes]], found: Callable[[str], None]
    ) -> None:
        self._secrets, self._found = secrets, found
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_PAUSE):
            lines = b"\0".join(_command_lines())
            if any(secret in lines for secret in self._secrets()):
                self._found("a command line holds a secret")


def _command_lines() -> Iterator[bytes]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes()
