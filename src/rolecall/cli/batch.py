"""`rolecall plan --batch`: one fan-out as many builds, for CodeBuild or for Step Functions.

From the AWS CodeBuild User Guide, "Batch build buildspec reference".
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rolecall import wording
from rolecall.cli.batch_arguments import BatchArguments
from rolecall.cli.context import Context
from rolecall.cli.output import outlet
from rolecall.errors import SUCCEEDED, ConfigError, FileError, Problem
from rolecall.files import make_folder, read_plain, replacing, write_atomically
from rolecall.report.record import FOLDER, READABLE
from rolecall.settings.sources import PREFIX, BadValueError
from rolecall.targets import Resolved
from rolecall.targets.builds import Share, divide
from rolecall.targets.pin import pin

# What CodeBuild takes in one batch; a project's own `maximumBuildsAllowed` may be less.
_MOST_BUILDS = 100
# What Step Functions takes as the input of an execution, in bytes.
_LONGEST_INPUT = 262_144
_FEWER = "; use --batch shard --shards N, so that each build has more targets"


def write(context: Context, given: BatchArguments) -> int:
    """Writes the buildspec of the batch, or the input of the state machine.

    Raises:
        ConfigError, FileError: where it can't be made; nothing was written.
    """
    if not given.out:
        outlet().write(text(context, given).encode())
        return SUCCEEDED
    path = context.folder / given.out
    with replacing(path, sources=[context.folder / given.buildspec]):
        written = text(context, given)
        make_folder(path.parent, FOLDER)
        write_atomically(path, written.encode(), mode=READABLE, durable=False)
    return SUCCEEDED


def text(context: Context, given: BatchArguments, *, phases: str = "") -> str:
    """The buildspec of the batch, or the input of the state machine, masked.

    Args:
        phases: the buildspec whose phases the builds run; empty where its file is to be read.

    Raises:
        ConfigError, FileError: where it can't be made.
    """
    resolved = _resolved(context)
    if resolved.overruled:
        along = "and the builds of a batch get it as a variable, which would not: leave it out"
        raise ConfigError(Problem(p.place, f"{p.text}, {along}") for p in resolved.overruled)
    try:
        waves = divide(
            resolved.targets,
            given.way,
            pinned=pin(resolved.whole),
            shards=given.shards,
            whole=resolved.whole,
        )
    except BadValueError as error:
        raise ConfigError([Problem("ROLECALL_TARGETS", str(error))]) from None
    if given.way == "wave" and len({target.wave for target in resolved.whole}) == 1:
        said = "all targets are in one wave, so there is one build; WAVES, or `wave` of a target,"
        print(wording.wrapped(f"rolecall: {said} makes more", 80, "", "  "), file=sys.stderr)
    if given.form == "stepfunctions":
        return context.mask.text(_input(context, waves))
    return context.mask.text(_buildspec(context, given, waves, phases))


def refuse_shard(context: Context) -> None:
    """Raises ConfigError where SHARD is given: builds of a batch have one each."""
    if problems := _shard_problems(context):
        raise ConfigError(problems)


def _resolved(context: Context) -> Resolved:
    """The targets, of lists in AWS, too."""
    problems = [*_shard_problems(context), *context.command_problems()]
    resolved = context.resolve(read_list=None, problems=problems)
    if not resolved.unread:
        return resolved
    from rolecall.cli.aws import Aws  # noqa: PLC0415  botocore is for such lists only
    from rolecall.cli.output import TextOutlet  # noqa: PLC0415
    from rolecall.cli.signals import stopping  # noqa: PLC0415

    with stopping() as stop:
        aws = Aws(context, stop, stream=TextOutlet(outlet()))
        return context.resolve(read_list=aws.read_list, organization=aws.organization)


def _shard_problems(context: Context) -> list[Problem]:
    raw = context.loaded.given.get("SHARD")
    wrong = "has no place beside --batch, which gives each build its own"
    return [Problem(raw.at(), wrong)] if raw else []


def _input(context: Context, waves: Sequence[Sequence[Share]]) -> str:
    """What pipeline/fleet.yaml's state machine is started with: it hands on two variables only."""
    wrong = "does not reach the builds of the state machine; write it in rolecall.yml"
    if along := _along(context, waves):
        raw = [context.loaded.given[name] for name in along]
        raise ConfigError([Problem(each.at(), wrong) for each in raw])
    builds = [
        [{"build": s.identifier, "only": s.only, "shard": s.shard.pinned} for s in wave]
        for wave in waves
    ]
    text = json.dumps({"waves": builds}, separators=(",", ":")) + "\n"
    if len(text) > _LONGEST_INPUT:
        wrong = f"gives {len(text):,} bytes, and Step Functions takes {_LONGEST_INPUT:,} as input"
        raise ConfigError([Problem("--batch", wrong + _FEWER)])
    return text


def _buildspec(
    context: Context, given: BatchArguments, waves: Sequence[Sequence[Share]], phases: str
) -> str:
    total = sum(map(len, waves))
    if total > _MOST_BUILDS:
        wrong = f"gives {total:,} builds, and CodeBuild takes {_MOST_BUILDS} in a batch{_FEWER}"
        raise ConfigError([Problem("--batch", wrong)])
    phases = phases or _phases(context.folder / given.buildspec, given.buildspec)
    head = (
        f"# Written by `rolecall plan --batch`: {wording.count(total, 'build')} in"
        f" {wording.count(len(waves), 'wave')}, with the phases of {given.buildspec}.\n"
        "# MAX_PARALLEL and MAX_FAILURES hold within each build; `rolecall merge` joins the"
        " reports.\n"
    )
    return head + phases.rstrip("\n") + "\n\n" + "\n".join(_batch(context, waves)) + "\n"


def _phases(path: Path, name: str) -> str:
    import yaml  # noqa: PLC0415  0.03 s that only a batch need spend

    try:
        text = read_plain(path).decode().replace("\r\n", "\n")
        known = yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error).partition("\n")[0]
        raise FileError(
            f"{name}, whose phases the builds run, cannot be read: {why}; name it with --buildspec"
        ) from None
    if not isinstance(known, dict) or "phases" not in known:
        raise FileError(f"{name} is no buildspec: it has no phases; name one with --buildspec")
    if "batch" in known:
        raise FileError(
            f"{name} has a `batch` already; name one that has only what each build runs with"
            " --buildspec"
        )
    return text


def _batch(context: Context, waves: Sequence[Sequence[Share]]) -> Iterator[str]:
    """A list where no build waits for another, else a graph."""
    on_failure = context.settings.on_failure
    graph = len(waves) > 1
    along = {PREFIX + name: value for name, value in _along(context, waves).items()}
    yield "batch:"
    yield f"  fast-fail: {json.dumps(on_failure == 'abort')}"
    yield "  build-graph:" if graph else "  build-list:"
    before: list[str] = []
    for number, wave in enumerate(waves, 1):
        for share in wave:
            yield f"    - identifier: {share.identifier}"
            yield "      env:"
            yield "        variables:"
            for name, value in {**along, **_of_share(share)}.items():
                yield f"          {name}: {json.dumps(value, ensure_ascii=False)}"
            if before:
                yield "      depend-on:"
                yield from (f"        - {identifier}" for identifier in before)
            # No more is ignored than what lets the next wave begin.
            if graph and on_failure == "continue" and number < len(waves):
                yield "      ignore-failure: true"
        before = [share.identifier for share in wave]


def _of_share(share: Share) -> dict[str, str]:
    return {"ROLECALL_ONLY": share.only, "ROLECALL_SHARD": share.shard.pinned}


def _along(context: Context, waves: Sequence[Sequence[Share]]) -> dict[str, str]:
    """What the builds would not know: options given as flags and, where shares name waves, WAVES.

    The variables of this process need not be those of the builds, and to a build without these
    waves `wave:1` would be every target. ONLY is in the shares, and who may write to a webhook
    stands in no file.
    """
    given = context.loaded.given
    along = {name for name, raw in given.items() if raw.origin == "flag"} - {"ONLY", "NOTIFY"}
    by_wave = any(share.only.startswith("wave:") for wave in waves for share in wave)
    if by_wave and "WAVES" in given and given["WAVES"].origin != "file":
        along.add("WAVES")
    return {name: str(raw.value) for name, raw in given.items() if name in along}
