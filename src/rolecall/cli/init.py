"""`rolecall init`: the files to begin with. Asks nothing, and writes over nothing by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rolecall import aws_files
from rolecall.cli import init_batch
from rolecall.cli.batch_arguments import BatchArguments
from rolecall.cli.context import Context
from rolecall.cli.output import TextOutlet, outlet
from rolecall.errors import SUCCEEDED, FileError
from rolecall.files import write_atomically
from rolecall.scaffold import found, pipeline, regions, settings_file
from rolecall.settings import reference
from rolecall.settings.load import DEFAULT_FILE
from rolecall.targets import Resolved
from rolecall.wording import count, harmless

_READABLE = 0o644
_NEXT = """
Next:
  rolecall plan          what would be done; calls nothing
  rolecall plan --check  the same, and assumes each role once
  rolecall run           deploys
"""


def command(context: Context, batch: BatchArguments | None, *, force: bool, show: bool) -> int:
    """Writes the files, all or none, or with `show` prints rolecall.yml.

    Raises:
        ConfigError: where something that was told is wrong.
        FileError: where a file is there already, and not `force`; where one can't be written.
    """
    resolved = context.resolve(
        read_list=None, needs_region=False, may_be_empty=True, own_region=False
    )
    output = TextOutlet(outlet())
    told = bool(resolved.targets or resolved.unread)
    profiles = () if told else _profiles(context)
    # Nothing is suggested beside commands that were told.
    suggested = {} if "COMMANDS" in context.loaded.given else found.commands(context.folder)
    region = _region(context, resolved, profiles)
    text = settings_file.text(
        context.loaded,
        resolved.targets,
        profiles,
        list(suggested.values()),
        region=region,
        schema=not show,
    )
    text = context.mask.text(text)
    if show:
        output.write(text)
        return SUCCEEDED
    files = _files(context, batch, resolved, text)
    _refuse(context.folder, files, force=force)
    for name, content in files.items():
        write_atomically(context.folder / name, content.encode(), mode=_READABLE, durable=False)
        about = _about(resolved, len(profiles)) if name == DEFAULT_FILE else _WHAT[name]
        output.write(f"wrote {name:<22} {about}\n")
    for name in suggested:
        output.write(f"found {harmless(name)}: its commands are in {DEFAULT_FILE}, commented out\n")
    if region and region.example:
        output.write(f"regions is {region.name} as an example: no region is known here\n")
    output.write(_NEXT)
    if batch:
        output.write(f"Where the targets have changed:\n  {init_batch.renewal(batch)}\n")
    return SUCCEEDED


def _files(
    context: Context, batch: BatchArguments | None, resolved: Resolved, settings: str
) -> Mapping[str, str]:
    """The content of each file by its name, in the order in which they are told."""
    schema = json.dumps(reference.json_schema(), ensure_ascii=False) + "\n"
    more = init_batch.files(context, batch, resolved, settings) if batch else {}
    files: Mapping[str, str | None] = {
        DEFAULT_FILE: settings,
        init_batch.BUILDSPEC: init_batch.packaged(init_batch.BUILDSPEC),
        init_batch.STAGE: pipeline.STAGE,
        settings_file.SCHEMA: schema,
        **more,
    }
    return {name: content for name, content in files.items() if content is not None}


_WHAT: Mapping[str, str] = {
    init_batch.BUILDSPEC: "the deploy step, for CodeBuild",
    init_batch.STAGE: "a stage to put into your pipeline's template",
    init_batch.BATCH: "the same step as a batch of builds",
    init_batch.MERGE: "the step after it: one report of all",
    init_batch.INPUT: "what the state machine of pipeline/fleet.yaml is started with",
    settings_file.SCHEMA: "lets editors check and complete rolecall.yml",
}


def _profiles(context: Context) -> tuple[found.Profile, ...]:
    return found.profiles(aws_files.read(context.environ, context.folder, aws_files.CONFIG))


def _region(
    context: Context, resolved: Resolved, profiles: Sequence[found.Profile]
) -> regions.Region | None:
    if context.settings.regions or context.region_variable:
        return None
    return regions.missing(resolved, profiles, context.own_profile.region)


def _about(resolved: Resolved, profiles: int) -> str:
    if resolved.unread:
        return f"targets: what {', '.join(resolved.unread)} lists"
    if resolved.targets:
        return count(len(resolved.targets), "target")
    if profiles:
        return f"{count(profiles, 'target')}, found among your AWS profiles"
    return "one target as an example: put your roles there"


def _refuse(folder: Path, files: Mapping[str, str], *, force: bool) -> None:
    links = [name for name in files if (folder / name).is_symlink()]
    if links:
        raise FileError(
            f"{', '.join(links)}: a symbolic link, which rolecall does not write through"
        )
    there = [name for name in files if (folder / name).exists()]
    if there and not force:
        raise FileError(
            f"{', '.join(there)}: there already, so nothing was written\n"
            "add --force to write over what is there, or --print to look at a new rolecall.yml"
        )
