"""What a working copy costs for each target, with a folder of 1 GB in 100,000 files.

Each way makes a copy and removes it again. rolecall's own cost is what a run with copies takes
longer than one without.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tests.bench.measure import ChildError, Row, Sample, at_most, child
from tests.bench.place import Place, role_arns

_FILES, _SIZE = 100_000, 10_000
_IN_A_FOLDER = 100
_AT_ONCE = 16
_WITHIN = 1.5
_OVERLAY = (
    "mkdir upper work merged && mount -t overlay overlay -o"
    ' "lowerdir=$0,upperdir=upper,workdir=work" merged && cd merged && : > written'
)
# What not every file system or user can do: the words before a script, which is the last.
_OTHERS: Mapping[str, Sequence[str]] = {
    "cp --reflink=always, rm": ('cp -a --reflink=always "$0" copied && rm -rf copied',),
    "an overlay": ("unshare", "--mount", "--propagation", "private", _OVERLAY),
}


def rows(place: Place) -> list[Row]:
    folder = place.folder / "repository"
    files = _FILES // 100 if place.scale.quick else _FILES
    _make(folder, files)
    name = f"{files * _SIZE / 1e9:g} GB in {files:,} files"
    copied = _time(place, 'cp -a "$0" copied && rm -rf copied', folder)
    one = _ours(place, folder, 1, "copy") - _ours(place, folder, 1, "shared")
    many = _ours(place, folder, _AT_ONCE, "copy") - _ours(place, folder, _AT_ONCE, "shared")
    each = many / _AT_ONCE
    at_once = f"the same, {_AT_ONCE} targets at once, each"
    found = [
        at_most(f"{name}, a working copy: rolecall / cp -a, rm", one, copied, _WITHIN),
        at_most(f"{at_once}: rolecall / cp -a, rm", each, copied, _WITHIN),
        at_most(f"{at_once}: rolecall / git worktree add, remove", each, _worktree(place, folder)),
    ]
    for title, how in _OTHERS.items():
        found.append(_beside(place, f"{at_once}: rolecall / {title}", each, folder, how))
    child(["rm", "-rf", folder], environ=place.environ, folder=place.folder)
    return found


def _make(folder: Path, files: int) -> None:
    text = os.urandom(_SIZE * 2)
    for number in range(files):
        inside = folder / f"{number // _IN_A_FOLDER}"
        if number % _IN_A_FOLDER == 0:
            inside.mkdir(parents=True)
        (inside / f"{number}").write_bytes(text[number % _SIZE :][:_SIZE])


def _ours(place: Place, folder: Path, count: int, workspace: str) -> float:
    environ = place.rolecall(
        TARGETS="\n".join(role_arns(count)), MAX_PARALLEL=str(count), WORKSPACE=workspace
    )
    return child(["rolecall", "run"], environ=environ, folder=folder).seconds


def _time(place: Place, script: str, folder: Path, how: Sequence[str] = ()) -> float:
    """Seconds of a script, whose `$0` is the folder; what it leaves behind is removed."""
    beside = place.folder / "beside"
    beside.mkdir()
    argv = [*how, "sh", "-ec", script, folder]
    try:
        sample: Sample = child(argv, environ=place.environ, folder=beside)
    finally:
        subprocess.run(["rm", "-rf", beside], check=True)
    return sample.seconds


def _worktree(place: Place, folder: Path) -> float:
    git = replace(place, environ={**place.environ, "GIT_CONFIG_GLOBAL": os.devnull})
    for words in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "--quiet", "-m", "x"],
    ):
        child(["git", *words], environ=git.environ, folder=folder)
    tree = 'git -C "$0" worktree add --quiet --detach "$PWD/tree"'
    return _time(git, f'{tree} && git -C "$0" worktree remove "$PWD/tree"', folder)


def _beside(place: Place, name: str, ours: float, folder: Path, how: Sequence[str]) -> Row:
    *before, script = how
    try:
        return at_most(name, ours, _time(place, script, folder, before))
    except (ChildError, OSError):
        return Row(name=name, left=f"{ours:.3f} s", right="not possible here", ratio=None)
