"""`rolecall init`: the files to begin with. Asks nothing, and writes over nothing by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from rolecall.cli.context import Context
from rolecall.cli.output import TextOutlet, outlet
from rolecall.errors import SUCCEEDED, FileError
from rolecall.files import write_atomically
from rolecall.scaffold import found, pipeline, settings_file
from rolecall.settings import reference
from rolecall.settings.load import DEFAULT_FILE
from rolecall.targets import Resolved
from rolecall.wording import count

BUILDSPEC, STAGE = "buildspec.yml", "rolecall-stage.yml"
_READABLE = 0o644
_NEXT = """
Next:
  rolecall plan          what would be done; calls nothing
  rolecall plan --check  the same, and assumes each role once
  rolecall run           deploys
"""


def command(context: Context, *, force: bool, show: bool) -> int:
    """Writes the files, all or none, or with `show` prints rolecall.yml.

    Raises:
        ConfigError: where something that was told is wrong.
        FileError: where a file is there already, and not `force`; where one can't be written.
    """
    resolved = context.resolve(read_list=None, needs_region=False, may_be_empty=True)
    output = TextOutlet(outlet())
    home = Path(context.environ.get("HOME") or Path.home())
    config = Path(context.environ.get("AWS_CONFIG_FILE") or home / ".aws" / "config")
    told = bool(resolved.targets or resolved.unread)
    profiles = () if told else found.profiles(config)
    suggested = found.commands(context.folder)
    text = settings_file.text(
        context.loaded, resolved.targets, profiles, suggested, schema=not show
    )
    text = context.mask.text(text)
    if show:
        output.write(text)
        return SUCCEEDED
    files = {
        DEFAULT_FILE: text,
        BUILDSPEC: resources.files("rolecall.scaffold").joinpath(BUILDSPEC).read_text("utf-8"),
        STAGE: pipeline.STAGE,
        settings_file.SCHEMA: json.dumps(reference.json_schema(), ensure_ascii=False) + "\n",
    }
    _refuse(context.folder, files, force=force)
    for name, content in files.items():
        write_atomically(context.folder / name, content.encode(), mode=_READABLE, durable=False)
        about = _about(resolved, len(profiles)) if name == DEFAULT_FILE else _WHAT[name]
        output.write(f"wrote {name:<22} {about}\n")
    output.write(_NEXT)
    return SUCCEEDED


_WHAT: Mapping[str, str] = {
    BUILDSPEC: "the deploy step, for CodeBuild",
    STAGE: "a stage to put into your pipeline's template",
    settings_file.SCHEMA: "lets editors check and complete rolecall.yml",
}


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
