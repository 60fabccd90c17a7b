"""Reads `rolecall.yml`: every scalar stays text, every part keeps its line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolecall.errors import Problem
from rolecall.files import read_plain
from rolecall.settings import sources
from rolecall.settings.sources import Raw

if TYPE_CHECKING:
    import yaml

_NULLS = {"", "~", "null", "Null", "NULL"}
# An alias stands for as much as one likes: a few lines of them would fill the memory.
_MOST_PARTS = 500_000


class _TooMuchError(Exception):
    """The file has more parts than any list of targets needs."""


def read(path: Path, name: str) -> tuple[dict[str, Raw], list[Problem]]:
    """The file's top-level keys in upper case, and what is wrong with the file itself.

    Args:
        path: the file. name: what messages call it.
    """
    import yaml  # noqa: PLC0415  0.03 s that runs without a file need not spend

    try:
        root = yaml.compose(read_plain(path).decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        return {}, [_unreadable(error, name)]
    if root is None:
        return {}, []
    if not isinstance(root, yaml.MappingNode):
        return {}, [Problem(f"{name}:1", "must hold keys and values, such as `role: deploy`")]
    try:
        return _top_level(root, name)
    except _TooMuchError:
        wrong = f"has over {_MOST_PARTS:,} values, with those that aliases (`*name`) stand for"
        return {}, [Problem(name, f"{wrong}; write fewer")]


def _unreadable(error: Exception, name: str) -> Problem:
    import yaml  # noqa: PLC0415  as above

    if isinstance(error, OSError):
        return Problem(name, f"cannot be read: {error.strerror}")
    if isinstance(error, UnicodeDecodeError):
        return Problem(name, f"is not UTF-8 text (byte {error.start}); save it as UTF-8")
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return Problem(f"{name}:{error.problem_mark.line + 1}", f"is not YAML: {error.problem}")
    if isinstance(error, RecursionError):
        return Problem(name, "is nested too deeply")
    return Problem(name, f"is not YAML: {' '.join(str(error).split())}")


def _top_level(root: yaml.MappingNode, name: str) -> tuple[dict[str, Raw], list[Problem]]:
    values: dict[str, Raw] = {}
    problems: list[Problem] = []
    parts = _Parts()
    for key_node, value_node in root.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        lines: dict[sources.Path, int] = {(): line}
        value = _Converter(lines, problems, name, parts).convert(value_node, ())
        if key.upper() in values:
            problems.append(
                Problem(f"{name}:{line}", f"`{key}` stands here a second time; leave one out")
            )
        else:
            values[key.upper()] = Raw(
                value=value, origin="file", place=f"{name}:{line}", file=name, lines=lines
            )
    return values, problems


class _Parts:
    """Counts what a file holds, and what its aliases stand for."""

    def __init__(self) -> None:
        self._count = 0

    def add_one(self) -> None:
        self._count += 1
        if self._count > _MOST_PARTS:
            raise _TooMuchError


class _Converter:
    """Makes lists, mappings and text of nodes, and keeps each part's line."""

    def __init__(
        self, lines: dict[sources.Path, int], problems: list[Problem], name: str, parts: _Parts
    ) -> None:
        import yaml  # noqa: PLC0415  as above

        self._lines, self._problems, self._name, self._parts = lines, problems, name, parts
        self._within: list[yaml.Node] = []
        self._merger = yaml.constructor.SafeConstructor()

    def convert(self, node: yaml.Node, path: sources.Path) -> Any:
        import yaml  # noqa: PLC0415  as above

        self._parts.add_one()
        self._lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            null = node.style is None and node.value in _NULLS
            return None if null else sources.clean(node.value)
        if node in self._within:
            self._complain(node, "stands within itself")
            return None
        self._within.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            return [self.convert(each, (*path, i)) for i, each in enumerate(node.value)]
        finally:
            self._within.pop()

    def _mapping(self, node: yaml.MappingNode, path: sources.Path) -> dict[str, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if key_node.value in seen:
                self._complain(
                    key_node, f"`{key_node.value}` stands here a second time; leave one out"
                )
            seen.add(key_node.value)
        # What `<<` brings comes first, so that the mapping's own keys win.
        self._merger.flatten_mapping(node)
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            self._lines[(*path, key)] = key_node.start_mark.line + 1
            result[key] = self.convert(value_node, (*path, key))
        return result

    def _complain(self, node: yaml.Node, text: str) -> None:
        self._problems.append(Problem(f"{self._name}:{node.start_mark.line + 1}", text))
