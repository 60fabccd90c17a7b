"""Clients of AWS that are not of the tests' own environment, installed as lock files say.

SDK_TESTS=required makes one that is missing a failure, as far as `.ci/run` tries it; SDK_TESTS=all
does so for each.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]
# Taken before the tests' guards empty it: clients of registries find those in the user's settings.
ENVIRON = dict(os.environ)
WANTED = ENVIRON.get("SDK_TESTS", "")
_CACHE = Path(ENVIRON.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rolecall"
_NPM = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
# What a lock file leaves out is not wanted: each package of it is pinned.
_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
# Debian's source packages, not modules of a proxy.
_GO = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "CGO_ENABLED": "0"}


T = TypeVar("T")


class Missing(Exception):  # noqa: N818  it is no error where it is not required
    """A client can't be had here; the message says why, and how to have it."""


def aws_v2() -> str:
    """The program of the AWS CLI v2, which may stand behind a v1 on the PATH."""
    for folder in ENVIRON.get("PATH", "").split(os.pathsep):
        program = shutil.which("aws", path=folder)
        if program and "aws-cli/2" in _said(program, "--version"):
            return program
    raise Missing("no AWS CLI v2: on Debian, apt-get install awscli")


def interpreter(program: str) -> str:
    """The Python that an AWS CLI runs in; it says so in its first line."""
    first = Path(program).read_bytes().partition(b"\n")[0].decode(errors="replace")
    if not re.fullmatch(r"#!/\S*python[\d.]*", first):
        why = "is no Python script, and so cannot be asked for many files at once"
        raise Missing(f"{program} {why}")
    return first.removeprefix("#!")


def javascript() -> Path:
    """A folder with the SDKs for JavaScript, and the scripts that use them."""
    return npm(ROOT / "tests" / "sdk")


def npm(source: Path) -> Path:
    """A copy of the folder, with what its package-lock.json lists."""
    for program in ("node", "npm"):
        _find(program, "nodejs npm")

    def install(folder: Path) -> None:
        for path in _files(source):
            shutil.copy(path, folder)
        _do(*_NPM, folder=folder)

    return _cached(source.name, _files(source), install)


def python(lock: str) -> Path:
    """The folder of programs of an environment with what requirements/LOCK.txt lists."""
    requirements = ROOT / "requirements" / f"{lock}.txt"

    def install(folder: Path) -> None:
        _do(sys.executable, "-m", "venv", str(folder))
        words = ("--require-hashes", "--requirement", str(requirements))
        _do(str(folder / "bin" / "python"), *_PIP, *words)

    return _cached(f"{lock}-{sys.version_info.minor}", [requirements], install) / "bin"


def go(source: Path) -> Path:
    """The program of that folder, of Debian's source packages."""
    program = _find("go", "golang-go")

    def install(folder: Path) -> None:
        environ = {**ENVIRON, **_GO, "GOCACHE": str(_CACHE / "go-build")}
        _do(program, "build", "-o", str(folder / "program"), folder=source, environ=environ)

    return _cached(source.name, _files(source), install) / "program"


def found(find: Callable[[], T]) -> T | None:
    """What a function of these finds; nothing where it is missing and not required."""
    try:
        return find()
    except Missing as why:
        if WANTED:
            pytest.fail(str(why))
    return None


def _cached(name: str, sources: Sequence[Path], install: Callable[[Path], None]) -> Path:
    """A folder that was filled once for these sources."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    folder = _CACHE / f"{name}-{digest[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            install(folder)
            (folder / "ready").touch()
    return folder


def _find(program: str, packages: str) -> str:
    path = shutil.which(program, path=ENVIRON.get("PATH"))
    if not path:
        raise Missing(f"no {program}: on Debian, apt-get install {packages}")
    return path


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_file()]


def _do(*words: str, folder: Path | None = None, environ: dict[str, str] = ENVIRON) -> None:
    done = _run(words, folder, environ)
    if done.returncode:
        raise Missing(f"{' '.join(words[:4])} failed: {(done.stdout + done.stderr)[-300:]}")


def _said(*words: str) -> str:
    done = _run(words, None, ENVIRON)
    return done.stdout + done.stderr


def _run(
    words: Sequence[str], folder: Path | None, environ: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=folder, env=environ, capture_output=True, text=True, timeout=600, check=False
    )
