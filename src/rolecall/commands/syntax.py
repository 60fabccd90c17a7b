"""Finds what a shell can't read before any of it runs: no target is half deployed for a typo."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from rolecall.settings.documents import Commands

_ASKED = frozenset({"sh", "bash", "dash"})
# The second makes right for bash, also where it is sh, what commands with `shopt -s extglob` hold.
_READINGS = ((), ("-O", "extglob"))
_PATIENCE = 10  # seconds; no shell takes as long, and a run does not depend on the answer
_SPEAKER = re.compile(r"^\S*?: (?:line )?(?=\d+: )")


def mistakes(commands: Commands, shell: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The number of each command that the shell can't read, from 1, and what the shell says.

    Shells other than sh, dash and bash are not asked, and nor is one that won't answer.

    Args:
        shell: its argv. Its flags are left out: with `-i`, bash would run what it should but read.
    """
    program = shell[0]
    if Path(program).name not in _ASKED:
        return
    # One look at all of them, for whom nothing is wrong.
    if not _wrong(program, "\n".join(commands.items)):
        return
    for number, item in enumerate(commands.items, start=1):
        if wrong := _wrong(program, item):
            yield number, wrong


def _wrong(program: str, script: str) -> str:
    """What the shell says is wrong; empty where one way of reading it will do."""
    plain, *others = _READINGS
    wrong = _said(program, plain, script)
    return wrong if wrong and all(_said(program, flags, script) for flags in others) else ""


def _said(program: str, flags: Sequence[str], script: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  that reads, and runs nothing
            [program, *flags, "-n"],
            input=f"{script}\n".encode(errors="surrogateescape"),
            env={},  # nothing that it would read first
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    if done.returncode <= 0:
        return ""
    lines = done.stderr.decode(errors="replace").splitlines()
    first = next((line for line in lines if ": warning:" not in line), "it does not say what")
    return _SPEAKER.sub("line ", first)
