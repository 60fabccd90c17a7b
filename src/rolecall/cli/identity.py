"""Whether it is known which run this is. Calls nothing, so that every plan can say it."""

from __future__ import annotations

from collections.abc import Iterator

from rolecall.cli.context import Context
from rolecall.errors import Problem
from rolecall.state.identity import UNKNOWN


def problems(context: Context) -> Iterator[Problem]:
    """Why the state that is asked for can't be anyone's."""
    given, known = context.loaded.given, ("STATE", "RUN_ID", "EXECUTION_ID")
    if "STATE" not in given or any(map(context.loaded.may_hold, known)):
        return
    if not (context.settings.run_id or context.settings.execution_id):
        yield Problem(given["STATE"].at(), UNKNOWN)
