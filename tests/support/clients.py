"""The table of clients, tests/clients/clients.toml, and how each is made ready to be called."""

from __future__ import annotations

import shutil
import sys
import tomllib
from dataclasses import dataclass
from typing import Any

from support import sdks

FOLDER = sdks.ROOT / "tests" / "clients"
MODES = ("refreshing", "static", "endpoint", "environment")


@dataclass(frozen=True, kw_only=True)
class Client:
    """One entry of the table, whose first lines say what each means. Its account is its own."""

    name: str
    title: str
    account: str
    run: str
    fails_with: str
    works: tuple[str, ...]
    varies: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    required: bool = False
    remedy: str = ""
    package: str = ""
    pinned: tuple[str, ...] = ()

    @property
    def wanted(self) -> bool:
        """Whether this one is to be there."""
        return sdks.WANTED == "all" or (self.required and sdks.WANTED == "required")


def clients() -> list[Client]:
    """Those of the table that are tried here: with SDK_TESTS=all each, else the required ones."""
    table = tomllib.loads((FOLDER / "clients.toml").read_text("utf-8"))["client"]
    made = [
        Client(account=str(210_000_000_000 + place), **{n: _frozen(v) for n, v in one.items()})
        for place, one in enumerate(table)
    ]
    return [one for one in made if one.required or sdks.WANTED == "all"]


def ready(client: Client) -> dict[str, str]:
    """The variables that the client's script has, once what it needs is there.

    Raises:
        Missing: where it can't be had.
    """
    said = {"PYTHON": sys.executable, "PROJECTS": str(FOLDER / "projects")}
    for need in client.needs:
        kind, _, name = need.partition(":")
        variable = f"{kind}_{name}".upper().replace("-", "_")
        if need == "aws-v2":
            said["AWS_V2"] = sdks.aws_v2()
        elif kind == "npm":
            source = sdks.ROOT / "tests" / "sdk" if name == "sdk" else FOLDER / name
            said[variable] = str(sdks.npm(source))
        elif kind == "python":
            said[variable] = str(sdks.python(name))
        elif kind == "go":
            said[variable.partition("_")[2]] = str(sdks.go(FOLDER / name))
        elif not shutil.which(need, path=sdks.ENVIRON.get("PATH")):
            packages = " ".join(client.packages) or "what the Makefile says"
            raise sdks.Missing(f"no {need}: on Debian, apt-get install {packages}")
    return said


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
