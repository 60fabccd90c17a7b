"""One child measured, several interleaved, and what is said of them."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TAIL = 2_000


class ChildError(Exception):
    """A program that is measured did not do its work."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One run of a child: wall-clock and processor seconds, peak memory in MB, what it printed.

    Processor seconds and memory cover the children it waited for.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    stderr: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. A ratio is of `left` to `right`; a bound is on the ratio.

    Attributes:
        kept: whether the bound is; None where the issue sets none.
    """

    name: str
    left: str
    right: str
    ratio: float | None
    bound: str = ""
    kept: bool | None = None


def child(
    argv: Sequence[str | Path],
    *,
    environ: Mapping[str, str],
    folder: Path,
    stdout: Path = Path(os.devnull),
) -> Sample:
    """Runs a program to its end.

    The peak is no less than the memory of this process when it starts the child, since the kernel
    counts what a process was before it became another: keep this one small.

    Raises:
        ChildError: where its exit code is not 0.
    """
    with tempfile.TemporaryFile(dir=folder) as errors, stdout.open("wb") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in argv],
            env=dict(environ),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if process.returncode:
        raise ChildError(f"{argv[0]} ended with {process.returncode}: {said[-_TAIL:]}")
    return Sample(
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
        stderr=said,
    )


def interleaved(measures: Mapping[str, Callable[[], Sample]], repeats: int) -> dict[str, Sample]:
    """The fastest sample of each, taken in turns so that a slow minute hits all of them."""
    samples: dict[str, list[Sample]] = {name: [] for name in measures}
    for _ in range(repeats):
        for name, measure in measures.items():
            samples[name].append(measure())
    return {name: min(taken, key=lambda sample: sample.seconds) for name, taken in samples.items()}


def at_most(name: str, ours: float, theirs: float, bound: float | None = None) -> Row:
    """Ours in seconds may be `bound` times theirs."""
    ratio = ours / theirs
    return Row(
        name=name,
        left=f"{ours:.3f} s",
        right=f"{theirs:.3f} s",
        ratio=ratio,
        bound="" if bound is None else f"≤ {bound:g}",
        kept=None if bound is None else ratio <= bound,
    )


def ahead(name: str, theirs: float, ours: float, bound: float | None = None) -> Row:
    """Theirs in seconds must be `bound` times ours."""
    ratio = theirs / ours
    return Row(
        name=name,
        left=f"{theirs:.3f} s",
        right=f"{ours:.3f} s",
        ratio=ratio,
        bound="" if bound is None else f"≥ {bound:g}",
        kept=None if bound is None else ratio >= bound,
    )
