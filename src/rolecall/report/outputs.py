"""What each target printed, in a file of its own below REPORT_DIR, written as it comes."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from rolecall.files import PRIVATE_FILE, PRIVATE_FOLDER
from rolecall.results import Outcome, Result

FOLDER = "logs"
_LONGEST, _CHUNK = 200, 1_048_576
_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]+"
# What a target in a region is called, without the ending of its log.
OURS = rf"[\w@+-][\w.@+-]*-{_REGION}(?:-[0-9]+)?"
NAME = re.compile(rf"(?:{OURS}|(?:before|after)(?:-[0-9]+)?)\.log", re.ASCII)
Key = tuple[str, str]


def is_ours(path: str) -> bool:
    """Whether a report may name such a log, relative to its folder."""
    folder, _, name = path.partition("/")
    return folder == FOLDER and NAME.fullmatch(name) is not None


class Names:
    """Names for files: safe, and different also where upper and lower case are one."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, target: str, region: str) -> str:
        """`dev-eu-central-1.log`; with a number where that is another one's."""
        cleaned = re.sub(r"[^\w.@+-]", "-", target, flags=re.ASCII)[:_LONGEST].lstrip(".") or "-"
        stem = f"{cleaned}-{region}" if region else cleaned
        name, number = f"{stem}.log", 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{stem}-{number}.log"
        self._taken.add(name.casefold())
        return name


class Outputs:
    """The files of a run.

    Args:
        folder: REPORT_DIR.
        on_error: told once, with the file's path and why it can't be written; the run goes on.
    """

    def __init__(self, folder: Path, on_error: Callable[[str, str], None]) -> None:
        self._folder, self._on_error = folder / FOLDER, on_error
        self._told = False
        self._names: dict[Key, str] = {}

    def name(self, keys: Iterable[Key]) -> None:
        """Gives each target and region a file's name, before the first of them begins."""
        names = Names()
        keys = [("before", ""), ("after", ""), *keys]
        self._names = {key: names.of(*key) for key in keys}

    def stem(self, target: str, region: str) -> str:
        """What the target in the region is called in names of files; empty where none is known."""
        return self._names.get((target, region), "").removesuffix(".log")

    def open(self, target: str, region: str) -> Output | None:
        """The file of a target in a region; None where it can't be made."""
        name = self._names[target, region]
        try:
            with opened(self._folder, make=True) as folder:
                return Output(create(folder, name), lambda error: self._failed(name, error))
        except OSError as error:
            self._failed(name, error)
            return None

    def _failed(self, name: str, error: OSError) -> None:
        if not self._told:
            self._told = True
            self._on_error(f"{self._folder / name}", error.strerror or str(error))

    def named(self, outcome: Outcome) -> Outcome:
        """The same with the path of each log that is there, relative to REPORT_DIR."""
        return with_logs(outcome, self._path)

    def _path(self, result: Result) -> str:
        name = self._names.get((result.target, result.region), "")
        path = self._folder / name
        there = bool(name) and result.started_at and path.is_file() and not path.is_symlink()
        return f"{FOLDER}/{name}" if there else ""


class Output:
    """One target's file. After an error it takes everything and keeps nothing."""

    def __init__(self, descriptor: int, on_error: Callable[[OSError], None]) -> None:
        self._file = os.fdopen(descriptor, "wb")
        self._on_error = on_error
        self._well = True

    def write(self, data: bytes) -> None:
        if not self._well:
            return
        try:
            # Each piece is many lines where there are many, and is there at once for who looks.
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            self._well = False
            self._on_error(error)

    def close(self) -> None:
        with suppress(OSError):  # what could not be written is tried again, and has been told
            self._file.close()


def with_logs(outcome: Outcome, path: Callable[[Result], str]) -> Outcome:
    """The outcome with the log of each result that `path` gives."""

    def one(result: Result | None) -> Result | None:
        return replace(result, log=path(result)) if result else None

    results = tuple(replace(result, log=path(result)) for result in outcome.results)
    return replace(outcome, results=results, before=one(outcome.before), after=one(outcome.after))


@contextmanager
def opened(folder: Path, *, within: int | None = None, make: bool = False) -> Iterator[int]:
    """A descriptor of the folder itself, never of one that a symbolic link leads to.

    Args:
        within: a descriptor of the folder that it is in, where it is given by its name there.
        make: whether it is made where there is none; within nothing also those above it.
    """
    if make:
        with suppress(FileExistsError):
            if within is None:
                folder.mkdir(mode=PRIVATE_FOLDER, parents=True)
            else:
                os.mkdir(folder, PRIVATE_FOLDER, dir_fd=within)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def create(folder: int, name: str) -> int:
    """A new file for its owner only, in place of what was there."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(name, flags, PRIVATE_FILE, dir_fd=folder)
    os.fchmod(descriptor, PRIVATE_FILE)
    return descriptor


def clear(folder: Path) -> None:
    """Removes the logs of an earlier run, and nothing else that may lie there."""
    with suppress(OSError), opened(folder / FOLDER) as descriptor:
        for name in os.listdir(descriptor):  # noqa: PTH208  a Path takes no descriptor
            if NAME.fullmatch(name):
                os.unlink(name, dir_fd=descriptor)


def collected(folder: Path, outcome: Outcome) -> Outcome:
    """Copies the logs that results name by their whole paths into a report's folder.

    One that is not there any more, or is no plain file, is left out.
    """
    names = Names()

    def copied(result: Result) -> str:
        if not result.log:
            return ""
        name = names.of(result.target, result.region)
        with suppress(OSError):
            _copy(Path(result.log), folder / FOLDER, name)
            return f"{FOLDER}/{name}"
        return ""

    return with_logs(outcome, copied)


def _copy(source: Path, folder: Path, name: str) -> None:
    with opened(source.parent) as there:
        descriptor = os.open(source.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=there)
    with os.fdopen(descriptor, "rb") as read:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        with opened(folder, make=True) as into:
            if _same(into, name, descriptor):
                return
            with os.fdopen(create(into, name), "wb") as written:
                shutil.copyfileobj(read, written, _CHUNK)


def _same(folder: int, name: str, descriptor: int) -> bool:
    """Whether a report is merged into the folder it is in."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))
