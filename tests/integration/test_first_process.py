"""As process 1 of a container, and what commands can see of the processes around them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from support.command import ROLECALL, TARGETS
from support.engine import ROOT
from support.onlooker import look, seen
from support.watched import Watched

# Of these tests alone, which run in turn: other tests run beside them on one machine.
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAONLOOKER00000000",
    "AWS_SECRET_ACCESS_KEY": "onlooker+secret/000000000000000000000000",
    "AWS_SESSION_TOKEN": "onlooker-token-000000",
}
ONE = {"ROLECALL_TARGETS": TARGETS.split()[0], "ROLECALL_COMMAND_TIMEOUT": "20s", **KEYS}
# What root may do in a container, by Docker's default. Else it may look into everything.
CAPABILITIES = (
    "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw"
    " sys_chroot mknod audit_write setfcap"
)
UNPRIVILEGED = (
    *("setpriv", "--inh-caps=-all", "--bounding-set"),
    ",".join(["-all", *(f"+{name}" for name in CAPABILITIES.split())]),
)
CONTAINED = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
if os.geteuid():
    CONTAINED = (*CONTAINED, "--user", "--map-root-user")


def works(*words):
    try:
        done = subprocess.run([*words, "true"], capture_output=True, timeout=30, check=False)
    except OSError:
        return False
    return not done.returncode


@pytest.fixture(scope="module")
def containing():
    if not works(*CONTAINED, *UNPRIVILEGED):
        pytest.skip("no process may be the first of its own here")
    return (*CONTAINED, *UNPRIVILEGED)


@pytest.fixture
def entrypoint(rolecall, containing, tmp_path):
    """The image's, where rolecall lies here; as process 1, or below what is put above it."""
    script = (ROOT / "pipeline/image/entrypoint").read_text()
    path = tmp_path / "entrypoint"
    path.write_text(script.replace("/opt/rolecall/bin", str(Path(ROLECALL).parent)))
    path.chmod(0o755)

    def _entrypoint(*above):
        return replace(rolecall, argv=(*containing, *above, str(path)))

    return _entrypoint


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux alone")
def test_no_process_that_a_command_sees_tells_the_source_s_keys(rolecall):
    if os.geteuid() == 0:
        if not works(*UNPRIVILEGED):
            pytest.skip("root may look into everything here")
        rolecall = replace(rolecall, argv=(*UNPRIVILEGED, *rolecall.argv))
    extra = {**ONE, "ROLECALL_TARGETS": TARGETS, "ROLECALL_MAX_PARALLEL": "2"}
    done = rolecall.run(look(list(KEYS.values())), ROLECALL_BEFORE="sleep 60 &", **extra)
    assert done.code == 0, done.out + done.err
    shown = [line.partition("| ")[2] or line for line in done.out.splitlines()]
    found = seen("\n".join(shown))
    assert [each.told for each in found] == [[], [], []]
    assert all(len(each.names) > 2 for each in found)


def test_process_1_tells_nothing_and_is_no_other_than_rolecall(entrypoint):
    done = entrypoint()("run", ROLECALL_COMMANDS=look(list(KEYS.values())), **ONE)
    assert done.code == 0, done.out + done.err
    (found,) = seen(done.out)
    assert found.told == []
    assert {(1, "environ"), (1, "mem")} <= found.closed
    rolecall = [number for number, part in found.closed if part == "environ"]
    assert len(rolecall) == 2
    assert "keys readable" not in done.out + done.err


def test_an_init_above_it_that_tells_the_keys_is_told(entrypoint):
    if not shutil.which("tini"):
        pytest.skip("there is no init to put above it")
    done = entrypoint("tini", "--")("run", ROLECALL_COMMANDS=look(list(KEYS.values())), **ONE)
    assert done.code == 0, done.out + done.err
    (found,) = seen(done.out)
    assert {name for name, _ in found.told} == {"tini"}
    said = " ".join(done.out.split())
    assert 'warning: keys readable: process="1 (tini)" remedy="commands can read' in said
    assert "start the image without --init" in said


def test_what_commands_leave_behind_is_reaped(entrypoint):
    script = (
        "(setsid sh -c 'echo $$ > orphan' &); until [ -s orphan ]; do sleep 0.05; done;"
        "while [ -e /proc/$(cat orphan) ]; do sleep 0.05; done; echo reaped"
    )
    done = entrypoint()("run", ROLECALL_COMMANDS=script, **ONE)
    assert done.code == 0, done.out + done.err
    assert "reaped" in done.out


@pytest.mark.parametrize(
    ("words", "code"),
    [(["run"], 1), (["config"], 0), (["run", "--max-parallel", "x"], 2), (["nosuch-command"], 127)],
)
def test_exit_codes_come_through(entrypoint, words, code):
    assert entrypoint()(*words, ROLECALL_COMMANDS="false", **ONE).code == code


def test_a_signal_to_process_1_is_rolecall_s(entrypoint):
    script = "trap 'echo got TERM; exit 0' TERM; kill -TERM 1; while :; do sleep 0.1; done"
    done = entrypoint()("run", ROLECALL_COMMANDS=script, **ONE)
    assert done.code == 143, done.out + done.err
    assert "got TERM" in done.out
    assert done.report["signal"] == 15


def test_at_a_terminal_its_keys_are_the_command_s(entrypoint, rolecall):
    command = entrypoint()
    argv = [*command.argv, "exec", "dev", "--", "read -r x; echo got $x; test -t 1 && sleep 60"]
    with Watched(argv, folder=rolecall.folder, environ=rolecall.environ({"TERM": "xterm"})) as at:
        at.type("typed\r")
        at.until(lambda at: "got typed" in at.lines)
        at.type("\x03")
        assert at.end() == 130


def test_ctrl_c_asks_once(entrypoint, rolecall):
    command = entrypoint()
    trap = "trap 'echo caught; sleep 1; echo ended; exit 0' INT"
    script = f"{trap}; echo up; while :; do sleep .1; done"
    environ = rolecall.environ({"TERM": "xterm", "ROLECALL_COMMANDS": script, **ONE})
    with Watched([*command.argv, "run"], folder=rolecall.folder, environ=environ) as at:
        at.until(lambda at: "up" in at.lines)
        at.type("\x03")
        assert at.end() == 130
    assert {"caught", "ended"} <= set(at.scrolled)
