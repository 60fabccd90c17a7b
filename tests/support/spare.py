"""A process that has rolecall loaded and forks for each run, so that Python's start is paid once.

What runs is `rolecall.__main__.main`, in a process and a session of its own, with the arguments,
variables, folder and pipes that it is given: all but Python's start, which other tests have.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LENGTH_BYTES = 8
_FDS = 2


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a run has said, and its exit code: negative where a signal ended it."""

    code: int
    out: str
    err: str


def run(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], within: float = 60
) -> Ended | None:
    """What became of a run; None where another run of this process has the spare.

    Raises:
        TimeoutError: it had not ended within so many seconds, and was killed.
    """
    if not _busy.acquire(blocking=False):
        return None
    try:
        return _connected().run(json.dumps([list(argv), str(cwd), dict(env)]).encode(), within)
    finally:
        _busy.release()


_busy = threading.Lock()
_spares: list[_Spare] = []


def _connected() -> _Spare:
    if not _spares:
        _spares.append(_Spare())
    return _spares[0]


class _Spare:
    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        # It ends with this process, whose end of the pair closes then.
        self._process = subprocess.Popen(
            [sys.executable, "-I", __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        theirs.close()

    def run(self, request: bytes, within: float) -> Ended:
        readers = [_Reader(), _Reader()]
        fds = [reader.theirs for reader in readers]
        socket.send_fds(self._ours, [len(request).to_bytes(_LENGTH_BYTES)], fds)
        self._ours.sendall(request)
        pid = _number(self._ours)
        for reader in readers:
            reader.begin()
        self._ours.settimeout(within)
        try:
            code = _number(self._ours)
            out, err = (reader.text(within) for reader in readers)
        except TimeoutError:
            os.killpg(pid, signal.SIGKILL)
            # Its answer is still to come, and would be taken for the next one's.
            _spares.remove(self)
            self._ours.close()
            raise
        self._ours.settimeout(None)
        return Ended(code=code, out=out, err=err)


class _Reader:
    """Reads a pipe to its end, beside whoever waits."""

    def __init__(self) -> None:
        self._ours, self.theirs = os.pipe()
        self._text = ""
        self._thread = threading.Thread(target=self._read, daemon=True)

    def begin(self) -> None:
        os.close(self.theirs)
        self._thread.start()

    def text(self, within: float) -> str:
        self._thread.join(within)
        if self._thread.is_alive():
            raise TimeoutError
        return self._text

    def _read(self) -> None:
        with io.TextIOWrapper(os.fdopen(self._ours, "rb"), "utf-8", "replace") as pipe:
            self._text = pipe.read()


def _number(connection: socket.socket) -> int:
    return int.from_bytes(_exactly(connection, _LENGTH_BYTES), signed=True)


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = connection.recv(size - len(found))
        if not part:
            raise EOFError
        found += part
    return found


def _serve(connection: socket.socket) -> None:
    """Returns in each child, as the run that it is to be; ends with the tests."""
    while True:
        try:
            head, fds, _, _ = socket.recv_fds(connection, _LENGTH_BYTES, _FDS)
            argv, cwd, env = json.loads(_exactly(connection, int.from_bytes(head)))
        except EOFError:
            os._exit(0)
        if (pid := os.fork()) == 0:
            connection.close()
            _become(argv, cwd, env, fds)
            return
        for fd in fds:
            os.close(fd)
        connection.sendall(pid.to_bytes(_LENGTH_BYTES))
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        connection.sendall(code.to_bytes(_LENGTH_BYTES, signed=True))


def _become(argv: list[str], cwd: str, env: dict[str, str], fds: list[int]) -> None:
    os.setsid()
    for number, fd in enumerate(fds, start=1):
        os.dup2(fd, number)
        os.close(fd)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = argv


def _load() -> None:
    """Imports what a run needs."""
    import rolecall  # noqa: PLC0415

    for name in ("boto3", "botocore.session", "botocore.client", "botocore.credentials"):
        importlib.import_module(name)
    for found in pkgutil.walk_packages(rolecall.__path__, "rolecall."):
        if not found.name.endswith(("__main__", "isolation", "reaper")):
            importlib.import_module(found.name)
    # What is there already needs no look in any child, and stays shared with them.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    from rolecall.__main__ import main

    _load()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    main()
