"""Reads a list of targets from a file, an SSM parameter or an S3 object."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rolecall.files import read_plain
from rolecall.settings.sources import BadValueError

MOST_BYTES = 5_000_000


def read(where: str, *, folder: Path, fetch: Callable[[str], bytes] | None) -> str:
    """The text of a list.

    Args:
        where: `file:path`, `ssm:/path` or `s3://bucket/key`.
        folder: what a relative path starts from.
        fetch: reads the other two from AWS; raises BadValueError where it can't.

    Raises:
        BadValueError: with what is wrong with the list, or with where it is.
    """
    if not where.startswith("file:"):
        if fetch is None:
            raise BadValueError(f"{where!r} is read by `run` and `plan --check` only")
        data = fetch(where)
    else:
        path = folder / where.removeprefix("file:")
        try:
            data = read_plain(path, MOST_BYTES + 1)
        except OSError as error:
            raise BadValueError(f"{where!r} cannot be read: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise BadValueError(f"{where!r} is over {MOST_BYTES:,} bytes: that is no list of targets")
    if data.lstrip().startswith(b"<"):
        raise BadValueError(
            f"{where!r} gives a page of HTML or XML, which is no list of targets; check what it is"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadValueError(f"{where!r} is not UTF-8 text (byte {error.start})") from None
