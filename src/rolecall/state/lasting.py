"""What commands meet that stays the same from try to try: a success counts for that.

Sources: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html and what
shells and terminals set.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rolecall.settings.sources import clean

_REVISION = "CODEBUILD_RESOLVED_SOURCE_VERSION"
# Of a build's own variables those that tell what it builds, or in what; the others tell which
# build it is. Also with the identifier of another source behind them.
_CONTENT = re.compile(
    r"CODEBUILD_((RESOLVED_)?SOURCE_VERSION|SOURCE_REPO_URL|BUILD_IMAGE|WEBHOOK)(_\w+)?"
)
# What tells the try, the terminal or the process. ROLECALL_*: options count as far as they say
# what is done.
_OF_A_TRY = re.compile(
    r"(ROLECALL|CODEBUILD|ECS|AWS_LAMBDA|_X_AMZN|SSH|DBUS|TMUX|VTE|XDG_(SESSION|RUNTIME|SEAT|VTNR)"
    r"|TERM|ITERM|KITTY|WINDOWID|WEZTERM)(_\w*)?"
    r"|AWS_(DEFAULT_)?REGION|AWS_EXECUTION_ENV|HOST|HOSTNAME|PWD|OLDPWD|SHLVL|_|COLUMNS|LINES"
    r"|COLORTERM|STY|GPG_TTY|DISPLAY|WAYLAND_DISPLAY|INVOCATION_ID|JOURNAL_STREAM|MAKELEVEL"
    r"|TMPDIR|TMP|TEMP|\w+_(AUTH|SESSION|ID|JOB)_TOKEN"
)
# Folders that are other ones in each build; the values of other variables lie below them.
_PLACES = re.compile(r"CODEBUILD_SRC_DIR(_\w+)?|TMPDIR|TMP|TEMP")
_LARGEST = 4_000_000  # bytes of a file that are worth reading


@dataclass(frozen=True, kw_only=True, slots=True)
class Lasting:
    """What commands meet, but for what differs from try to try.

    Attributes:
        variables: those that they inherit. source: what is known of the files that they find.
    """

    variables: Mapping[str, str]
    source: Mapping[str, str]


def lasting(
    environ: Mapping[str, str], inherited: Mapping[str, str], folder: Path, scripts: Iterable[str]
) -> Lasting:
    """What lasts.

    Args:
        environ: this process's. inherited: what the commands have of it.
        folder: where they run. scripts: their text.
    """
    source = {name: clean(v) for name, v in environ.items() if _CONTENT.fullmatch(name)}
    if not source.get(_REVISION):
        source |= {"commit": commit(folder), **dict(_named_files(folder, scripts))}
    return Lasting(
        variables=lasting_variables(inherited),
        source={name: value for name, value in source.items() if value},
    )


def lasting_variables(inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables that commands inherit, but for those that differ from try to try."""
    places = {v: name for name, v in inherited.items() if _PLACES.fullmatch(name) and len(v) > 1}
    found = {name: v for name, v in inherited.items() if not _OF_A_TRY.fullmatch(name)}
    for place in sorted(places, key=len, reverse=True):
        found = {name: v.replace(place, f"${places[place]}") for name, v in found.items()}
    return found


def _named_files(folder: Path, scripts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The files in the folder that commands name, such as `./deploy.sh`, and what they hold.

    Those that are empty are marks, and those behind a `>` are written.
    """
    for word in sorted({word for script in scripts for word in _words(script)}):
        path = folder / word
        with suppress(OSError, ValueError):
            if not word.startswith(("/", "~")) and path.is_file() and path.stat().st_size:
                yield f"file {word}", _held(path)


def _held(path: Path) -> str:
    status = path.stat()
    if status.st_size > _LARGEST:
        return f"{status.st_size} bytes of {status.st_mtime_ns}"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _words(script: str) -> Iterator[str]:
    lexer = shlex.shlex(script, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    before = ""
    with suppress(ValueError):  # a quote that does not end
        for word in lexer:
            if ">" not in before:
                yield word
            before = word


def commit(folder: Path) -> str:
    """What git has checked out there; empty where that is not known.

    Source: https://git-scm.com/docs/gitrepository-layout
    """
    with suppress(OSError, ValueError):
        above = (at / ".git" for at in (folder, *folder.parents))
        root = next((at for at in above if at.exists()), None)
        if root is None:
            return ""
        if root.is_file():  # a worktree's
            root = root.parent / root.read_text("utf-8").removeprefix("gitdir:").strip()
        head = (root / "HEAD").read_text("utf-8").strip()
        if not head.startswith("ref:"):
            return head
        common = root / "commondir"
        shared = root / common.read_text("utf-8").strip() if common.exists() else root
        return _referred(shared, head.removeprefix("ref:").strip())
    return ""


def _referred(root: Path, name: str) -> str:
    if (root / name).is_file():
        return (root / name).read_text("utf-8").strip()
    lines = (root / "packed-refs").read_text("utf-8").splitlines()
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), "")
