"""Where a run's state is during a soak: a folder that fails now and then, or the scripted S3."""

from __future__ import annotations

import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from soak.tally import Tally
from support.s3 import BUCKET, ScriptedS3

RUN_ID = "soak"
_DOCUMENT = f"{RUN_ID}/1-of-1.json"
_SMALL = "64k"


class Kept(Protocol):
    """A state's place."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The faults that it can have."""

    @property
    def environ(self) -> dict[str, str]: ...

    def read(self) -> bytes | None: ...

    def pass_time(self) -> None:
        """What a dead process held is free from now on."""

    def trouble(self, kind: str, chance: random.Random, tally: Tally) -> None:
        """Has a fault of that kind for a moment; only once the state is held."""


class InFolder:
    """A folder, on a file system of its own where this user may mount one."""

    def __init__(self, folder: Path, *, mounted: bool) -> None:
        self._folder = folder
        self.kinds = ("gone", "full") if mounted else ("gone",)
        self.environ = {"ROLECALL_STATE": str(folder)}

    def read(self) -> bytes | None:
        path = self._folder / _DOCUMENT
        return path.read_bytes() if path.exists() else None

    def pass_time(self) -> None:
        """Nothing: the kernel's locks end with their process."""

    def trouble(self, kind: str, chance: random.Random, tally: Tally) -> None:
        pause = chance.uniform(0.1, 0.8)
        if kind == "gone":
            self._take_away(pause, tally)
        else:
            self._fill(pause, tally)

    def _take_away(self, pause: float, tally: Tally) -> None:
        here, away = self._folder / RUN_ID, self._folder / "away"
        with suppress(OSError):
            here.rename(away)
            tally.fault("gone")
            threading.Event().wait(pause)
            away.rename(here)

    def _fill(self, pause: float, tally: Tally) -> None:
        ballast = self._folder / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        tally.fault("full")
        threading.Event().wait(pause)
        ballast.unlink(missing_ok=True)


class InBucket:
    """A prefix of the scripted S3; what goes wrong there is the weather's."""

    kinds = ("s3",)

    def __init__(self, s3: ScriptedS3, prefix: str) -> None:
        self._s3, self._key = s3, f"{prefix}/{_DOCUMENT}"
        self.environ = {"ROLECALL_STATE": f"s3://{BUCKET}/{prefix}", **s3.environ}

    def read(self) -> bytes | None:
        stored = self._s3.objects.get(self._key)
        return stored.data if stored else None

    def pass_time(self) -> None:
        self._s3.age(3600)

    def trouble(self, kind: str, chance: random.Random, tally: Tally) -> None:
        """Nothing of its own."""


@contextmanager
def small_file_system(folder: Path) -> Iterator[bool]:
    """A small file system at a folder; whether this user may mount one."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SMALL}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        yield False
        return
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)
