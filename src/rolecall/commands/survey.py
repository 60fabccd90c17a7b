"""What there is to copy of a folder, and what of it cannot be."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rolecall.stop import Stop

_BLOCK = 512  # bytes in one of `st_blocks`, whatever the file system's are
_MOST_NAMED = 3
_PLAIN = frozenset({stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK})
_FEW, _SMALL = 100, 1_000_000


@dataclass(kw_only=True, slots=True)
class Survey:
    """A folder as it is now.

    Attributes:
        parts: what is copied: a folder, relative to the whole, and the names in it that are taken
            with all that is in them.
        files: how many there are of all kinds. size: bytes that they take on the disk.
        plain: nothing in it needs a right, or more than shutil knows of.
        sample: a file with something in it; None where there is none.
        unfit: a line for each of what can't be copied.
    """

    parts: dict[str, list[str]] = field(default_factory=dict)
    files: int = 0
    size: int = 0
    plain: bool = True
    sample: Path | None = None
    unfit: list[str] = field(default_factory=list)

    @property
    def small(self) -> bool:
        """Whether it is copied sooner than a program for that is started."""
        return self.plain and self.files <= _FEW and self.size <= _SMALL

    @property
    def obstacle(self) -> str:
        """What can't be copied, in words; empty where all can."""
        more = len(self.unfit) - _MOST_NAMED
        return "; ".join(self.unfit[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def survey(folder: Path, left_out: Collection[Path], stop: Stop) -> Survey:
    """Looks at everything in the folder but what is left out.

    Raises:
        InterruptedRunError: as soon as a stop is requested.
    """
    found = Survey()
    # Folders that hold something that is left out are taken name by name.
    split = {
        parent for path in left_out for parent in path.parents if parent.is_relative_to(folder)
    }
    for part in sorted({folder, *split}):
        if not part.is_dir() or any(part.is_relative_to(path) for path in left_out):
            continue
        names: list[str] = []
        for entry in _entries(part, found):
            path = Path(entry.path)
            if path in left_out or path in split:
                continue
            names.append(entry.name)
            _take(entry, found, stop)
        found.parts[str(part.relative_to(folder))] = sorted(names)
    return found


def _take(entry: os.DirEntry[str], found: Survey, stop: Stop) -> None:
    """Counts it, and all that is in it."""
    left = [entry]
    while left:
        each = left.pop()
        if _is_folder(each, found):
            stop.check()
            left += _entries(each, found)


def _entries(folder: os.DirEntry[str] | Path, found: Survey) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:  # it went while we looked
        return
    except OSError as error:
        found.unfit.append(f"{os.fspath(folder)} cannot be read: {error.strerror}")


def _is_folder(entry: os.DirEntry[str], found: Survey) -> bool:
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    mode = status.st_mode
    found.files += 1
    found.size += status.st_blocks * _BLOCK
    own = (status.st_uid, status.st_gid) == (os.geteuid(), os.getegid())
    found.plain = found.plain and own and stat.S_IFMT(mode) in _PLAIN
    if stat.S_ISREG(mode):
        if not os.access(entry.path, os.R_OK):
            found.unfit.append(f"{entry.path} cannot be read")
        elif status.st_size and found.sample is None:
            found.sample = Path(entry.path)
    elif stat.S_ISBLK(mode) or stat.S_ISCHR(mode):
        found.unfit.append(f"{entry.path} is a device")
    return stat.S_ISDIR(mode)
