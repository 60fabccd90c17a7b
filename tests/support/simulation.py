"""A network of its own: AWS, and what gives another account's credentials on a build machine.

Nothing in it reaches another address. Its `169.254.169.254` gives the hub's keys, as on EC2, and
its `169.254.170.2`, as in CodeBuild. Where no network can be made (no root, no unprivileged user
namespaces) all listens on the machine's own loopback, and those two addresses are missing.
`python -m support.simulation` is the process inside; `Simulation` starts it and talks to it.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from support.metadata import Machine
from support.recorder import Authority, Recorder, Signed

# Who is signed for by which key: an account that no target is in.
METADATA, CONTAINER = "ASIAMETADATA00000000", "ASIACONTAINER0000000"
_ADDRESSES = {"169.254.169.254": METADATA, "169.254.170.2": CONTAINER}
_TESTS = Path(__file__).parents[1]
_INSIDE = " && ".join(
    ["ip link set lo up", *(f"ip addr add {address}/32 dev lo" for address in _ADDRESSES)]
)


class Simulation:
    """That network, while the context lasts.

    Attributes:
        enter: the words before a command that is to run in it.
        source, clients: the endpoints of rolecall, and of each client by its name.
        metadata, container: addresses of the hub's keys.
        authority: the file of the authority whose certificates the proxy shows.
        closed: whether it is a network of its own.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="rolecall-clients-")
        alone, entered = _alone()
        words = [sys.executable, "-m", "support.simulation", self._folder.name, *names]
        self._process = subprocess.Popen(
            [*alone, *words],
            cwd=_TESTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": self._folder.name},
        )
        said = self._answer()
        self.source, self.clients = said["source"], said["clients"]
        self.metadata, self.container = said["metadata"], said["container"]
        self.authority = said["authority"]
        self.closed = bool(entered)
        self.enter = (*entered, "--target", str(self._process.pid)) if entered else ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.communicate(timeout=30)  # its standard input ends, and so does it
        self._folder.cleanup()

    def reset(self) -> None:
        """Empties AWS, and forgets who has called."""
        self._ask("reset")

    def signed(self) -> dict[str, list[Signed]]:
        """Each client's requests since then; a key that STS has given is named by its account."""
        said = self._ask("signed")
        return {name: [Signed(**one) for one in requests] for name, requests in said.items()}

    def _ask(self, what: str) -> Any:
        assert self._process.stdin
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


def _alone() -> tuple[Sequence[str], Sequence[str]]:
    """The words that start a process in a network of its own, and those that enter it."""
    root = ["unshare", "--net"], ["nsenter", "--net"]
    user = [*root[0], "--user", "--map-root-user"], [*root[1], "--user", "--preserve-credentials"]
    for begin, enter in (root, user):
        tried = [*begin, "sh", "-c", _INSIDE]
        with suppress(OSError):
            if subprocess.run(tried, capture_output=True, check=False).returncode == 0:
                return [*begin, "sh", "-c", f'{_INSIDE} && exec "$@"', "sh"], enter
    return [], []


def main(folder: Path, names: Sequence[str]) -> None:
    """Serves until its standard input ends; each line of it is asked and answered."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    port = moto.get_host_and_port()[1]
    accounts: dict[str, str] = {}
    with ExitStack() as stack:
        source = stack.enter_context(Recorder(port, Authority(folder), accounts))
        clients = {
            name: stack.enter_context(Recorder(port, source.authority, accounts)) for name in names
        }
        metadata = stack.enter_context(Machine(METADATA))
        container = stack.enter_context(Machine(CONTAINER))
        for address, key_id in _ADDRESSES.items():
            with suppress(OSError):
                stack.enter_context(Machine(key_id, host=address, port=80))
        addresses = {
            "source": source.url,
            "clients": {name: recorder.url for name, recorder in clients.items()},
            "metadata": metadata.url,
            "container": f"{container.url}/creds",
            "authority": str(source.authority.file),
        }
        print(json.dumps(addresses), flush=True)
        for line in sys.stdin:
            if line.strip() == "reset":
                source.empty()
                for recorder in clients.values():
                    recorder.signed.clear()
            said = {name: recorder.named() for name, recorder in clients.items()}
            print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
