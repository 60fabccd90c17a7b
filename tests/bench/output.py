"""A command that prints much, through rolecall and through `sed -u`."""

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path

from tests.bench.measure import ChildError, Row, Sample, at_most, child, interleaved
from tests.bench.place import Place, role_arns

_MB = 1_000_000
# What looks most like a secret in pieces: each line is looked up by the mask.
_SUSPECT: dict[str, Callable[[random.Random], bytes]] = {
    "base64": lambda chance: base64.b64encode(chance.randbytes(57)) + b"\n",
    "sha256 sums": lambda chance: chance.randbytes(32).hex().encode() + b"  lib/file.py\n",
    "long paths": lambda chance: (
        b"copied /opt/rolecall/lib/python/site-packages/botocore/data/%d/service\n"
        % chance.randrange(10**6)
    ),
}
_LINE = b"%09d Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor in\n"


def rows(place: Place) -> list[Row]:
    text = place.folder / "text"
    size = _write(text, place.scale.output_mb * _MB)
    environ = place.rolecall(TARGETS=f"dev={role_arns(1)[0]}", COMMANDS=f"cat {text}")
    of_command: list[float] = []

    def ours() -> Sample:
        sample = child(["rolecall", "run"], environ=environ, folder=place.folder)
        of_command.append(json.loads(place.report.read_text())["results"][0]["seconds"])
        return sample

    def sed(*how: str) -> Sample:
        argv = [*how, "s/^/dev | /", text]
        return child(argv, environ=place.environ, folder=place.folder)

    _check_whole(place, environ, size)
    best = interleaved(
        {"rolecall": ours, "lines": lambda: sed("stdbuf", "-oL", "sed")}, place.scale.repeats
    )
    # Once: `sed -u` reads byte by byte, which takes a minute and more.
    theirs = sed("sed", "-u").seconds
    text.unlink()
    seconds, by_line = best["rolecall"].seconds, best["lines"].seconds
    name = f"{place.scale.output_mb} MB of output: rolecall run"
    return [
        at_most(f"{name} / sed -u", seconds, theirs, 1.0),
        at_most("the same, without rolecall's start and end", min(of_command), by_line),
        at_most(f"{name} / sed that reads in blocks, writes lines", seconds, by_line),
        Row(
            name="the same, throughput beside that",
            left=f"{size / _MB / min(of_command):.0f} MB/s",
            right=f"{size / _MB / by_line:.0f} MB/s",
            ratio=by_line / min(of_command),
        ),
        *(_suspect(place, name) for name in _SUSPECT),
    ]


def _suspect(place: Place, name: str) -> Row:
    """Half as much output of lines that the mask has to look up."""
    text, size = place.folder / "suspect", place.scale.output_mb * _MB // 2
    chance = random.Random(1)
    some = b"".join(_SUSPECT[name](chance) for _ in range(100_000))
    with text.open("wb") as file:
        for _ in range(max(1, size // len(some))):
            file.write(some)
    environ = place.rolecall(TARGETS=f"dev={role_arns(1)[0]}", COMMANDS=f"cat {text}")
    argv = ["stdbuf", "-oL", "sed", "s/^/dev | /", text]
    best = interleaved(
        {
            "rolecall": lambda: child(["rolecall", "run"], environ=environ, folder=place.folder),
            "lines": lambda: child(argv, environ=place.environ, folder=place.folder),
        },
        place.scale.repeats,
    )
    text.unlink()
    what = f"{size // _MB} MB of {name}: rolecall run / sed that reads in blocks, writes lines"
    return at_most(what, best["rolecall"].seconds, best["lines"].seconds)


def _write(path: Path, size: int) -> int:
    """Writes lines of about 100 bytes, each with its number; returns the bytes."""
    lines = size // len(_LINE % 0)
    with path.open("wb") as file:
        file.writelines(_LINE % number for number in range(lines))
    return path.stat().st_size


def _check_whole(place: Place, environ: dict[str, str], size: int) -> None:
    """Speed counts only where nothing is lost."""
    log = place.folder / "log"
    child(["rolecall", "run"], environ=environ, folder=place.folder, stdout=log)
    passed = log.stat().st_size
    log.unlink()
    if passed < size:
        raise ChildError(f"rolecall passed on {passed:,} of {size:,} bytes")
