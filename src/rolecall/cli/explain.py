"""`rolecall explain`: what a message means and what to do, without a network."""

from __future__ import annotations

from rolecall import explanations
from rolecall.cli.output import TextOutlet, outlet
from rolecall.errors import SUCCEEDED, ConfigError, Problem
from rolecall.wording import nearest


def command(topic: str) -> int:
    """Prints a section; without a topic, a line for each.

    Raises:
        ConfigError: where no section is meant.
    """
    output = TextOutlet(outlet())
    if not topic:
        for name, title in explanations.topics().items():
            output.write(f"{name:<32}{title}\n")
        return SUCCEEDED
    found = explanations.found(topic)
    if not found:
        near = nearest(topic, explanations.topics())
        more = f"did you mean {near}?" if near else "`rolecall explain` lists all of them"
        raise ConfigError([Problem("TOPIC", f"{topic!r} is nothing that is explained; {more}")])
    output.write(explanations.text(found))
    return SUCCEEDED
