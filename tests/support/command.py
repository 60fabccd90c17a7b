"""Runs the installed command as users do: a process, an environment, a folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import pytest

from support.forks import Pool

ROLECALL = str(Path(sys.executable).parent / "rolecall")
SOURCE_KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIASOURCEKEY0000000",
    "AWS_SECRET_ACCESS_KEY": "source+secret/key0000000000000000000000",
    "AWS_REGION": "eu-central-1",
}
ACCOUNTS = ("222222222222", "333333333333", "444444444444")
TARGETS = " ".join(
    f"{name}=arn:aws:iam::{account}:role/deploy"
    for name, account in zip(("dev", "tst", "prd"), ACCOUNTS, strict=True)
)
_FORKS = Pool()
_OF_PYTHON = ("PYTHON", "LC_", "LANG", "LD_")


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A run that has ended."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            (self.folder / "rolecall-report/report.json").read_text()
        )
        return found

    @property
    def statuses(self) -> list[str]:
        return [result["status"] for result in self.report["results"]]

    @property
    def message(self) -> str:
        """What stands on stderr, with its lines joined."""
        return " ".join(self.err.split())

    @property
    def everything(self) -> str:
        """All that the run has shown anywhere."""
        report = self.folder / "rolecall-report" / "report.json"
        return self.out + self.err + (report.read_text() if report.exists() else "")


@dataclass(frozen=True, kw_only=True)
class Command:
    """The command in a folder of its own, against one endpoint."""

    folder: Path
    url: str
    argv: Sequence[str] = (ROLECALL,)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def patched(self, code: str) -> Self:
        """The same after some code that changes rolecall: no variable could bring it in."""
        begin = f"{code}\nfrom rolecall.__main__ import main\nmain()"
        return replace(self, argv=(sys.executable, "-I", "-c", begin))

    @property
    def telling_imports(self) -> Self:
        """The same, whose stderr tells of each module that it loads."""
        argv = (sys.executable, "-I", "-X", "importtime", "-m", "rolecall")
        return replace(self, argv=argv)

    def environ(self, extra: Mapping[str, str]) -> dict[str, str]:
        scratch = self.folder / "tmp"
        scratch.mkdir(exist_ok=True)
        # pytest's own is another one in each phase of a test, and so would each try of a run be.
        inherited = {name: v for name, v in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        return {
            **inherited,
            **SOURCE_KEYS,
            "AWS_ENDPOINT_URL": self.url,
            "TMPDIR": str(scratch),
            "ROLECALL_TARGETS": TARGETS,
            **extra,
        }

    def start(self, *arguments: str, **extra: str) -> subprocess.Popen[str]:
        """A process whose output is piped; its session is its own. `end` ends it in any case."""
        process = subprocess.Popen(
            [*self.argv, *arguments],
            cwd=self.folder,
            env=self.environ(extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """Kills what was started and still runs, since a test has failed."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    def finish(self, process: subprocess.Popen[str], *, within: float = 60) -> Finished:
        try:
            out, err = process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate(timeout=10)
            pytest.fail(f"not ended after {within} s: {out[-2000:]}{err[-2000:]}")
        return Finished(code=process.returncode, out=out, err=err, folder=self.folder)

    def wait_for_file(self, process: subprocess.Popen[str], name: str) -> None:
        """Returns once the file is there, which the commands of the process make."""
        while not (self.folder / name).exists():
            assert process.poll() is None
            time.sleep(0.02)

    def __call__(self, *arguments: str, **extra: str) -> Finished:
        """What became of a run; it is forked where nothing of it is about how Python starts."""
        if self.argv == (ROLECALL,) and not any(name.startswith(_OF_PYTHON) for name in extra):
            return forked(arguments, folder=self.folder, environ=self.environ(extra))
        return self.finish(self.start(*arguments, **extra))

    def run(self, commands: str, **extra: str) -> Finished:
        return self("run", ROLECALL_COMMANDS=commands, **extra)

    def left_over(self) -> list[Path]:
        """Files left in the temporary folder."""
        return [path for path in (self.folder / "tmp").rglob("*") if path.is_file()]


def forked(arguments: Sequence[str], *, folder: Path, environ: Mapping[str, str]) -> Finished:
    """What became of `rolecall` with these arguments, which is forked and not started."""
    within = 60
    with tempfile.TemporaryDirectory() as name:
        out, err = Path(name, "out"), Path(name, "err")
        try:
            code = _FORKS.run(
                arguments, environ=environ, folder=folder, out=out, err=err, within=within
            )
        except TimeoutError:
            shown = out.read_text(errors="replace") + err.read_text(errors="replace")
            pytest.fail(f"not ended after {within} s: {shown[-4000:]}")
        said = [path.read_text(errors="replace") for path in (out, err)]
    return Finished(code=code, out=said[0], err=said[1], folder=folder)


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    """Reads the lines of the output until the text is among them."""
    assert process.stdout
    seen = ""
    while text not in seen:
        line = process.stdout.readline()
        assert line, seen
        seen += line


def until(true: Callable[[], object]) -> None:
    """Returns once that is so, which takes less than half a minute."""
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
