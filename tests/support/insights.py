"""As much of CloudWatch Logs Insights' language as the queries of docs/logs.md are written in.

No simulator of AWS runs these queries. Commands: `fields`, `filter`, `stats`, `sort` and `limit`;
in a filter `=`, `!=`, `in`, `and`, `or` and parentheses. What is not known here is refused.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
_TOKEN = re.compile(r'\s*("[^"]*"|\[[^\]]*\]|!=|=|[()]|[\w.@]+)')
_NAME = re.compile(r"[a-z_@][\w.]*")
_STAT = re.compile(r"(count|sum|min|max|avg)\((\*|[\w.]+)\) as (\w+)")
_KNOWN: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "count": len,
    "sum": sum,
    "min": min,
    "max": max,
    "avg": lambda values: sum(values) / len(values),
}


class QueryError(Exception):
    """A query that this does not understand."""


def run(query: str, events: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows that the query finds in the events of a log."""
    rows: list[dict[str, Any]] = [flat(event) for event in events]
    for command, rest in _commands(query):
        rows = _COMMANDS[command](rest, rows)
    return rows


def names(query: str) -> set[str]:
    """The fields of events that the query speaks of."""
    found: set[str] = set()
    made: set[str] = set()
    for command, rest in _commands(query):
        if command == "filter":
            parts = [token for token in _tokens(rest) if token not in ("and", "or", "in")]
            found |= {token for token in parts if _NAME.fullmatch(token)}
        elif command == "stats":
            stats, by = _stats(rest)
            made |= {name for _, _, name in stats}
            found |= {field for _, field, _ in stats if field != "*"} | set(by)
        elif command in ("fields", "sort"):
            found |= set(_listed(re.sub(r" (asc|desc)$", "", rest))) - made
    return found


def flat(event: Row, before: str = "") -> dict[str, Any]:
    """The fields as Insights finds them: those of an object by `object.field`."""
    found: dict[str, Any] = {}
    for name, value in event.items():
        inner = isinstance(value, Mapping)
        found |= flat(value, f"{before}{name}.") if inner else {before + name: value}
    return found


def _commands(query: str) -> list[tuple[str, str]]:
    parts = [" ".join(part.split()) for part in query.split("|")]
    found = [(word, rest) for word, _, rest in (part.partition(" ") for part in parts)]
    if unknown := [word for word, _ in found if word not in _COMMANDS]:
        raise QueryError(f"{unknown[0]!r} is no command")
    return found


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise QueryError(f"{text[at:]!r} is not understood")
        found.append(match[1])
        at = match.end()
    return found


def _filter(text: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    tokens = _tokens(text)
    test = _either(tokens)
    if tokens:
        raise QueryError(f"{' '.join(tokens)!r} is left over")
    return [row for row in rows if test(row)]


def _either(tokens: list[str]) -> Test:
    tests = [_both(tokens)]
    while tokens[:1] == ["or"]:
        tokens.pop(0)
        tests.append(_both(tokens))
    return lambda row: any(test(row) for test in tests)


def _both(tokens: list[str]) -> Test:
    tests = [_one(tokens)]
    while tokens[:1] == ["and"]:
        tokens.pop(0)
        tests.append(_one(tokens))
    return lambda row: all(test(row) for test in tests)


def _one(tokens: list[str]) -> Test:
    if tokens[0] == "(":
        tokens.pop(0)
        test = _either(tokens)
        if tokens.pop(0) != ")":
            raise QueryError("a parenthesis is not closed")
        return test
    name, sign, value = (tokens.pop(0) for _ in range(3))
    wanted = re.findall(r'"([^"]*)"', value)
    if sign == "!=":
        return lambda row: str(row.get(name)) != wanted[0]
    if sign not in ("=", "in"):
        raise QueryError(f"{sign!r} is no comparison")
    return lambda row: str(row.get(name)) in wanted


def _stats(text: str) -> tuple[list[tuple[str, str, str]], list[str]]:
    head, _, by = text.partition(" by ")
    found = [_STAT.fullmatch(part) for part in _listed(head)]
    if not all(found):
        raise QueryError(f"{head!r} is not understood")
    return [(m[1], m[2], m[3]) for m in found if m], _listed(by)


def _grouped(text: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    stats, by = _stats(text)
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in by), []).append(row)
    return [
        dict(zip(by, key, strict=True)) | {name: _value(kind, field, members)
                                           for kind, field, name in stats}
        for key, members in groups.items()
    ]  # fmt: skip


def _value(kind: str, field: str, rows: Sequence[Row]) -> Any:
    values = [row if field == "*" else row[field] for row in rows if field == "*" or field in row]
    return _KNOWN[kind](values) if values or kind == "count" else None


def _fields(text: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # What is not shown can still be sorted by, as in Insights: so the rest stays.
    return [{name: row.get(name) for name in _listed(text)} | row for row in rows]


def _sort(text: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    name, _, way = text.partition(" ")
    return sorted(rows, key=lambda row: row[name], reverse=way == "desc")


def _limit(text: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return rows[: int(text)]


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


_COMMANDS: Mapping[str, Callable[[str, list[dict[str, Any]]], list[dict[str, Any]]]] = {
    "fields": _fields,
    "filter": _filter,
    "limit": _limit,
    "sort": _sort,
    "stats": _grouped,
}
