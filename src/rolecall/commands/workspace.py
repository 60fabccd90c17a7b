"""A working copy of the user's folder for each target that runs beside others.

It is made by `cp`, of blocks that are shared where the file system can (reflinks): thousands of
files that Python copied one by one would hold up what other targets print.
docs/adr/0016-workspaces.md says why it is no overlay.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from rolecall import logs, wording
from rolecall.commands.survey import Survey, survey
from rolecall.errors import ConfigError, FileError, Problem
from rolecall.files import new_folder, remove_folder
from rolecall.stop import Stop

COPY, SHARED = "copy", "shared"
_FICLONE = 0x40049409  # linux/fs.h
_OWNER = 0o700
_LOOK, _SLOW, _HEARTBEAT = 0.1, 5.0, 60.0
_LONGEST, _LONGEST_REMOVAL = 3600.0, 600.0
_KILL_WAIT = 5.0
_NAMES_AT_ONCE = 1_000
_PLACE = "ROLECALL_WORKSPACE"
_REMEDY = (
    "let fewer run at once (MAX_PARALLEL), or set WORKSPACE=shared where commands write nothing"
    " into the folder that differs from target to target"
)
_NO_COPY = "no working copy could be made"


@dataclass(kw_only=True, slots=True)
class _Wait:
    """What is waiting for a copy: it ends with the run, and is told where it is long."""

    stop: Stop
    on_slow: Callable[[float], None]
    _begun: float = field(default_factory=time.monotonic)
    _told_at: float = field(default_factory=lambda: _SLOW)

    def look(self) -> None:
        self.stop.check()
        waited = time.monotonic() - self._begun
        if waited > _LONGEST:
            raise FileError(f"{_NO_COPY} within {wording.seconds(_LONGEST)}")
        if waited >= self._told_at:
            self._told_at += _HEARTBEAT
            self.on_slow(waited)


def below(folder: Path, paths: Iterable[Path]) -> frozenset[Path]:
    """Those of the paths that lie in the folder, without the links that lead to them."""
    real = (path.resolve() for path in paths)
    return frozenset(path for path in real if path != folder and path.is_relative_to(folder))


@dataclass(frozen=True, kw_only=True, slots=True)
class Copies:
    """Copies of `folder`, each in a folder of its own below `place`. Safe in many threads.

    Attributes:
        left_out: what no copy has. at_once: how many there may ever be.
        path: where programs are looked up.
    """

    folder: Path
    place: Path
    left_out: frozenset[Path]
    at_once: int
    path: str | None
    _found: list[Survey] = field(default_factory=list)
    _turns: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(max(2, os.cpu_count() or 1))
    )

    def check(self, stop: Stop) -> None:
        """Looks at what there is to copy, so that nothing begins where it can't be.

        Raises:
            ConfigError: where it can't be copied as often as it has to be at once.
            InterruptedRunError: as soon as a stop is requested.
        """
        if self.folder == Path(self.folder.anchor):
            raise _refused(f"{self.folder} is a whole machine: run in the folder to deploy from")
        if not shutil.which("cp", path=self.path):
            raise _refused(f"a copy of {self.folder} takes `cp`, which is not on the PATH")
        found = stop.run(lambda: survey(self.folder, self.left_out, stop))
        if found.obstacle:
            raise _refused(f"{self.folder} cannot be copied: {found.obstacle}; mend or remove that")
        if lack := self._lack(found):
            raise _refused(lack)
        self._found[:] = [found]

    def _lack(self, found: Survey) -> str:
        """What there is no room for; empty where there is."""
        room = os.statvfs(self.place)
        free = room.f_bavail * room.f_frsize
        fits = self.at_once
        if found.size * fits > free and not self._shares_blocks(found):
            fits = free // found.size
        if room.f_files and found.files * fits > room.f_favail:
            fits = room.f_favail // found.files
        if fits >= self.at_once:
            return ""
        each = f"{wording.size(found.size)} in {wording.count(found.files, 'file')} each"
        return (
            f"there may be {wording.count(self.at_once, 'copy', 'copies')} of {self.folder} at once"
            f" ({each}), and {self.place.parent} has room for {fits}: set TMPDIR to a folder with"
            " more"
        )

    def _shares_blocks(self, found: Survey) -> bool:
        """Whether a copy takes no room, since it has its blocks in common with the folder."""
        if not found.sample:
            return False
        trial = self.place / "trial"
        try:
            with found.sample.open("rb") as whole, trial.open("wb") as copied:
                fcntl.ioctl(copied, _FICLONE, whole.fileno())
        except OSError:
            return False
        finally:
            trial.unlink(missing_ok=True)
        return True

    @contextmanager
    def made(self, name: str, stop: Stop, on_slow: Callable[[float], None]) -> Iterator[Path]:
        """A copy for as long as the context lasts.

        Args:
            name: of no other copy. on_slow: told after some seconds, and then every minute.

        Raises:
            FileError: where it can't be made.
            InterruptedRunError: as soon as a stop is requested while it is made.
        """
        around = self.place / name
        new_folder(around)
        # Tools name things after the folder that they are in.
        copied = around / self.folder.name
        try:
            self._make(copied, stop, on_slow)
            yield copied
        finally:
            self._remove(around)

    def _make(self, copied: Path, stop: Stop, on_slow: Callable[[float], None]) -> None:
        wait = _Wait(stop=stop, on_slow=on_slow)
        while not self._turns.acquire(timeout=_LOOK):
            wait.look()
        try:
            for part, names in self._found[0].parts.items():
                new_folder(copied / part)
                if self._found[0].small:
                    _copy_few(self.folder / part, names, copied / part)
                    continue
                for first in range(0, len(names), _NAMES_AT_ONCE):
                    self._copy(part, names[first : first + _NAMES_AT_ONCE], copied, wait)
            for part in reversed(self._found[0].parts):
                _like(self.folder / part, copied / part)
        except OSError as error:
            raise FileError(f"{_NO_COPY}: {error.strerror or error}") from error
        finally:
            self._turns.release()

    def _copy(self, part: str, names: Sequence[str], copied: Path, wait: _Wait) -> None:
        sources = [f"./{name}" for name in names]
        code, said = self._run(
            ["cp", *_flags(self.path), "--", *sources, str(copied / part)],
            folder=self.folder / part,
            wait=wait,
        )
        if code:
            why = wording.harmless(said.strip().splitlines()[0]) if said.strip() else f"cp: {code}"
            raise FileError(f"{_NO_COPY}: {why}")

    def _run(self, argv: Sequence[str], *, folder: Path, wait: _Wait) -> tuple[int, str]:
        process = subprocess.Popen(  # noqa: S603  the words are paths and flags of ours
            argv,
            cwd=folder,
            env=_environ(self.path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    _, said = process.communicate(timeout=_LOOK)
                    return process.returncode, said
                wait.look()
        except BaseException:
            _kill(process)
            raise

    def _remove(self, around: Path) -> None:
        """Whatever the commands have put there. A big one is not removed by Python itself."""
        with suppress(OSError, subprocess.SubprocessError):
            if self._found[0].files > _NAMES_AT_ONCE:
                subprocess.run(  # noqa: S603  as above
                    ["rm", "-rf", "--", str(around)],  # noqa: S607  as above
                    env=_environ(self.path),
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    start_new_session=True,
                    timeout=_LONGEST_REMOVAL,
                    check=False,
                )
        remove_folder(around)
        if around.exists():
            logs.Log().warning("workspace_left", path=str(around))


def relocated(
    environ: Mapping[str, str], folder: Path, copied: Path, kept: Collection[Path]
) -> dict[str, str]:
    """The variables, with each path in the folder as that in the copy.

    Scripts find their way by CODEBUILD_SRC_DIR, PWD or PYTHONPATH, and would leave the copy again.

    Args:
        kept: what is in no copy; paths to it stay.
    """
    old, new = str(folder), str(copied)

    def moved(part: str) -> str:
        if part != old and not part.startswith(f"{old}/"):
            return part
        if any(Path(part).is_relative_to(path) for path in kept):
            return part
        return new + part.removeprefix(old)

    return {
        name: ":".join(map(moved, value.split(":"))) if old in value else value
        for name, value in environ.items()
    }


def _refused(why: str) -> ConfigError:
    return ConfigError([Problem(_PLACE, f"{why}; or {_REMEDY}")])


@cache
def _flags(path: str | None) -> tuple[str, ...]:
    """All that a file has, and its blocks shared where `cp` and the file system know how to."""
    shared = "--reflink=auto"
    known = subprocess.run(  # noqa: S603  no word is of the user
        ["cp", shared, "--version"],  # noqa: S607  looked up on the user's PATH
        env=_environ(path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_KILL_WAIT,
        check=False,
    )
    return ("-a", *([] if known.returncode else [shared]))


def _environ(path: str | None) -> dict[str, str]:
    return {"PATH": path or os.defpath, "LC_ALL": "C"}


def _copy_few(folder: Path, names: Sequence[str], copied: Path) -> None:
    for name in names:
        source = folder / name
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, copied / name, symlinks=True)
        else:
            shutil.copy2(source, copied / name, follow_symlinks=False)


def _like(folder: Path, copied: Path) -> None:
    """Mode and times; its owner may do with it what a copy is for."""
    status = folder.stat()
    copied.chmod(stat.S_IMODE(status.st_mode) | _OWNER)
    os.utime(copied, ns=(status.st_atime_ns, status.st_mtime_ns))


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):  # one that a file system holds ends when it can
        process.communicate(timeout=_KILL_WAIT)
