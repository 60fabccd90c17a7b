"""How `--help` is laid out: what is needed first on one screen, and `--help-all` for the rest."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

WHOLE = "--help-all"
# The text of an argument begins here at the latest, so that most take one line.
_TEXT_AT = 28
_LAYOUT = partial(argparse.RawDescriptionHelpFormatter, max_help_position=_TEXT_AT)


class Parser(argparse.ArgumentParser):
    """argparse's, laid out for a screen. It knows which of its flags are options of the settings.

    Attributes:
        settings: those flags. sections: the names of commands by what they are for; of the parser
            above them alone.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**given, formatter_class=_LAYOUT, allow_abbrev=False)
        self.settings: list[argparse.Action] = []
        self.sections: Mapping[str, Iterable[str]] = {}

    def commands(self) -> Mapping[str, Parser]:
        """The parser of each command, by its name."""
        return dict(self._above().choices)

    def format_help(self) -> str:
        """The text of `--help`; argparse has no sections for commands."""
        if not self.sections:
            return super().format_help()
        shown = self._get_formatter()
        shown.add_usage(self.usage, [], [])
        shown.add_text(self.description)
        known = {action.dest: action for action in self._above()._choices_actions}  # noqa: SLF001
        flags = [a for a in self._actions if a.option_strings]
        for title, names in self.sections.items():
            shown.start_section(title)
            shown.add_arguments(known[name] for name in names)
            shown.end_section()
        shown.start_section("options")
        shown.add_arguments(flags)
        shown.end_section()
        shown.add_text(self.epilog)
        return shown.format_help()

    def _above(self) -> argparse._SubParsersAction[Parser]:
        return next(a for a in self._actions if isinstance(a, argparse._SubParsersAction))  # noqa: SLF001
