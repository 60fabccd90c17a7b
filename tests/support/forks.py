"""Runs rolecall many times for the price of starting it once: each run is a fork.

What runs is `rolecall.__main__.main`, in a process and a session of its own, with the arguments,
variables, folder and output that it is given: all but Python's start, which other tests have.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import coverage


class Forks:
    """The process that runs come from, one at a time. It ends with this one.

    It reads runs from standard input, a JSON object a line, and answers each with a process id. An
    empty line asks for the exit code, once it has ended; until then the id stays its.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", __file__],
            cwd="/",
            # It outlives the test that needs it first, and coverage begins in each fork: begun
            # here, it would not follow a fork's threads.
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.close)

    def close(self) -> None:
        self._process.communicate(timeout=30)

    def start(
        self,
        argv: Sequence[str],
        *,
        environ: Mapping[str, str],
        folder: Path,
        out: Path,
        err: Path | None = None,
    ) -> int:
        """Starts `rolecall` with these arguments; its process id.

        Args:
            out: gets what it prints at its end, and all of standard error where err is none.
        """
        asked = {"argv": ["rolecall", *argv], "environ": dict(environ), "folder": str(folder)}
        self._say(json.dumps({**asked, "outputs": [str(out), str(err or out)]}))
        return self._answer()

    def wait(self, within: float | None = None) -> int:
        """The exit code of what was started last, negative where a signal ended it.

        Raises:
            TimeoutError: it has not ended within so many seconds.
        """
        self._say("")
        return self._answer(within)

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)

    def _answer(self, within: float | None = None) -> int:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], within)[0]:
            raise TimeoutError
        return int(self._process.stdout.readline())


class Pool:
    """Forks that are free, so that runs of several threads are not waited for in turn."""

    def __init__(self) -> None:
        self._free: list[Forks] = []

    def run(
        self,
        argv: Sequence[str],
        *,
        environ: Mapping[str, str],
        folder: Path,
        out: Path,
        err: Path,
        within: float,
    ) -> int:
        """The exit code of `rolecall` with these arguments.

        Raises:
            TimeoutError: it had not ended within so many seconds, and was killed.
        """
        try:
            forks = self._free.pop()
        except IndexError:
            forks = Forks()
        process = forks.start(argv, environ=environ, folder=folder, out=out, err=err)
        try:
            code = forks.wait(within)
        except TimeoutError:
            os.killpg(process, signal.SIGKILL)
            raise
        self._free.append(forks)
        return code


_LATER = ("botocore.credentials", "structlog", "concurrent.futures", "wcwidth")
_SERVICES = ("sts", "organizations", "s3", "ssm")


def _load() -> None:
    """Brings in what runs would load for themselves: modules, the page's template, AWS's models."""
    from botocore import loaders, session  # noqa: PLC0415  its own process does

    import rolecall  # noqa: PLC0415
    from rolecall.report import page  # noqa: PLC0415

    for module in pkgutil.walk_packages(rolecall.__path__, "rolecall."):
        if not module.name.endswith(("__main__", "isolation", "reaper")):
            importlib.import_module(module.name)
    for name in _LATER:
        importlib.import_module(name)
    page._environment().get_template(page.TEMPLATE)
    for reads, of in (
        (loaders.JSONFileLoader, "load_file"),
        (loaders.Loader, "list_available_services"),
    ):
        read = functools.cache(getattr(reads(), of))
        setattr(reads, of, lambda _self, *what, read=read, **named: read(*what, **named))
    aws = session.Session()
    aws.set_credentials("AKIANOBODY", "nothing")
    for service in _SERVICES:
        aws.create_client(service, region_name="eu-central-1")
    # What is there already needs no look in any fork, and stays shared with them.
    gc.collect()
    gc.freeze()


def _become(asked: Mapping[str, object]) -> None:
    """Turns this fork into what the command would be."""
    os.setsid()
    os.chdir(str(asked["folder"]))
    environ, argv, outputs = asked["environ"], asked["argv"], asked["outputs"]
    assert isinstance(environ, dict)
    assert isinstance(argv, list)
    assert isinstance(outputs, list)
    os.environ.clear()
    os.environ.update(environ)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor, path in enumerate(outputs, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    os.closerange(3, 64)
    sys.argv = argv
    coverage.process_startup()


def _serve() -> None:
    """Ends with standard input; returns in each fork, as the run that it is to be."""
    process = -1
    for line in sys.stdin:
        if not line.strip():
            print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
            continue
        process = os.fork()
        if process == 0:
            _become(json.loads(line))
            return
        print(process, flush=True)
    os._exit(0)


def _leave(code: object) -> None:
    """Ends as Python does, but takes apart nothing of the memory, which is shared with others."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    from rolecall.__main__ import main

    _load()
    _serve()
    try:
        main()
    except SystemExit as ended:
        _leave(ended.code)
