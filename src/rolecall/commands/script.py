"""Writes commands as the files a shell runs, with marks between those of a list."""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rolecall.files import create
from rolecall.settings.documents import Commands


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """A shell's argv, and how the marks between the commands look in its output.

    Attributes:
        mark: matches a mark: groups `start` or `end`, the item's number from 0, its exit code.
            None for a single script, which needs no marks.
    """

    argv: tuple[str, ...]
    mark: re.Pattern[bytes] | None


def write(commands: Commands, folder: Path, *, shell: Sequence[str], mark_fd: int) -> Script:
    """Writes the files into `folder`.

    A list's items are read into one shell one after the other, so that what they set carries over.
    Between them the shell prints marks into `mark_fd`, a duplicate of its output, so that output
    and marks stay in order even where a command redirects its own. A random word keeps them apart
    from anything that is printed by chance.
    """
    main = folder / "commands"
    if not commands.listed:
        create(main, _text(commands.items[0]))
        return Script(argv=(*shell, str(main)), mark=None)
    word = secrets.token_hex(8)
    lines = []
    for number, item in enumerate(commands.items):
        path = folder / f"command-{number + 1}"
        create(path, _text(item))
        lines += _item(path, word, number, mark_fd)
    create(main, "\n".join(lines).encode())
    mark = re.compile(rb"\x1e%b:(start|end):(\d+):(\d+)\x1e" % word.encode())
    return Script(argv=(*shell, str(main)), mark=mark)


def _item(path: Path, word: str, number: int, mark_fd: int) -> list[str]:
    """One item between its marks, whose stderr is closed so that `set -x` does not show them."""

    def mark(kind: str, code: str) -> str:
        form = rf"'\036{word}:{kind}:{number}:%s\036'"
        return f"command printf {form} {code} >/dev/fd/{mark_fd}"

    end = mark("end", '"$rolecall_status"')
    leave = '[ "$rolecall_status" = 0 ] || exit "$rolecall_status"'
    return [
        f"{{ {mark('start', '0')}; }} 2>/dev/null",
        f". {shlex.quote(str(path))}",
        f"{{ rolecall_status=$?; {end}; {leave}; }} 2>/dev/null",
    ]


def _text(command: str) -> bytes:
    return f"{command}\n".encode()
