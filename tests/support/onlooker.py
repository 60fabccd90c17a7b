"""A command that looks for secrets in every process that it can see, as a hostile one would."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

_LOOK = """
python3 - <<'PYTHON'
import json, pathlib
# Turned round, so that the words of this script are no find.
secrets = [secret[::-1].encode() for secret in {secrets}]
seen, told, closed = {{}}, [], []
for process in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        name = seen[process.name] = (process / "comm").read_text().strip()
    except OSError:
        continue  # it has ended
    for part in ("cmdline", "environ"):
        try:
            text = (process / part).read_bytes()
        except PermissionError:
            closed.append([int(process.name), part])
        except OSError:
            continue
        else:
            told += [[name, part] for secret in secrets if secret in text]
    try:
        (process / "mem").open("rb").close()
    except PermissionError:
        closed.append([int(process.name), "mem"])
    except OSError:
        pass
print(json.dumps({{"seen": seen, "told": told, "closed": closed}}))
PYTHON
"""


def look(secrets: Sequence[str]) -> str:
    """The command. Each secret is looked for in command lines and environments."""
    return _LOOK.format(secrets=[secret[::-1] for secret in secrets])


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What it saw.

    Attributes:
        names: of processes, by their numbers. told: names of those that told a secret, and what of
            them did. closed: numbers of those that it could not look into, and what of them.
    """

    names: dict[int, str]
    told: list[tuple[str, str]]
    closed: set[tuple[int, str]]


def seen(output: str) -> list[Seen]:
    """What each run of it printed."""
    lines = (json.loads(line) for line in output.splitlines() if line.startswith('{"seen"'))
    return [
        Seen(
            names={int(number): name for number, name in line["seen"].items()},
            told=[(name, part) for name, part in line["told"]],
            closed={(number, part) for number, part in line["closed"]},
        )
        for line in lines
    ]
