"""`rolecall init --batch`: the files that many builds need beside those of one."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from rolecall.cli import batch
from rolecall.cli.arguments import Arguments
from rolecall.cli.batch_arguments import BatchArguments
from rolecall.cli.context import Context
from rolecall.errors import ConfigError, Problem
from rolecall.scaffold import pipeline
from rolecall.settings.load import DEFAULT_FILE
from rolecall.settings.sources import PREFIX
from rolecall.targets import Resolved

BUILDSPEC, STAGE = "buildspec.yml", "rolecall-stage.yml"
BATCH, MERGE, INPUT = "buildspec-batch.yml", "buildspec-merge.yml", "waves.json"


def files(
    context: Context, given: BatchArguments, resolved: Resolved, settings: str
) -> Mapping[str, str | None]:
    """The content of each file by its name; None for one that is not needed then.

    Args:
        resolved: the targets that were told. settings: rolecall.yml, which has all that was told.

    Raises:
        ConfigError: where the batch can't be made, or its targets would have to be asked for.
    """
    batch.refuse_shard(context)
    if resolved.unread:
        where = ", ".join(resolved.unread)
        wrong = f"needs the targets, and init does not read {where}; leave it out here, then run"
        raise ConfigError([Problem("--batch", f"{wrong} `{renewal(given)}`")])
    text = _as_planned(context, given, settings)
    if given.form == "stepfunctions":
        return {INPUT: text, STAGE: None}
    return {BATCH: text, MERGE: packaged(MERGE), STAGE: pipeline.BATCH_STAGE}


def renewal(given: BatchArguments) -> str:
    """The command that writes the batch again, for targets that have changed."""
    states = given.form == "stepfunctions"
    shards = f" --shards {given.shards}" if given.way == "shard" else ""
    form = " --form stepfunctions" if states else ""
    return f"rolecall plan --batch {given.way}{shards}{form} --out {INPUT if states else BATCH}"


def packaged(name: str) -> str:
    """A file that is written as it is."""
    return resources.files("rolecall.scaffold").joinpath(name).read_text("utf-8")


def _as_planned(context: Context, given: BatchArguments, settings: str) -> str:
    """What `plan --batch` gives once rolecall.yml is there, and no variable is beside it."""
    environ = {n: value for n, value in context.environ.items() if not n.startswith(PREFIX)}
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / DEFAULT_FILE
        path.write_text(settings, "utf-8")
        arguments = Arguments(command="plan", flags={"CONFIG": str(path)})
        planned = Context(arguments, environ=environ, folder=context.folder)
        return batch.text(planned, given, phases=packaged(BUILDSPEC))
