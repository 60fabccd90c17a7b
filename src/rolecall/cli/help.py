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
# What stands at the end: of the commands, of options, and of all.
FIRST = """\
`rolecall COMMAND --help` has more of each. `rolecall explain` says what an
option is, or what a message means.

"""
OPTIONS = """\
Each option is also a variable, ROLECALL_<NAME>, and a key of rolecall.yml. A
flag wins over a variable, a variable over the file. `rolecall config` shows
what is set, `rolecall explain NAME` all about one of them.

"""
OPTIONS_FIRST = f"""\
These are what a first pipeline needs; {WHOLE} has the other options as well.
{OPTIONS}"""
EXIT_CODES = """\
exit codes: 0 all succeeded; 1 a target failed; 2 the configuration is wrong;
3 nothing to do; 4 a role could not be assumed; 70 a bug; 129/130/131/143
interrupted by SIGHUP, SIGINT (Ctrl-C), SIGQUIT, SIGTERM
"""


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
