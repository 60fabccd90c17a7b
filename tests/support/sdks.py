"""Clients of AWS that are not Python packages: the AWS CLI v2, the SDK for JavaScript.

SDK_TESTS=required makes one that is missing a failure.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

HERE = Path(__file__).parents[1] / "sdk"
# Taken before the tests' guards empty it: npm finds its registry in the user's own settings.
ENVIRON = dict(os.environ)
_CACHE = Path(ENVIRON.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rolecall"
_INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")


def aws_v2() -> str:
    """The program of the AWS CLI v2, which may stand behind a v1 on the PATH; empty without."""
    for folder in ENVIRON.get("PATH", "").split(os.pathsep):
        program = shutil.which("aws", path=folder)
        if program and "aws-cli/2" in _said(program, "--version"):
            return program
    _lacking("no AWS CLI v2: on Debian, apt-get install awscli")
    return ""


def javascript() -> Path | None:
    """A folder with the SDK installed as its lock file says, and the scripts that use it."""
    if not shutil.which("node") or not shutil.which("npm"):
        _lacking("no Node.js: on Debian, apt-get install nodejs npm")
        return None
    sources = [path for path in sorted(HERE.iterdir()) if path.is_file()]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    folder = _CACHE / f"sdk-{digest[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for path in sources:
                shutil.copy(path, folder)
            if failed := _said(*_INSTALL, folder=folder, only_errors=True):
                _lacking(f"npm ci failed: {failed[-300:]}")
                return None
            (folder / "ready").touch()
    return folder


def _said(*words: str, folder: Path | None = None, only_errors: bool = False) -> str:
    done = subprocess.run(
        words, cwd=folder, env=ENVIRON, capture_output=True, text=True, timeout=100, check=False
    )
    said = done.stdout + done.stderr
    return said if done.returncode or not only_errors else ""


def _lacking(why: str) -> None:
    if ENVIRON.get("SDK_TESTS") == "required":
        pytest.fail(why)
