"""`rolecall --help` and `rolecall plan` beside bare Python."""

import sys

from tests.bench.measure import Row, at_most, child, interleaved
from tests.bench.place import Place, role_arns

_MOST = 0.15 / 0.02  # seconds of --help where bare Python takes so many


def rows(place: Place) -> list[Row]:
    environ = place.rolecall(TARGETS="\n".join(role_arns(3)))

    def of(*argv: str):
        return lambda: child(argv, environ=environ, folder=place.folder)

    best = interleaved(
        {
            "python": of(sys.executable, "-c", "pass"),
            "help": of("rolecall", "--help"),
            "plan": of("rolecall", "plan"),
        },
        # They are short, and so the noise is large beside them.
        place.scale.repeats * 5,
    )
    bare = best["python"].seconds
    loaded = child(
        [sys.executable, "-I", "-X", "importtime", "-m", "rolecall", "plan"],
        environ=environ,
        folder=place.folder,
    ).stderr
    modules = {line.rpartition("|")[2].strip().partition(".")[0] for line in loaded.splitlines()}
    aws = sorted(modules & {"botocore"})
    return [
        at_most("rolecall --help / python -c pass", best["help"].seconds, bare, _MOST),
        at_most("rolecall plan / python -c pass", best["plan"].seconds, bare),
        Row(
            name="rolecall plan loads no botocore",
            left=", ".join(aws) or "not loaded",
            right=f"{len(modules)} packages",
            ratio=None,
            bound="not loaded",
            kept=not aws and "rolecall" in modules,
        ),
    ]
