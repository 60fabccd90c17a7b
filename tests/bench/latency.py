"""A slow STS: the preflight waits for it, no command does."""

import json
from datetime import datetime
from pathlib import Path

from tests.bench import rivals
from tests.bench.fanout import rolecall
from tests.bench.measure import Row, Sample, at_most, interleaved
from tests.bench.place import Place, server

_LATENCY = 0.1
_COUNT = 100


def rows(place: Place) -> list[Row]:
    gaps: dict[str, list[float]] = {"quick": [], "slow": []}

    with server(_LATENCY) as slow_sts:

        def run(kind: str, sts: str) -> Sample:
            log = place.folder / f"{kind}.jsonl"
            sample = rolecall(place, _COUNT, sts=sts, output=log)
            gaps[kind].append(longest_gap(log))
            return sample

        best = interleaved(
            {
                "quick": lambda: run("quick", place.sts),
                "slow": lambda: run("slow", slow_sts),
                "bare": lambda: rivals.bare_loop(place, _COUNT, slow_sts),
            },
            place.scale.repeats,
        )
    added = f"{_COUNT} targets, STS {_LATENCY * 1000:.0f} ms slower"
    # The worst of all runs: a command that waited once has waited.
    slow, quick = max(gaps["slow"]), max(gaps["quick"])
    return [
        Row(
            name=f"{added}: longest gap between two targets' commands",
            left=f"{slow * 1000:.1f} ms",
            right=f"{quick * 1000:.1f} ms",
            ratio=slow / quick,
            bound=f"< {_LATENCY * 1000:.0f} ms",
            kept=slow < _LATENCY,
        ),
        at_most(f"{added} / as quick as it can", best["slow"].seconds, best["quick"].seconds),
        at_most(f"{added}: rolecall / bare boto3 loop", best["slow"].seconds, best["bare"].seconds),
    ]


def longest_gap(log: Path) -> float:
    """Seconds from the end of one target's command to the start of the next one's."""
    ended, longest = None, 0.0
    for line in log.read_text().splitlines():
        event = json.loads(line)
        at = datetime.fromisoformat(event["timestamp"]) if "timestamp" in event else None
        if event["event"] == "command_ended":
            ended = at
        elif event["event"] == "command_started" and ended and at:
            longest = max(longest, (at - ended).total_seconds())
    return longest
