"""Files written whole or not at all, readable by their owner only, never through a symlink."""

from __future__ import annotations

import errno
import glob
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rolecall.errors import FileError

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
_TOKEN_BYTES = 8
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_plain(path: Path, most: int = -1) -> bytes:
    """The content of a file that a user has named, or its first bytes.

    What is no plain file is not opened: a pipe would be waited for, a device may never end.

    Args:
        most: how many bytes; negative for all.

    Raises:
        OSError: where there is none, or it is no plain file; `strerror` says so in words.
    """
    _require_plain(path, path.stat())
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    with os.fdopen(descriptor, "rb") as file:
        _require_plain(path, os.fstat(descriptor))  # it may be another one by now
        return file.read(most)


def _require_plain(path: Path, found: os.stat_result) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind == stat.S_IFDIR:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if kind != stat.S_IFREG:
        what = _KINDS.get(kind, "something else")
        raise OSError(errno.EINVAL, f"it is {what}, and no plain file", str(path))


def write_atomically(
    path: Path, data: bytes | Iterable[bytes], *, mode: int = PRIVATE_FILE, durable: bool = True
) -> None:
    """Puts a whole new file in place of `path`, in one step.

    Args:
        data: the content, at once or in pieces.
        durable: whether it is on the disk before it shows, so that it outlives a power cut.

    Raises:
        FileError: where `path` is a symlink or no plain file, or its folder can't be written.
    """
    with staged(path, data, mode=mode, durable=durable) as new:
        put(new, path)


def put(new: Path, path: Path) -> None:
    """Puts a file that is `staged` in place of `path`.

    Raises:
        FileError: where it can't be put there.
    """
    try:
        new.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextmanager
def staged(
    path: Path,
    data: bytes | Iterable[bytes],
    *,
    mode: int = PRIVATE_FILE,
    durable: bool = True,
    owner: tuple[int, int] | None = None,
) -> Iterator[Path]:
    """A whole new file beside `path`, to be looked at before it is `put` there; else it goes again.

    Args:
        data, durable: as of `write_atomically`.
        owner: the user and group it belongs to; None for those of this process.

    Raises:
        FileError: as `write_atomically` does.
    """
    if path.is_symlink():
        raise FileError(
            f"{path} is a symbolic link, which rolecall does not write through: name the file it"
            f" points to, {os.path.realpath(path)}"
        )
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(_TOKEN_BYTES)}")
    try:
        try:
            with suppress(FileNotFoundError):
                _require_plain(path, path.lstat())
            _create(temporary, data, mode, durable=durable, owner=owner)
        except OSError as error:
            raise _unwritable(path, error) from error
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink()


def _unwritable(path: Path, error: OSError) -> FileError:
    return FileError(f"{path} cannot be written: {error.strerror}")


@contextmanager
def replacing(path: Path | None, *, sources: Iterable[Path] = ()) -> Iterator[None]:
    """Where this ends in an error, no file is left at `path`: it would pass for the one wanted.

    Args:
        path: what is to be written; None for nothing. sources: what it is made of, and stays.
    """
    try:
        yield
    except BaseException:
        if path and path.is_file() and not path.is_symlink():
            with suppress(OSError):
                if not any(source.exists() and source.samefile(path) for source in sources):
                    path.unlink()
        raise


def remove_abandoned(path: Path) -> None:
    """Removes what writers of `path` that were killed have left beside it.

    Only for who has it locked: the file of a writer that lives would go too.
    """
    name = f".{glob.escape(path.name)}." + "[0-9a-f]" * 2 * _TOKEN_BYTES
    for left in path.parent.glob(name):
        with suppress(OSError):
            left.unlink()


def create(path: Path, data: bytes) -> None:
    """Makes a file that was not there, for its owner only and not to outlive a power cut.

    Raises:
        FileError: where it is there already, or can't be made.
    """
    try:
        _create(path, data, PRIVATE_FILE, durable=False)
    except OSError as error:
        raise FileError(f"{path} cannot be made: {error.strerror}") from error


def _create(
    path: Path,
    data: bytes | Iterable[bytes],
    mode: int,
    *,
    durable: bool,
    owner: tuple[int, int] | None = None,
) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        made = os.fstat(descriptor)
        if owner not in (None, (made.st_uid, made.st_gid)):
            os.fchown(descriptor, *owner)
        # The umask may have taken bits away that a file which existed had.
        os.fchmod(descriptor, mode)
        file.writelines([data] if isinstance(data, bytes) else data)
        if durable:
            file.flush()
            os.fsync(descriptor)


def new_folder(path: Path) -> None:
    """Makes a folder that was not there, in one that is, for its owner only.

    Raises:
        FileError: where it is there already, or can't be made.
    """
    try:
        path.mkdir(PRIVATE_FOLDER)
    except OSError as error:
        raise FileError(f"{path} cannot be made: {error.strerror}") from error


def remove_folder(path: Path) -> None:
    """Removes a folder, whatever was put there, also where its rights were taken away."""
    shutil.rmtree(path, ignore_errors=True)
    if path.is_dir() and not path.is_symlink():
        _open_up(path)
        shutil.rmtree(path, ignore_errors=True)


def _open_up(folder: Path) -> None:
    with suppress(OSError):
        folder.chmod(PRIVATE_FOLDER)
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                _open_up(path)


def make_folder(path: Path, mode: int = PRIVATE_FOLDER) -> None:
    """Makes a folder and those above it, where they are not there yet.

    Raises:
        FileError: where it can't be made, or is no folder.
    """
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{path} cannot be made: {error.strerror}") from error
