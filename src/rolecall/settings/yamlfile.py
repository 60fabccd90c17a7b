"""Reads `rolecall.yml`: every scalar stays text, every part keeps its line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolecall.errors import Problem
from rolecall.settings import sources
from rolecall.settings.sources import Raw

if TYPE_CHECKING:
    import yaml

_NULLS = {"", "~", "null", "Null", "NULL"}


def read(path: Path, name: str) -> tuple[dict[str, Raw], list[Problem]]:
    """The file's top-level keys in upper case, and what is wrong with the file itself.

    Args:
        path: the file. name: what messages call it.
    """
    import yaml  # noqa: PLC0415  0.03 s that runs without a file need not spend

    try:
        root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return {}, [_unreadable(error, name)]
    if root is None:
        return {}, []
    if not isinstance(root, yaml.MappingNode):
        return {}, [Problem(f"{name}:1", "must hold keys and values, such as `role: deploy`")]
    return _top_level(root, name)


def _unreadable(error: Exception, name: str) -> Problem:
    import yaml  # noqa: PLC0415  as above

    if isinstance(error, OSError):
        return Problem(name, f"cannot be read: {error.strerror}")
    if isinstance(error, UnicodeDecodeError):
        return Problem(name, f"is not UTF-8 text (byte {error.start}); save it as UTF-8")
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return Problem(f"{name}:{error.problem_mark.line + 1}", f"is not YAML: {error.problem}")
    return Problem(name, f"is not YAML: {' '.join(str(error).split())}")


def _top_level(root: yaml.MappingNode, name: str) -> tuple[dict[str, Raw], list[Problem]]:
    values: dict[str, Raw] = {}
    problems: list[Problem] = []
    for key_node, value_node in root.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        lines: dict[sources.Path, int] = {(): line}
        value = _convert(value_node, (), lines, problems, name)
        if key.upper() in values:
            problems.append(Problem(f"{name}:{line}", f"`{key}` stands here a second time"))
        elif value not in (None, "", [], {}):
            values[key.upper()] = Raw(
                value=value, origin="file", place=f"{name}:{line}", file=name, lines=lines
            )
    return values, problems


def _convert(
    node: yaml.Node,
    path: sources.Path,
    lines: dict[sources.Path, int],
    problems: list[Problem],
    name: str,
) -> Any:
    import yaml  # noqa: PLC0415  as above

    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_convert(n, (*path, i), lines, problems, name) for i, n in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in result:
                problems.append(Problem(f"{name}:{line}", f"`{key}` stands here a second time"))
            lines[(*path, key)] = line
            result[key] = _convert(value_node, (*path, key), lines, problems, name)
        return result
    if isinstance(node, yaml.ScalarNode) and node.style is None and node.value in _NULLS:
        return None
    return sources.clean(node.value)
