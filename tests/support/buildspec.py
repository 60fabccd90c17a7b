"""Runs a buildspec of version 0.2 as CodeBuild does, on this machine or in a container.

From the AWS CodeBuild User Guide, "Build specification reference", "Build phase transitions" and
"Environment variables in build environments": phases in order; a `finally` block also after a
failure; POST_BUILD also after a failed BUILD, but nothing after a failed INSTALL or PRE_BUILD;
artifacts and reports always; variables of start-build over those of the project over the
buildspec's.

The guide promises one shell for all commands. Here a block (`commands`, or `finally`) is one
process, so that an `exit` in it ends that block alone; the folder and the exported variables are
carried to the next. Where the guide is silent the stricter reading holds: a failed phase fails the
build also where `on-failure: CONTINUE` lets the next one begin.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from support.buildspec_file import (
    ON_FAILURE,
    PHASES,
    Buildspec,
    BuildspecError,
    Files,
    Phase,
    refuse_reserved,
)

RETRIES = 3
_BUILD = {
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-central-1:111111111111:build/deploy:0a1b2c3d",
    "CODEBUILD_BUILD_ID": "deploy:0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f",
    "CODEBUILD_BUILD_NUMBER": "7",
    "CODEBUILD_INITIATOR": "codepipeline/deploy",
    "CODEBUILD_LOG_PATH": "0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f",
    "CODEBUILD_START_TIME": "1700000000000",
}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A process that has ended. `output` is what it printed anywhere."""

    code: int
    output: str


# argv, environment and folder, to what became of it.
Spawn = Callable[[Sequence[str], Mapping[str, str], str], Ended]


def spawn(argv: Sequence[str], environ: Mapping[str, str], folder: str) -> Ended:
    """Runs a process on this machine."""
    done = subprocess.run(
        argv,
        env=dict(environ),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        timeout=300,
    )
    return Ended(code=done.returncode, output=done.stdout)


def spawn_in(*prefix: str) -> Spawn:
    """Runs processes behind a prefix: `docker exec CONTAINER`, `docker run --rm … IMAGE`.

    Variables and folder become Docker's options before the prefix's last word. The source and the
    state folder have to be there under the same paths as here.
    """
    *command, last = prefix

    def spawn_there(argv: Sequence[str], environ: Mapping[str, str], folder: str) -> Ended:
        options = [word for name, value in environ.items() for word in ("-e", f"{name}={value}")]
        return spawn([*command, *options, "-w", folder, last, *argv], os.environ, "/")

    return spawn_there


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A variable of the project or of start-build. One that is looked up is never exported."""

    value: str
    type: str = "PLAINTEXT"


Variables = Mapping[str, str | Variable]


@dataclass(frozen=True, kw_only=True)
class PhaseResult:
    """A phase that ran. `exit_code` is that of `failed_command`, the first that failed."""

    name: str
    output: str
    exit_code: int = 0
    failed_command: str = ""

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0


@dataclass(frozen=True, kw_only=True)
class Build:
    """A build that has ended.

    Attributes:
        exported: the exported variables' values after the last phase.
        reports, artifacts: paths in the source folder, by report group and artifact.
    """

    phases: tuple[PhaseResult, ...]
    exported: Mapping[str, str]
    reports: Mapping[str, tuple[str, ...]]
    artifacts: Mapping[str, tuple[str, ...]]

    @property
    def missing(self) -> list[str]:
        """The report groups and artifacts that no file was found for."""
        return [n for found in (self.reports, self.artifacts) for n, p in found.items() if not p]

    @property
    def succeeded(self) -> bool:
        return all(phase.succeeded for phase in self.phases) and not self.missing

    @property
    def output(self) -> str:
        return "".join(phase.output for phase in self.phases)

    @property
    def ran(self) -> list[str]:
        return [phase.name for phase in self.phases]


def _no_resolver(name: str) -> str:
    raise BuildspecError(f"{name} is to be looked up, and nothing was given that can")


@dataclass(kw_only=True)
class BuildspecRun:
    """One build.

    Args:
        source: CODEBUILD_SRC_DIR, with the source in it.
        state: a folder of the harness's own, which the processes can write.
        image: variables of the image. project, start: of the project, and given to start-build.
        codebuild: other values of what CodeBuild itself sets.
        parameter, secret: resolve a parameter's name, and `id:json-key:stage:version-id`.
        shell: the argv before a script's text; by default the buildspec's shell and `-c`.
        spawn: runs a process; see spawn_in for containers.
    """

    spec: Buildspec
    source: Path
    state: Path
    image: Mapping[str, str] = field(default_factory=dict)
    project: Variables = field(default_factory=dict)
    start: Variables = field(default_factory=dict)
    codebuild: Mapping[str, str] = field(default_factory=dict)
    parameter: Callable[[str], str] = _no_resolver
    secret: Callable[[str], str] = _no_resolver
    shell: Sequence[str] = ()
    spawn: Spawn = spawn
    _environ: dict[str, str] = field(init=False)
    _folder: str = field(init=False)

    def run(self) -> Build:
        """Runs every phase that is due, then collects."""
        self._environ, self._folder = self._first_environ(), str(self.source)
        results: list[PhaseResult] = []
        succeeding = True
        for phase in (self.spec.phases[name] for name in PHASES if name in self.spec.phases):
            results.append(self._retried(phase, succeeding=succeeding))
            succeeding = succeeding and results[-1].succeeded
            if not results[-1].succeeded and not _goes_on(phase):
                break
        looked_up = {n for n, v in self._given().items() if not isinstance(v, str) and _by(v)}
        names = [name for name in self.spec.exported if name not in looked_up]
        return Build(
            phases=tuple(results),
            exported={name: self._environ[name] for name in names if name in self._environ},
            reports={files.name: self._matches(files) for files in self.spec.reports},
            artifacts={files.name: self._matches(files) for files in self.spec.artifacts},
        )

    def _given(self) -> dict[str, str | Variable]:
        return {**self.project, **self.start}

    def _first_environ(self) -> dict[str, str]:
        given, spec = self._given(), self.spec
        refuse_reserved(given)
        declared: Variables = {
            **spec.variables,
            **{n: Variable(value=v, type="PARAMETER_STORE") for n, v in spec.parameters.items()},
            **{n: Variable(value=v, type="SECRETS_MANAGER") for n, v in spec.secrets.items()},
        }
        merged = {**declared, **given}
        return {
            **self.image,
            **{name: self._resolved(value) for name, value in merged.items()},
            **_BUILD,
            **self.codebuild,
            "CODEBUILD_SRC_DIR": str(self.source),
        }

    def _resolved(self, value: str | Variable) -> str:
        if isinstance(value, str):
            return value
        lookup = {"parameter": self.parameter, "secret": self.secret}.get(_by(value))
        return lookup(value.value) if lookup else value.value

    def _retried(self, phase: Phase, *, succeeding: bool) -> PhaseResult:
        """The phase, again where `on-failure` says so and what it printed fits."""
        result = self._phase(phase, succeeding=succeeding)
        rule = ON_FAILURE.fullmatch(phase.on_failure)
        if rule and phase.on_failure.startswith("RETRY"):
            for _ in range(int(rule["count"] or RETRIES)):
                if result.succeeded or not re.search(rule["pattern"] or "", result.output):
                    break
                result = self._phase(phase, succeeding=succeeding)
        return result

    def _phase(self, phase: Phase, *, succeeding: bool) -> PhaseResult:
        output, code, failed_command = "", 0, ""
        for commands in filter(None, (phase.commands, phase.finally_)):
            self._environ["CODEBUILD_BUILD_SUCCEEDING"] = str(int(succeeding and not code))
            ended, number = self._block(commands)
            output += ended.output
            if ended.code and not code:
                code, failed_command = ended.code, commands[number]
        return PhaseResult(
            name=phase.name, output=output, exit_code=code, failed_command=failed_command
        )

    def _block(self, commands: Sequence[str]) -> tuple[Ended, int]:
        """What became of it, and the last command's number; keeps variables and folder."""
        for path in self.state.iterdir():
            path.unlink()
        argv = [*(self.shell or (self.spec.shell, "-c")), _script(commands, self.state)]
        ended = self.spawn(argv, self._environ, self._folder)
        if kept := _read(self.state / "environ"):
            pairs = (entry.partition("=") for entry in kept.split("\0") if entry)
            self._environ = {name: value for name, _, value in pairs}
            self._folder = _read(self.state / "folder").removesuffix("\n")
        return ended, int(_read(self.state / "number") or 0)

    def _matches(self, files: Files) -> tuple[str, ...]:
        """Files under the base folder, whose name may hold variables; `**/*` is all of them."""
        base = self.source / Template(files.base).safe_substitute(self._environ)
        patterns = [Template(text).safe_substitute(self._environ) for text in files.patterns]
        found = {path for text in patterns for path in base.glob(text) if path.is_file()}
        return tuple(sorted(str(path.relative_to(self.source)) for path in found))


def _by(variable: Variable) -> str:
    """Which resolver looks it up; empty where none does."""
    return {"PARAMETER_STORE": "parameter", "SECRETS_MANAGER": "secret"}.get(variable.type, "")


def _goes_on(phase: Phase) -> bool:
    """Whether the next phase begins after this one failed."""
    return phase.on_failure == "CONTINUE" or (phase.name == "build" and not phase.on_failure)


def _script(commands: Sequence[str], state: Path) -> str:
    """Runs commands until one fails; however it ends, it says where it stands."""
    environ, folder, number = (shlex.quote(str(state / n)) for n in ("environ", "folder", "number"))
    lines = [f"trap {shlex.quote(f'set -- $?; pwd > {folder}; env -0 > {environ}; exit $1')} EXIT"]
    for index, command in enumerate(commands):
        # Not `eval … || exit`: that would take the force out of a `set -e` of the command's own.
        lines += [
            f"echo {index} > {number}",
            f"eval {shlex.quote(command)}",
            "case $? in 0) ;; *) exit ;; esac",
        ]
    return "\n".join(lines)


def _read(path: Path) -> str:
    return path.read_text(errors="surrogateescape") if path.exists() else ""
