"""`rolecall config`: every option, its value and where it came from."""

from __future__ import annotations

from rolecall.cli.context import Context
from rolecall.cli.output import TextOutlet, outlet
from rolecall.errors import ConfigError
from rolecall.settings import reference
from rolecall.wording import wrapped


def command(context: Context) -> int:
    """Prints every option; raises ConfigError after that, where some are wrong."""
    output = TextOutlet(outlet())
    output.write(f"# {context.loaded.file}\n")
    for row in reference.current(context.loaded):
        option = row.option
        origin = "" if row.origin == "default" else f"  (from {row.origin})"
        output.write(context.mask.text(f"{option.variable} = {row.value}{origin}\n"))
        default = reference.default_text(option)
        about = f"{option.kind.name}{f', default {default}' if default else ''}. {option.help}."
        output.write(wrapped(about, 80, "    ") + "\n")
    if context.loaded.problems:
        raise ConfigError(context.loaded.problems)
    return 0
