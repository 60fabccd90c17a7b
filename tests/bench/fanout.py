"""20 and 100 targets whose command is `true`, beside the other ways to do it."""

from pathlib import Path

from tests.bench import rivals
from tests.bench.measure import Row, Sample, ahead, at_most, child, interleaved
from tests.bench.place import Place, role_arns

_SCRIPT_TARGETS = 5
_BOUNDS_AT = 100


def rolecall(place: Place, count: int, *, sts: str = "", output: Path | None = None) -> Sample:
    """`rolecall run`; its log goes to `output`, as JSON, where that is given."""
    options = {"TARGETS": "\n".join(role_arns(count))}
    if output is None:
        return child(
            ["rolecall", "run"], environ=place.rolecall(sts=sts, **options), folder=place.folder
        )
    environ = place.rolecall(sts=sts, LOG_FORMAT="json", **options)
    return child(["rolecall", "run"], environ=environ, folder=place.folder, stdout=output)


def rows(place: Place) -> list[Row]:
    rivals.install()
    found: list[Row] = []
    for count in (20, _BOUNDS_AT):
        found += _rows(place, count)
    return found


def _rows(place: Place, count: int) -> list[Row]:
    best = interleaved(
        {
            "rolecall": lambda: rolecall(place, count),
            "bare": lambda: rivals.bare_loop(place, count),
            "script": lambda: rivals.shell_script(place, _SCRIPT_TARGETS),
            "c7n-org": lambda: rivals.c7n_org(place, count),
            "awsrun": lambda: rivals.awsrun(place, count),
        },
        place.scale.repeats,
    )
    took = {name: sample.seconds for name, sample in best.items()}
    ours, script = took["rolecall"], took["script"] / _SCRIPT_TARGETS

    def bound(ratio: float) -> float | None:
        return ratio if count == _BOUNDS_AT else None

    name = f"{count} targets"
    return [
        at_most(f"{name}: rolecall / bare boto3 loop", ours, took["bare"], bound(1.25)),
        ahead(f"{name}, each: assume-role script / rolecall", script, ours / count, bound(100)),
        ahead(f"{name}: c7n-org / rolecall", took["c7n-org"], ours, bound(6)),
        ahead(f"{name}: awsrun / rolecall", took["awsrun"], ours, bound(15)),
    ]
