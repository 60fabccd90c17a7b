"""The flags of `plan --batch` and `init --batch`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WAYS = ("target", "wave", "shard")
_MOST_SHARDS = 9999
# What a batch of builds can be written for.
FORMS = ("codebuild", "stepfunctions")


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchArguments:
    """What `--batch` was told.

    Attributes:
        way: a build for each target, wave or shard. shards: how many for each wave.
        form: one of FORMS. buildspec: the file whose phases the builds run.
        out: a file in place of standard output; empty for none. The last two are `plan`'s.
    """

    way: str
    shards: int
    form: str
    buildspec: str
    out: str


def add(command: argparse.ArgumentParser, text: str, *, whole: bool) -> None:
    """Gives a command the flags of a batch.

    Args:
        text: the help of --batch itself. whole: whether help shows the flags that go with it.
    """
    command.add_argument(
        # No text, which argparse would look for among the choices.
        "--batch", nargs="?", const=True, choices=WAYS, metavar="{" + ",".join(WAYS) + "}",
        help=f"{text}: a build for each target, wave or shard",
    )  # fmt: skip
    shards = "how many builds share each wave"
    form = "what --batch writes: a buildspec (default), or the input of the state machine in"
    form += " pipeline/fleet.yaml"
    command.add_argument("--shards", metavar="N", help=shards if whole else argparse.SUPPRESS)
    command.add_argument("--form", choices=FORMS, help=form if whole else argparse.SUPPRESS)


def parsed(parser: argparse.ArgumentParser, found: Mapping[str, Any]) -> BatchArguments | None:
    """What was given; None without --batch. Exits with 2 on a mistake."""
    way, shards = found["batch"], found["shards"]
    if way is None:
        alone = [name for name in ("shards", "form", "buildspec") if found.get(name)]
        if alone:
            parser.error(f"--{alone[0]} goes with --batch")
        return None
    if found.get("format"):
        parser.error("--format is of the plan itself; --form says what --batch writes")
    way = "" if way is True else way
    if way == "shard" and not shards:
        parser.error("--batch shard needs --shards N")
    if shards and way not in ("", "shard"):
        parser.error(f"--shards goes with --batch shard, not with --batch {way}")
    if shards and not (shards.isascii() and shards.isdigit() and 1 <= int(shards) <= _MOST_SHARDS):
        parser.error(f"--shards takes a number from 1 to 9,999, not {shards!r}")
    return BatchArguments(
        way=way or ("shard" if shards else "target"),
        shards=int(shards or 1),
        form=found["form"] or FORMS[0],
        buildspec=found.get("buildspec") or "buildspec.yml",
        out=found.get("out") or "",
    )
