"""The tutorial, as a reader works through it: its commands in order, and the output it shows.

A `sh` block is a command block; a `text` block right after it is what it prints. A comment
`<!-- not simulated: what -->` before a block says that a simulated organisation cannot run it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT, run

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
_BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$"
    r"(?:\n+^```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
# What differs from one run to the next.
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "DATE TIME"),
    (re.compile(r"^rolecall: \d\S*$", re.MULTILINE), "rolecall: VERSION"),
    (re.compile(r"\b(?:\d+ m )?\d+(?:\.\d)? s\b"), "TIME"),
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One block of the page."""

    language: str
    text: str
    output: str
    mark: str

    @property
    def is_simulated(self) -> bool:
        return not self.mark.startswith("not simulated: ")


def steps(page: str) -> list[Step]:
    """Every block of the page that is to be run, or shows what ran."""
    found = [
        Step(language=m["language"], text=m["text"], output=m["output"] or "", mark=m["mark"] or "")
        for m in _BLOCK.finditer(page)
    ]
    return [step for step in found if step.language in ("sh", "text")]


def settled(output: str) -> str:
    """The output without what differs from run to run."""
    for varying, name in _VARYING:
        output = varying.sub(name, output)
    # Columns are as wide as their longest time.
    return "\n".join(re.sub(r" +", " ", line).rstrip() for line in output.strip().splitlines())


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Runs blocks one after the other: what one sets, the next one has."""

    folder: Path
    environment: Mapping[str, str]

    def __call__(self, text: str) -> tuple[int, str]:
        state = self.folder.parent / "state.sh"
        script = f"set -aeo pipefail; cd {self.folder}; [ ! -e {state} ] || . {state}\n{text}"
        done = run(
            ["bash", "-c", f"{script}\nexport -p > {state}"],
            env=dict(self.environment),
            stdout=PIPE,
            stderr=STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout
