"""What a pipeline was to put a value in place of, and nothing has.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rolecall.errors import Problem
from rolecall.settings.sources import Path, Raw

# A shell takes the lot for a comment, and `${x#{y.z}}` for what it cuts off a value.
_REFERENCE = re.compile(r"\$\{[\w@*\[\]]+##?\{|(#\{[\w@-]+\.[\w@.-]+\})", re.ASCII)
_ANY = re.compile(r"(#\{[^{}]*\})")
# What may hold the text of other programs, to which `#{name}` means something.
_OF_OTHERS = frozenset(
    {"COMMANDS", "BEFORE", "AFTER", "TARGETS", "ORGANIZATION", "REGION_VARIABLES"}
)
_SCRIPTS = frozenset({"COMMANDS", "BEFORE", "AFTER"})
_WHERE = (
    "CodePipeline puts values in place of such in an action's configuration alone, which its"
    " EnvironmentVariables are: not in the variables of a CodeBuild project or a buildspec, not in"
    " a file"
)
_NOT_MEANT = "; in code of another language that means something else, write `#{ x.y }`"


def problems(name: str, raw: Raw) -> list[Problem]:
    """A mistake for each such reference in the value of an option; quotes nothing else of it."""
    pattern = _REFERENCE if name in _OF_OTHERS else _ANY
    more = _NOT_MEANT if name in _SCRIPTS else ""
    found = {
        (raw.at(*path), match[1]): None
        for path, text in _texts(raw.value, ())
        for match in pattern.finditer(text)
        if match[1]
    }
    return [
        Problem(place, f"holds {reference}, which nothing has resolved: {_WHERE}{more}")
        for place, reference in found
    ]


def _texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """Each text in a value and where, keys as well."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield path, str(key)
            yield from _texts(part, (*path, key))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _texts(part, (*path, number))
