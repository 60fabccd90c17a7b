"""No client signs with another account's keys, in any mode, whatever the machine offers."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from functools import cache

import pytest

from support import sdks, surroundings
from support.clients import MODES, clients, ready
from support.command import ROLECALL, SOURCE_KEYS, Finished
from support.simulation import CONTAINER, METADATA, Simulation

CLIENTS = {client.name: client for client in clients()}
# All at once is what shows. One alone, which takes longer, is tried with the SDKs that others are
# made of: it tells which it was, or that one kept a client from another.
ALL = "all"
AROUND = (ALL, *surroundings.KINDS) if sdks.WANTED == "all" else (ALL,)
_CASE = """\
{name})
{variables}
{run}
;;
"""


@pytest.fixture(scope="session")
def simulation():
    with Simulation(list(CLIENTS)) as made:
        yield made


@cache
def prepared(name):
    """The variables of its script; why not, where it is missing."""
    try:
        return ready(CLIENTS[name])
    except sdks.Missing as why:
        return str(why)


@pytest.fixture(scope="session")
def tried(simulation, tmp_path_factory, request):
    """Runs, once, all clients whose tests were asked for, each in a target of its own."""

    @cache
    def run(mode, around):
        wanted = {
            params["name"]
            for params in (_params(item) for item in request.session.items)
            if (params.get("mode"), params.get("around")) == (mode, around)
        }
        there = [name for name in CLIENTS if name in wanted and isinstance(prepared(name), dict)]
        folder = tmp_path_factory.mktemp(f"{mode}-{around}")
        simulation.reset()
        done = _run(simulation, folder, mode, around, there)
        return done, simulation.signed()

    return run


def _params(item):
    return item.callspec.params if hasattr(item, "callspec") else {}


def _run(simulation, folder, mode, around, names):
    home = folder / "home"
    home.mkdir()
    (folder / "tmp").mkdir()
    kinds = surroundings.KINDS if around == ALL else (around,)
    environ = {
        "PATH": sdks.ENVIRON["PATH"],
        "HOME": str(home),
        "TMPDIR": str(folder / "tmp"),
        **SOURCE_KEYS,
        "AWS_ENDPOINT_URL": simulation.source,
        **surroundings.variables(kinds, simulation, home, names),
        "ROLECALL_TARGETS": " ".join(
            f"{name}=arn:aws:iam::{CLIENTS[name].account}:role/deploy" for name in names
        ),
        "ROLECALL_COMMANDS": _script(simulation, names),
        "ROLECALL_PROFILE_MODE": mode,
        "ROLECALL_MAX_PARALLEL": "3",
        "ROLECALL_ON_FAILURE": "continue",
        "ROLECALL_COMMAND_TIMEOUT": "5m",
        "ROLECALL_LOG_FORMAT": "console",
    }
    done = subprocess.run(
        [*simulation.enter, ROLECALL, "run"],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Finished(code=done.returncode, out=done.stdout, err=done.stderr, folder=folder)


def _script(simulation, names):
    cases = []
    for name in names:
        url = simulation.clients[name]
        said = {
            **prepared(name),
            "ENDPOINT": url,
            "AWS_ENDPOINT_URL": url,
            "HTTPS_PROXY": url,
            "AWS_CA_BUNDLE": simulation.authority,
            "NODE_EXTRA_CA_CERTS": simulation.authority,
            "SSL_CERT_FILE": simulation.authority,
            "cafile": simulation.authority,
            "SAM_CLI_TELEMETRY": "0",
            "SLS_TELEMETRY_DISABLED": "1",
            "CHECKPOINT_DISABLE": "1",
        }
        lines = "\n".join(f"export {n}={shlex.quote(v)}" for n, v in said.items())
        cases.append(_CASE.format(name=name, variables=lines, run=CLIENTS[name].run.strip()))
    return f"case $ROLECALL_TARGET in\n{''.join(cases)}esac"


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("machine", METADATA),
        ("metadata", METADATA),
        ("container", CONTAINER),
        ("home", "AKIAHOMEAWS000000000"),
        ("boto", "AKIACREDFILE00000000"),
        ("variables", "999999999999"),
    ],
)
def test_what_a_machine_offers_is_taken_by_a_client_that_nobody_keeps_from_it(
    simulation, tmp_path, kind, key
):
    if kind == "machine" and not simulation.closed:
        pytest.skip("no network of its own can be made here")
    simulation.reset()
    environ = {
        "PATH": sdks.ENVIRON["PATH"],
        "HOME": str(tmp_path),
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": simulation.clients["boto3"],
        "PYTHON": sys.executable,
        **surroundings.variables([kind], simulation, tmp_path, []),
    }
    words = [*simulation.enter, "sh", "-c", CLIENTS["boto3"].run]
    subprocess.run(words, env=environ, check=True, capture_output=True)
    assert simulation.signed()["boto3"][-1].key == key


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("mode", "around", "name"),
    [
        (mode, around, name)
        for mode in MODES
        for around in AROUND
        for name, client in CLIENTS.items()
        if around == ALL or client.required
    ],
)
def test_a_client_has_the_target_s_credentials_or_none(tried, mode, around, name):
    client = CLIENTS[name]
    if isinstance(prepared(name), str):
        (pytest.fail if client.wanted else pytest.skip)(prepared(name))
    done, signed = tried(mode, around)
    keys = {one.key for one in signed[name]} - {""}
    result = next(one for one in done.report["results"] if one["target"] == name)
    said = (done.folder / "rolecall-report" / result["log"]).read_text()
    assert keys <= {client.account}, f"{name} signed with {keys}: {said[-2000:]}"
    if mode in client.works or (mode in client.varies and keys):
        assert (result["status"], keys) == ("succeeded", {client.account}), said[-2000:]
    else:
        assert (result["status"], keys) == ("failed", set()), said[-2000:]
        assert re.search(client.fails_with, said), said[-2000:]
