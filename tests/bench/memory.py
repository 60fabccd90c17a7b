"""Peak memory at few and at many targets."""

import json

from tests.bench.measure import ChildError, Row, Sample, child
from tests.bench.place import Place, role_arns

_FEW = 10


def rows(place: Place) -> list[Row]:
    """Measured once each: memory varies by one in a hundred, and many targets take long."""
    many = place.scale.many_targets
    few_used, many_used = _run(place, _FEW), _run(place, many)
    ratio = many_used.peak_mb / few_used.peak_mb
    return [
        Row(
            name=f"peak memory: {many:,} targets / {_FEW}",
            left=f"{many_used.peak_mb:.1f} MB",
            right=f"{few_used.peak_mb:.1f} MB",
            ratio=ratio,
            bound="≤ 1.5",
            kept=ratio <= 1.5,
        ),
        Row(
            name=f"time per target: {many:,} targets / {_FEW}",
            left=f"{many_used.seconds / many * 1000:.2f} ms",
            right=f"{few_used.seconds / _FEW * 1000:.2f} ms",
            ratio=many_used.seconds / many / (few_used.seconds / _FEW),
        ),
    ]


def _run(place: Place, count: int) -> Sample:
    listed = place.folder / "targets.txt"
    listed.write_text("\n".join(role_arns(count)) + "\n")
    environ = place.rolecall(TARGETS=f"file:{listed}")
    sample = child(["rolecall", "run"], environ=environ, folder=place.folder)
    report = json.loads(place.report.read_text())
    if report["counts"]["succeeded"] != count:
        raise ChildError(f"rolecall reached {report['counts']['succeeded']} of {count} targets")
    return sample
