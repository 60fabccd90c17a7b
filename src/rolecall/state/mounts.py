"""File systems on which a lock is known to hold on one machine only, whatever it says."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
# They keep files in a bucket: what they lock and rename is their own cache.
_BUCKETS = re.compile(r"s3fs|goofys|geesefs|mountpoint-s3|rclone|gcsfuse|blobfuse2?")
_LOCAL_LOCKS = re.compile(r"nolock|local_lock=(all|flock)")


def unshared(path: Path, mounts: Path = _MOUNTS) -> str:
    """What the file system of a folder is where its locks mean nothing elsewhere; else nothing.

    Sources: proc_pid_mountinfo(5), nfs(5).
    """
    with suppress(OSError, ValueError):
        return _told(path.resolve(), mounts.read_text("utf-8", "replace").splitlines())
    return ""


def _told(path: Path, lines: list[str]) -> str:
    deepest, kind, source, options = "", "", "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        where = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), before.split()[4])
        # A later mount hides an earlier one at the same place.
        if path.is_relative_to(where) and len(where) >= len(deepest):
            deepest, (kind, source, options) = where, after.split()[:3]
    if kind.startswith("nfs") and any(map(_LOCAL_LOCKS.fullmatch, options.split(","))):
        return f"{kind} with locks of its own on each machine (mount option nolock or local_lock)"
    if kind.startswith("fuse"):
        names = (kind.removeprefix("fuse."), source)
        return next((f"{name}, a bucket" for name in names if _BUCKETS.fullmatch(name)), "")
    return ""
