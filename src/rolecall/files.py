"""Files written whole or not at all, readable by their owner only, never through a symlink."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rolecall.errors import FileError

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
_TOKEN_BYTES = 8


def write_atomically(
    path: Path, data: bytes | Iterable[bytes], *, mode: int = PRIVATE_FILE, durable: bool = True
) -> None:
    """Puts a whole new file in place of `path`, in one step.

    Args:
        data: the content, at once or in pieces.
        durable: whether it is on the disk before it shows, so that it outlives a power cut.

    Raises:
        FileError: where `path` is a symlink, or its folder can't be written.
    """
    if path.is_symlink():
        raise FileError(
            f"{path} is a symbolic link, which rolecall does not write through: name the file it"
            f" points to, {os.path.realpath(path)}"
        )
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(_TOKEN_BYTES)}")
    try:
        try:
            _create(temporary, data, mode, durable=durable)
            temporary.replace(path)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}") from error


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


def _create(path: Path, data: bytes | Iterable[bytes], mode: int, *, durable: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
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
