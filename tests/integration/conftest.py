"""The installed command against a scripted STS, or against moto's server."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from support import leftovers
from support.command import Command
from support.sts import ScriptedSts


@pytest.fixture(autouse=True)
def no_process_left(guarded_environment, tmp_path):
    """Whatever a test starts ends with it, also where it fails or takes too long."""
    yield
    leftovers.end(guarded_environment, tmp_path)


@pytest.fixture
def sts():
    with ScriptedSts() as server:
        yield server


@pytest.fixture
def rolecall(sts, tmp_path):
    """The command, against the scripted STS. No secret that STS gave is ever to be seen."""
    command = Command(folder=tmp_path, url=sts.url)
    yield command
    command.end()
    assert command.left_over() == []


@pytest.fixture(scope="session")
def moto_url(tmp_path_factory):
    """moto's server in a process of its own, which is ended with the tests."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path_factory.mktemp("moto"))},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _await(url, process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "moto's server ended"
        try:
            with urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("moto's server does not answer")


@pytest.fixture
def on_moto(moto_url, tmp_path):
    """The command, against moto."""
    command = Command(folder=tmp_path, url=moto_url)
    yield command
    command.end()
