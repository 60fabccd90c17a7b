"""Many targets side by side: beside the ideal, and beside other tools at each level."""

from tests.bench import rivals
from tests.bench.measure import Row, Sample, ahead, at_most, child, interleaved
from tests.bench.place import Place, role_arns, s3_server

_AT_ONCE = 16
_SLEEP = 0.1
_WITHIN = 1.3  # at so many targets; at few, the start counts for more
_MANY = 1000
_MOST_MB = 150
_LEVELS = (1, 4, 16)


def rows(place: Place) -> list[Row]:
    rivals.install()
    found = _beside_the_ideal(place, place.scale.side_by_side)
    with s3_server() as s3:
        for count in place.scale.sizes:
            for level in _LEVELS:
                found += _beside_others(place, count, level, s3)
    return found


def _run(place: Place, count: int, level: int, command: str = "true") -> Sample:
    listed = place.folder / "targets.txt"
    listed.write_text("\n".join(role_arns(count)) + "\n")
    environ = place.rolecall(TARGETS=f"file:{listed}", MAX_PARALLEL=str(level), COMMANDS=command)
    return child(["rolecall", "run"], environ=environ, folder=place.folder)


def _beside_the_ideal(place: Place, count: int) -> list[Row]:
    best = interleaved(
        {
            "rolecall": lambda: _run(place, count, _AT_ONCE, f"sleep {_SLEEP}"),
            "roles": lambda: rivals.roles_only(place, count, workers=_AT_ONCE),
        },
        place.scale.repeats,
    )
    ideal = count * _SLEEP / _AT_ONCE + float(best["roles"].stderr)
    name = f"{count:,} targets, {_AT_ONCE} at once, `sleep {_SLEEP}`"
    peak = best["rolecall"].peak_mb
    bound = _WITHIN if count >= _MANY else None
    return [
        at_most(f"{name}: rolecall / the ideal", best["rolecall"].seconds, ideal, bound),
        Row(
            name=f"{name}: peak memory",
            left=f"{peak:.1f} MB",
            right=f"{_MOST_MB} MB",
            ratio=peak / _MOST_MB,
            bound="< 1",
            kept=peak < _MOST_MB,
        ),
    ]


def _beside_others(place: Place, count: int, level: int, s3: str) -> list[Row]:
    best = interleaved(
        {
            "rolecall": lambda: _run(place, count, level),
            "c7n-org": lambda: rivals.c7n_org(place, count, workers=level),
            "awsrun": lambda: rivals.awsrun(place, count, workers=level),
            "aws-orga-deployer": lambda: rivals.orga_deployer(place, count, workers=level, s3=s3),
        },
        1,  # they are many times apart
    )
    ours = best["rolecall"].seconds
    name = f"{count} targets, {level} at once"
    return [
        ahead(f"{name}: {other} / rolecall", best[other].seconds, ours, 1)
        for other in best
        if other != "rolecall"
    ]
