"""States in a folder. A lock of the kernel's says who holds one: it ends with its process."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rolecall.errors import FileError, StateError
from rolecall.files import PRIVATE_FILE, make_folder, read_plain, write_atomically
from rolecall.state.mounts import unshared
from rolecall.state.store import TURNS, ConflictError, Found, file_name

_LOCKING = "name a folder in ROLECALL_STATE whose file system can lock files, or s3://bucket/prefix"
_WRITABLE = "name a folder in ROLECALL_STATE that this user may write and that outlives the build"


class FolderStore:
    """One document in a folder, and the lock file beside it."""

    leased = False

    def __init__(self, path: Path) -> None:
        self._path, self.where = path, str(path)
        self._lock = path.with_suffix(".lock")
        self._descriptor = -1

    def claim(self) -> bool:
        while self._descriptor < 0:
            descriptor = self._open()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(descriptor)
                if error.errno in (errno.EAGAIN, errno.EACCES):
                    return False
                why = f"{self._lock} cannot be locked: {error.strerror}"
                raise StateError(why, _LOCKING) from None
            if self._there() == _which(descriptor):
                self._descriptor = descriptor
            else:  # it was removed between opening and locking: another one is the lock now
                os.close(descriptor)
        self._tidy()
        return True

    def _open(self) -> int:
        try:
            make_folder(self._path.parent)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            return os.open(self._lock, flags, PRIVATE_FILE)
        except FileError as error:
            raise StateError(str(error), _WRITABLE) from None
        except OSError as error:
            why = f"{self._lock} cannot be made: {error.strerror}"
            raise StateError(why, _WRITABLE) from None

    def _there(self) -> tuple[int, int] | None:
        """Which file is the lock now; None where there is none."""
        with suppress(OSError):
            found = self._lock.stat()
            return found.st_dev, found.st_ino
        return None

    def _tidy(self) -> None:
        """Removes what writers have left that were killed."""
        with suppress(OSError):
            for path in self._path.parent.glob(f".{self._path.name}.*"):
                path.unlink()

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def read(self, *, patient: bool = True) -> Found | None:
        try:
            data = read_plain(self._path)
            age = time.time() - self._path.stat().st_mtime
        except FileNotFoundError:
            return None
        except OSError as error:
            why = f"{self.where} cannot be read: {error.strerror}"
            remedy = (
                "let this user read a plain file there, or name another folder in ROLECALL_STATE"
            )
            raise StateError(why, remedy) from None
        return Found(data=data, version="", age=max(0.0, age))

    def taken(self) -> bool:
        return self._descriptor >= 0 and self._there() not in (None, _which(self._descriptor))

    def write(self, data: bytes, version: str | None, *, patient: bool = True) -> str:
        if self.taken():
            raise ConflictError(f"{self.where} was cleared, or is another run's")
        try:
            write_atomically(self._path, data)
            _sync(self._path.parent)
        except FileError as error:
            raise StateError(str(error), _WRITABLE) from None
        except OSError as error:
            why = f"{self.where} cannot be written: {error.strerror}"
            raise StateError(why, _WRITABLE) from None
        return ""

    def prove(self, data: bytes, version: str) -> None:
        if kind := unshared(self._path.parent):
            wrong = f"{self.where} lies on {kind}: two runs could deploy at once"
            raise StateError(wrong, _LOCKING)
        if self._locked_twice():
            wrong = f"{self._lock} was locked twice: locks do nothing on this file system, so that"
            raise StateError(f"{wrong} two runs could deploy at once", _LOCKING)
        found = self.read()
        if found is None or found.data != data:
            wrong = f"{self.where} does not hold what was just written to it"
            raise StateError(wrong, _WRITABLE)

    def _locked_twice(self) -> bool:
        """A lock is of an open file, not of a process: our own keeps out ourselves."""
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return not self.taken()

    def delete(self, *, held: bool = False) -> None:
        try:
            if held:
                # Another lock in its place, which is how the holder knows.
                write_atomically(self._lock, b"")
            self._path.unlink(missing_ok=True)
            if held:
                return
            self._lock.unlink(missing_ok=True)
        except FileError as error:
            raise StateError(str(error), _WRITABLE) from None
        except OSError as error:
            why = f"{self.where} cannot be removed: {error.strerror}"
            raise StateError(why, "give this user the right to write its folder") from None
        with suppress(OSError):  # others may lie there
            self._path.parent.rmdir()


def _which(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


class Folder:
    """A folder with a folder for each run."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def store(self, run_id: str, shard: str) -> FolderStore:
        return FolderStore(self._path / run_id / file_name(shard))

    def turns(self, place: str) -> FolderStore:
        return FolderStore(self._path / TURNS / place)

    def stores(self, run_id: str = "") -> Iterator[FolderStore]:
        try:
            runs = [self._path / run_id] if run_id else sorted(self._path.iterdir())
            found = [path for run in runs if run.is_dir() for path in sorted(run.iterdir())]
        except FileNotFoundError:
            return
        except OSError as error:
            why = f"{error.filename} cannot be read: {error.strerror}"
            raise StateError(why, "name the folder of states in ROLECALL_STATE") from None
        for path in found:
            if path.suffix == ".json" and not path.name.startswith("."):
                yield FolderStore(path)


def _sync(folder: Path) -> None:
    """Makes a rename in a folder outlive a power cut, where the file system can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
