"""Runs rolecall many times for the price of starting it once: each run is a fork.

`python -m support.forks` reads runs from standard input, one JSON object a line: `environ`,
`folder` and `log`, the file that its output goes to. It answers with the process's id. An empty
line asks for the exit code, negative for a signal, once it has ended; until then the id stays its.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import rolecall
from rolecall.cli.main import run_command


class Forks:
    """The process that runs come from, while the context lasts."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.forks"],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.communicate(timeout=30)

    def start(self, environ: Mapping[str, str], folder: Path, log: Path) -> int:
        """Starts `rolecall run`; its process id."""
        asked = {"environ": dict(environ), "folder": str(folder), "log": str(log)}
        assert self._process.stdin is not None
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return self._answer()

    def wait(self) -> int:
        """The exit code of what was started last."""
        assert self._process.stdin is not None
        print(file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


def _import_all() -> None:
    for module in pkgutil.walk_packages(rolecall.__path__, "rolecall."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _become(asked: Mapping[str, object]) -> None:
    """Turns this fork into what `rolecall run` would be."""
    os.setsid()
    os.chdir(str(asked["folder"]))
    environ = asked["environ"]
    assert isinstance(environ, dict)
    os.environ.clear()
    os.environ.update(environ)
    log = os.open(str(asked["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["rolecall", "run"]
    code = run_command()
    sys.stdout.flush()
    os._exit(code)


def main() -> None:
    """Serves until standard input ends."""
    _import_all()
    process = -1
    for line in sys.stdin:
        if not line.strip():
            print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
            continue
        process = os.fork()
        if process == 0:
            try:
                _become(json.loads(line))
            finally:
                os._exit(70)
        print(process, flush=True)


if __name__ == "__main__":
    main()
