"""Where a bench runs: a temporary folder, a clean environment, a simulated STS."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.measure import ChildError

PROJECT = Path(__file__).parents[2]
REGION = "eu-central-1"
ROLE = "deploy"
_SERVER_STOPS_IN = 10


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much is measured."""

    repeats: int
    output_mb: int
    many_targets: int
    side_by_side: int
    sizes: tuple[int, ...]
    quick: bool

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Scale":
        quick = environ.get("BENCH_QUICK", "") == "1"
        repeats = int(environ.get("BENCH_REPEATS") or (1 if quick else 3))
        return cls(
            repeats=max(1, repeats),
            output_mb=40 if quick else 200,
            many_targets=500 if quick else 10_000,
            side_by_side=100 if quick else 1000,
            sizes=(20,) if quick else (20, 100),
            quick=quick,
        )


@dataclass(frozen=True, kw_only=True)
class Place:
    """What every measure needs.

    Attributes:
        folder: removed at the end. environ: for every child; it leads to `sts` and to no real AWS.
        sts: the URL of an STS that answers at once.
    """

    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    sts: str
    scale: Scale

    def rolecall(self, *, sts: str = "", **options: str) -> dict[str, str]:
        """The environment of a `rolecall` with these options, whose command is `true`."""
        options = {"COMMANDS": "true", "REPORT_DIR": str(self.report.parent), **options}
        own = {f"ROLECALL_{name}": value for name, value in options.items()}
        return {**self.environ, **endpoint(sts or self.sts), **own}

    @property
    def report(self) -> Path:
        """What the last `rolecall run` wrote."""
        return self.folder / "reports" / "report.json"


@contextmanager
def placed(environ: Mapping[str, str], scale: Scale) -> Iterator[Place]:
    """A place, with its server, for as long as the bench runs."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, server() as sts:
        folder = Path(name)
        (folder / "home").mkdir()
        clean = {
            "PATH": environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder / "home"),
            "TMPDIR": name,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "made-up-secret-key",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            **endpoint(sts),
        }
        yield Place(folder=folder, environ=clean, sts=sts, scale=scale)


def endpoint(url: str) -> dict[str, str]:
    """What leads every SDK to a simulated STS."""
    return {"AWS_ENDPOINT_URL": url, "AWS_ENDPOINT_URL_STS": url}


@contextmanager
def server(latency: float = 0.0) -> Iterator[str]:
    """The URL of an STS that waits `latency` seconds before each answer.

    Raises:
        ChildError: where it does not start.
    """
    options = ["--port", "0", "--latency", str(latency), "--lifetime", "3600"]
    with _serving(["-m", "support.sts", *options]) as url:
        yield url


@contextmanager
def served(module: str, *options: str) -> Iterator[str]:
    """The URL of a simulated service of the tests, in a process of its own.

    Raises:
        ChildError: where it does not start.
    """
    with _serving(["-m", module, *options]) as url:
        yield url


@contextmanager
def s3_server() -> Iterator[str]:
    """The URL of moto's server.

    Raises:
        ChildError: where it does not start.
    """
    with _serving([str(PROJECT / "pipeline/demo/moto_server.py")]) as port:
        yield f"http://127.0.0.1:{port.removeprefix('port ')}"


@contextmanager
def _serving(argv: Sequence[str]) -> Iterator[str]:
    """The first line that a server of Python prints, for as long as it serves."""
    process = subprocess.Popen(
        [sys.executable, *argv],
        env={**os.environ, "PYTHONPATH": str(PROJECT / "tests")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if not (said := process.stdout.readline().strip()):
            raise ChildError(f"{' '.join(argv)} did not start")
        yield said
    finally:
        process.terminate()
        try:
            process.wait(_SERVER_STOPS_IN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdin.close()
        process.stdout.close()


def accounts(count: int) -> list[str]:
    """Account ids."""
    return [f"{100_000_000_000 + number}" for number in range(1, count + 1)]


def role_arns(count: int) -> list[str]:
    return [f"arn:aws:iam::{account}:role/{ROLE}" for account in accounts(count)]
