"""docs/logs.md: the events that the code has, and queries that speak of nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from rolecall.report.events import CommandEvents, Events
from support import insights, logs_page

SOURCE = Path(__file__).parents[2] / "src" / "rolecall"
LEVELS = {"debug", "info", "warning", "error"}


def said():
    """Each event's name in the code, with its level."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            first = node.args[0] if node.args else None
            name = first.value if isinstance(first, ast.Constant) else None
            parses = isinstance(node.func.value, ast.Name) and node.func.value.id == "parser"
            if node.func.attr in LEVELS and isinstance(name, str) and not parses:
                yield name, node.func.attr
            elif node.func.attr == "_event":
                assert isinstance(name, str), f"{path}:{node.lineno} has no name of its own"
                yield name, "info"


def test_the_events_of_the_code_are_exactly_those_of_the_page_with_their_levels():
    listed = [(name, level) for name, level, _ in logs_page.overview()]
    assert sorted(listed) == sorted(set(said()))
    assert sorted(name for name, _ in listed) == sorted(logs_page.events())


def test_every_event_has_the_release_that_brought_it():
    changes = (SOURCE.parents[1] / "CHANGELOG.md").read_text("utf-8")
    version = re.search(r'__version__ = "(.*)"', (SOURCE / "__init__.py").read_text())[1]
    for name, _, since in logs_page.overview():
        assert since == version or f"## [{since}]" in changes, name


@pytest.mark.parametrize("title", logs_page.queries())
def test_a_query_names_events_and_fields_of_the_page_alone(title):
    query = logs_page.queries()[title]
    events = logs_page.events()
    asked = set(re.findall(r'"(\w+)"', query.partition("|")[0])) & events.keys()
    assert asked
    names = {name.partition(".")[0] for name in insights.names(query)}
    assert names <= {field for event in asked for field in events[event]}


class Said:
    def __init__(self, **bound: str) -> None:
        self.events = []
        self._bound = bound

    def info(self, event, **fields):
        self.events.append(
            {"event": event, "level": "info", "timestamp": "", **self._bound, **fields}
        )


def test_a_command_that_says_nothing_is_told_as_the_page_has_it():
    log = Said(target="")
    CommandEvents(log).still_running(61.2)
    CommandEvents(log).output(b"no end")
    assert [problem for event in log.events for problem in logs_page.mistakes(event)] == []
    assert log.events[1]["partial"] is True


def test_a_preflight_that_takes_long_is_told_as_the_page_has_it():
    log = Said()
    Events(log).preflight_goes_on(300, 1000, 60.02)
    (event,) = log.events
    assert logs_page.mistakes(event) == []
    assert (event["done"], event["roles"]) == (300, 1000)


EVENTS = [
    {"event": "a", "n": 1, "who": "x", "of": {"them": 2}},
    {"event": "a", "n": 3, "who": "y"},
    {"event": "b", "n": 5, "who": "x"},
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('filter event = "a" | fields n | sort n desc | limit 1', [3]),
        ('filter event in ["a", "b"] and who != "x" | fields n', [3]),
        ('filter (event = "b" or who = "y") and who = "x" | fields n', [5]),
        ("stats sum(n) as total, count(*) as all by who | sort total asc", ["y", "x"]),
        ('filter event = "a" | stats max(n) as most by event', ["a"]),
        ("fields of.them | sort n asc | limit 1", [2]),
    ],
)
def test_a_query_is_run_as_insights_runs_it(query, found):
    rows = insights.run(query, EVENTS)
    assert [next(iter(row.values())) for row in rows] == found


@pytest.mark.parametrize(
    "query",
    ["parse @message", "filter n > 3", "stats pct(n, 9) as x by who", 'filter (event = "a" or'],
)
def test_a_query_that_is_not_understood_is_refused_not_guessed(query):
    with pytest.raises((insights.QueryError, IndexError)):
        insights.run(query, EVENTS)
