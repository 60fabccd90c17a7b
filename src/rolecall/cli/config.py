"""`rolecall config`: every option, its value and where it came from."""

from __future__ import annotations

from rolecall.cli.context import Context
from rolecall.errors import ConfigError
from rolecall.settings import reference
from rolecall.wording import wrapped


def command(context: Context) -> int:
    """Prints every option; raises ConfigError after that, where some are wrong."""
    print(f"# {context.loaded.file}")
    for row in reference.current(context.loaded):
        option = row.option
        origin = "" if row.origin == "default" else f"  (from {row.origin})"
        print(f"{option.variable} = {row.value}{origin}")
        default = reference.default_text(option)
        about = f"{option.kind.name}{f', default {default}' if default else ''}. {option.help}."
        print(wrapped(about, 80, "    "))
    if context.loaded.problems:
        raise ConfigError(context.loaded.problems)
    return 0
