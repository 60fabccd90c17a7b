"""The flags of `plan --batch`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

from rolecall.targets.builds import WAYS

_MOST_SHARDS = 9999
# What a batch of builds can be written for.
FORMS = ("codebuild", "stepfunctions")


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchArguments:
    """What `plan --batch` was told.

    Attributes:
        way: a build for each target, wave or shard. shards: how many for each wave.
        form: one of FORMS. buildspec: the file whose phases the builds run.
        out: a file in place of standard output; empty for none.
    """

    way: str
    shards: int
    form: str
    buildspec: str
    out: str


def add(command: argparse.ArgumentParser) -> None:
    """Gives `plan` the flags of a batch."""
    command.add_argument(
        "--batch", nargs="?", const="", choices=("", *WAYS), metavar="{" + ",".join(WAYS) + "}",
        help="write the buildspec of a CodeBuild batch in place of the plan: a build for each"
        " target, wave or shard",
    )  # fmt: skip
    command.add_argument("--shards", metavar="N", help="how many builds share each wave")
    command.add_argument(
        "--form", choices=FORMS, help="what --batch writes: a buildspec (default), or the input of"
        " the state machine in pipeline/fleet.yaml",
    )  # fmt: skip
    command.add_argument(
        "--buildspec", metavar="FILE", help="whose phases each build runs (default: buildspec.yml)"
    )


def parsed(
    parser: argparse.ArgumentParser, found: Mapping[str, str | None]
) -> BatchArguments | None:
    """What was given; None without --batch. Exits with 2 on a mistake."""
    way, shards = found["batch"], found["shards"]
    if way is None:
        alone = [name for name in ("shards", "form", "buildspec") if found[name]]
        if alone:
            parser.error(f"--{alone[0]} goes with --batch")
        return None
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
        buildspec=found["buildspec"] or "buildspec.yml",
        out=found["out"] or "",
    )
