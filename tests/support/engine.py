"""A Docker engine, and an image run on it as its users run it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.command import Finished

ROOT = Path(__file__).parents[2]
_BASE, _STAND_IN = "debian:trixie-slim", "rolecall-test-base"
# Taken before the tests' guards empty it: the client finds its engine in the user's own settings.
ENVIRON = dict(os.environ)
# Both builders take the Dockerfile; the older one is in every engine, and needs no plug-in.
_BUILDER = {"DOCKER_BUILDKIT": "0"}
_BUILD_SECONDS = 1200
_CACHE = Path(ENVIRON.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rolecall"


def docker(
    *words: str | Path, timeout: float = 120, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """One call of the client, its output read."""
    return _run("docker", *words, timeout=timeout, check=check)


def _run(*words: str | Path, timeout: float, check: bool) -> subprocess.CompletedProcess[str]:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        words,
        env={**ENVIRON, **_BUILDER},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )
    if check and done.returncode:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        raise AssertionError(f"{words[0]} {words[1]} ended with {done.returncode}:\n{said}")
    return done


def lacking() -> str:
    """Why no image can be built and run here; empty where it can."""
    if not shutil.which("docker"):
        return "no Docker engine: there is no docker client"
    done = docker("info", "--format", "{{.ServerVersion}}", check=False)
    if done.returncode or not done.stdout.strip():
        return f"no Docker engine: {(done.stderr.strip().splitlines() or ['no answer'])[-1]}"
    return ""


def base_image() -> str:
    """BASE_IMAGE, else the Dockerfile's own where a registry is reached, else a stand-in."""
    if given := ENVIRON.get("BASE_IMAGE"):
        return given
    for look in (("image", "inspect"), ("pull", "--quiet")):
        if docker(*look, _BASE, check=False).returncode == 0:
            return _BASE
    make: list[str | Path] = [ROOT / "tests/image/stand-in-base", _STAND_IN, _CACHE]
    subprocess.run(make, env=ENVIRON, check=True, timeout=_BUILD_SECONDS)
    return _STAND_IN


def build(tag: str, base: str, *, target: str = "", options: str = "", sources: Path = ROOT) -> str:
    """`make image` in the folder of the sources; returns the tag."""
    variables = (f"IMAGE={tag}", f"BASE_IMAGE={base}", f"TARGET={target}")
    build_options = f"BUILD_OPTIONS=--network host {options}"
    make = ("make", "image", "--directory", sources, *variables, build_options)
    _run(*make, timeout=_BUILD_SECONDS, check=True)
    return tag


def layers(image: str) -> list[str]:
    """The digests of an image's layers, the base's first."""
    template = "{{range .RootFS.Layers}}{{println .}}{{end}}"
    return docker("image", "inspect", "--format", template, image).stdout.split()


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image, run with one folder mounted where the sources go.

    Attributes:
        options: of every `docker run`. variables: of every container.
    """

    name: str
    folder: Path
    options: Sequence[str] = ()
    variables: Mapping[str, str]

    def words(self, *words: str, options: Sequence[str] = (), **variables: str) -> list[str]:
        """The arguments of `docker` that run a container."""
        given = {**self.variables, **variables}
        passed = [word for name, value in given.items() for word in ("--env", f"{name}={value}")]
        mount = f"{self.folder}:/work"
        own = [*self.options, *options]
        return ["run", "--rm", "--volume", mount, *passed, *own, self.name, *words]

    def __call__(self, *words: str, options: Sequence[str] = (), **variables: str) -> Finished:
        done = docker(*self.words(*words, options=options, **variables), check=False)
        return Finished(code=done.returncode, out=done.stdout, err=done.stderr, folder=self.folder)

    def start(self, *words: str, options: Sequence[str] = (), **variables: str) -> str:
        """Starts a container in the background; returns its id. It must be removed."""
        words = tuple(self.words(*words, options=("--detach", *options), **variables))
        return docker(*(word for word in words if word != "--rm")).stdout.strip()


def wait_for(container: str, text: str) -> None:
    """Returns once a container has written the text."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done = docker("logs", container)
        if text in done.stdout + done.stderr:
            return
        time.sleep(0.05)
    raise AssertionError(f"{text!r} is not in the log:\n{done.stdout}{done.stderr}")
