"""Guards: no test reaches the real home folder, real credentials or real AWS."""

from __future__ import annotations

import os
import signal
import socket
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no mistake of the code's.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", patient)
settings.register_profile("short", patient, max_examples=10)
settings.load_profile("short")

# What `nohup` or a shell's `&` had ignored would stay so in every child, rolecall among them.
for ending in (signal.SIGHUP, signal.SIGINT):
    if signal.getsignal(ending) is signal.SIG_IGN:
        signal.signal(ending, signal.SIG_DFL)

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(autouse=True)
def guarded_environment(monkeypatch, tmp_path_factory):
    """An empty home, and nothing of AWS, of a build or of rolecall in the environment."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "ROLECALL_", "CODEBUILD_")):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "none" / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "none" / "credentials"))
    # A proxy that nobody runs: what slips past the guards below in a child gets nowhere.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    return home


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch):
    """Connections of this process end at loopback."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family != socket.AF_UNIX and address[0] not in _LOOPBACK:
            pytest.fail(f"a test tried to reach {address[0]}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def pytest_terminal_summary(terminalreporter):
    """A line for each thing that this machine lacks."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"skipped, {count}: {reason}")
