"""`python -m tests.bench`: measures everything in one run, prints a table, writes bench.json.

Variables:
    BENCH_REPEATS: how often each measure is taken; the best counts. 3 where not set.
    BENCH_QUICK: with `1`, fewer bytes and fewer targets, and one repeat, to try the bench itself.
    BENCH_ONLY: sections to run, by comma, such as `startup,output`.
"""

import os
import sys
from collections.abc import Callable, Mapping

from tests.bench import (
    discovery,
    fanout,
    latency,
    memory,
    output,
    parallel,
    startup,
    summary,
    workspaces,
)
from tests.bench.measure import ChildError, Row
from tests.bench.place import PROJECT, Place, Scale, placed

_SECTIONS: Mapping[str, Callable[[Place], list[Row]]] = {
    "startup": startup.rows,
    "fanout": fanout.rows,
    "parallel": parallel.rows,
    "output": output.rows,
    "latency": latency.rows,
    "memory": memory.rows,
    "discovery": discovery.rows,
    "workspaces": workspaces.rows,
}


def main(environ: Mapping[str, str]) -> int:
    """0 where every bound is kept, 1 where one is missed, 2 where something can't be measured."""
    scale = Scale.of(environ)
    wanted = [name for name in environ.get("BENCH_ONLY", "").split(",") if name] or list(_SECTIONS)
    if unknown := set(wanted) - set(_SECTIONS):
        print(f"bench: no section {', '.join(unknown)}; there are {', '.join(_SECTIONS)}")
        return 2
    rows: list[Row] = []
    with placed(environ, scale) as place:
        for name in wanted:
            print(f"bench: {name}", file=sys.stderr, flush=True)
            try:
                rows += _SECTIONS[name](place)
            except (ChildError, OSError) as error:
                print(f"bench: {name}: {error}", file=sys.stderr)
                return 2
    print(summary.table(rows))
    path = PROJECT / "build" / "bench.json"
    summary.write(path, rows, scale)
    print(f"\nwritten to {path.relative_to(PROJECT)}")
    missed = [row for row in rows if row.kept is False]
    print(f"{len(missed)} bounds missed" if missed else "every bound kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
