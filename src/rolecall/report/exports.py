"""`exports.sh`: counts and names as shell variables, for a buildspec to source and export.

A process can't set variables of the shell that started it, and CodeBuild exports those only.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rolecall.files import write_atomically
from rolecall.report.record import READABLE
from rolecall.results import Outcome, Result, Status
from rolecall.secret import Mask
from rolecall.settings.sources import PREFIX

FILE_NAME = "exports.sh"
# CodePipeline takes 122,880 bytes of all variables that an action puts out, and less of those that
# go into another one.
_LONGEST = 1_000


def write(folder: Path, outcome: Outcome, *, report: Path, mask: Mask) -> None:
    """Writes `exports.sh`, masked, in one step.

    Args:
        report: the path of `report.json`, as its reader is told it.

    Raises:
        FileError: where it can't be written.
    """
    lines = [
        f"export {name}={shlex.quote(mask.text(value))}\n"
        for name, value in variables(outcome, report)
    ]
    write_atomically(folder / FILE_NAME, "".join(lines).encode(), mode=READABLE, durable=False)


def variables(outcome: Outcome, report: Path) -> Iterator[tuple[str, str]]:
    """Names and values; the names are known to settings.load, which passes them over."""
    regions = Counter(result.target for result in outcome.results)
    for status in Status:
        name = PREFIX + str(status).upper().replace(" ", "_")
        some = [result for result in outcome.results if result.status is status]
        yield name, str(len(some))
        yield f"{name}_TARGETS", _names(some, regions)
    yield f"{PREFIX}EXIT_CODE", str(outcome.exit_code)
    yield f"{PREFIX}REPORT_FILE", str(report)


def _names(results: Sequence[Result], regions: Counter[str]) -> str:
    """`dev tst/eu-west-1 and 12 more`: the region where a target has several."""
    room = _LONGEST - len(" and 1,000,000 more")
    names: list[str] = []
    for number, result in enumerate(results):
        several = regions[result.target] > 1
        name = f"{result.target}/{result.region}" if several else result.target
        room -= len(name) + 1
        if room < 0:
            return f"{' '.join(names)} and {len(results) - number:,} more"
        names.append(name)
    return " ".join(names)
