"""`rolecall config`: what is set and where it came from; with `--all` every option."""

from __future__ import annotations

from collections.abc import Iterator

from rolecall.cli.context import Context
from rolecall.cli.output import TextOutlet, outlet
from rolecall.errors import ConfigError
from rolecall.settings import reference
from rolecall.settings.load import TARGET
from rolecall.settings.reference import Row
from rolecall.settings.sources import PREFIX
from rolecall.wording import wrapped


def command(context: Context, *, whole: bool) -> int:
    """Prints the options; raises ConfigError after that, where some are wrong.

    Args:
        whole: whether those are shown too that are not set, each with what it is for.
    """
    output = TextOutlet(outlet())
    output.write(f"# {context.loaded.file}\n")
    for line in _whole(context) if whole else _set(context):
        output.write(context.mask.text(f"{line}\n"))
    if context.loaded.problems:
        raise ConfigError(context.loaded.problems)
    return 0


def _whole(context: Context) -> Iterator[str]:
    for row in reference.current(context.loaded):
        yield _line(context, row)
        default = reference.default_text(row.option)
        about = f"{row.option.kind.name}{f', default {default}' if default else ''}"
        yield wrapped(f"{about}. {row.option.help}.", 80, "    ")
    yield from _target_variables(context)


def _set(context: Context) -> Iterator[str]:
    loaded = context.loaded
    rows = list(reference.current(loaded))
    shown = [r for r in rows if r.origin != "default" or r.option.name in loaded.empty]
    yield from (_line(context, row) for row in shown)
    yield from _target_variables(context)
    left = f"{len(rows) - len(shown)} of {len(rows)} options are not set"
    more = "`rolecall config --all` shows them, `rolecall explain NAME` what one is"
    yield wrapped(f"{left}: {more}", 80, "# ")


def _line(context: Context, row: Row) -> str:
    value, origin = row.value, row.origin
    if origin == "default":
        raw = context.loaded.empty.get(row.option.name)
        value, origin = ("(empty)", raw.at()) if raw else (value, "")
    return f"{row.option.variable} = {value}{f'  (from {origin})' if origin else ''}"


def _target_variables(context: Context) -> Iterator[str]:
    for name, raw in context.loaded.target_variables.items():
        yield f"{PREFIX}{TARGET}{name} = {raw.value}  (from {raw.at()})"
