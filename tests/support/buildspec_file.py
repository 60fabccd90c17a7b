"""What a buildspec of version 0.2 may say, read the way CodeBuild reads it.

From the AWS CodeBuild User Guide, "Build specification reference".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
ON_FAILURE = re.compile(r"ABORT|CONTINUE|RETRY(?:-(?P<count>\d+))?(?:-(?P<pattern>.+))?")
_MOST_GROUPS = 5
_TOP = {"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"}
_ENV = {"shell", "variables", "parameter-store", "secrets-manager", "exported-variables"}
_PHASE = {"run-as", "on-failure", "runtime-versions", "commands", "finally"}
_FILES = {"files", "base-directory", "discard-paths"}
_SHELLS = {"bash": "bash", "/bin/sh": "/bin/sh"}
_FORMATS = {"JUNITXML", "CUCUMBERJSON", "NUNITXML", "NUNIT3XML", "TESTNGXML", "VISUALSTUDIOTRX"}


class BuildspecError(ValueError):
    """A buildspec, or variables, that CodeBuild would not take."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """`on_failure` is empty where the buildspec says nothing."""

    name: str
    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    on_failure: str = ""


@dataclass(frozen=True, kw_only=True)
class Files:
    """A report group's, or the artifact's, locations."""

    name: str
    patterns: tuple[str, ...]
    base: str = "."


@dataclass(frozen=True, kw_only=True)
class Buildspec:
    """A parsed buildspec."""

    shell: str
    variables: Mapping[str, str]
    parameters: Mapping[str, str]
    secrets: Mapping[str, str]
    exported: tuple[str, ...]
    phases: Mapping[str, Phase]
    reports: tuple[Files, ...]
    artifacts: tuple[Files, ...]


def parse(text: str) -> Buildspec:
    """Reads a buildspec.

    Raises:
        BuildspecError: where CodeBuild would refuse it, or would pass over what is meant.
    """
    data = _mapping(yaml.safe_load(text), "the buildspec", _TOP)
    if str(data.get("version")) != "0.2":
        raise BuildspecError(f"version {data.get('version')} is not 0.2")
    env = _mapping(data.get("env"), "env", _ENV)
    shell = env.get("shell", "/bin/sh")
    if shell not in _SHELLS:
        raise BuildspecError(f"env/shell {shell!r} is none of {', '.join(_SHELLS)}")
    exported = tuple(env.get("exported-variables") or ())
    if refused := [name for name in exported if name.startswith("AWS_")]:
        raise BuildspecError(f"{', '.join(refused)} cannot be exported")
    if not data.get("phases"):
        raise BuildspecError("phases is required")
    phases = _mapping(data["phases"], "phases", set(PHASES))
    return Buildspec(
        shell=_SHELLS[shell],
        variables=_named(env.get("variables")),
        parameters=_named(env.get("parameter-store")),
        secrets=_named(env.get("secrets-manager")),
        exported=exported,
        phases={name: _phase(name, phases[name]) for name in PHASES if name in phases},
        reports=tuple(_reports(data.get("reports"))),
        artifacts=tuple(_artifacts(data.get("artifacts"))),
    )


def _mapping(data: Any, what: str, known: set[str]) -> dict[str, Any]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise BuildspecError(f"{what} is no mapping")
    if unknown := set(data) - known:
        raise BuildspecError(f"{what} does not know {', '.join(sorted(map(str, unknown)))}")
    return data


def _named(data: Any) -> dict[str, str]:
    named = {str(name): str(value) for name, value in (data or {}).items()}
    refuse_reserved(named)
    return named


def refuse_reserved(names: Mapping[str, Any]) -> None:
    if reserved := [name for name in names if name.startswith("CODEBUILD_")]:
        raise BuildspecError(f"{', '.join(reserved)}: CODEBUILD_ is reserved")


def _phase(name: str, data: Any) -> Phase:
    phase = _mapping(data, f"phases/{name}", _PHASE)
    on_failure = phase.get("on-failure", "")
    if on_failure and not ON_FAILURE.fullmatch(on_failure):
        raise BuildspecError(f"phases/{name}/on-failure {on_failure!r} is not known")
    for block in ("commands", "finally"):
        if not all(isinstance(command, str) for command in phase.get(block) or ()):
            raise BuildspecError(f"phases/{name}/{block}: a command is no text; quote it")
    return Phase(
        name=name,
        commands=tuple(phase.get("commands") or ()),
        finally_=tuple(phase.get("finally") or ()),
        on_failure=on_failure,
    )


def _reports(data: Any) -> list[Files]:
    found = []
    for name, value in (data or {}).items():
        group = _mapping(value, f"reports/{name}", {*_FILES, "file-format"})
        if str(group.get("file-format", "JUNITXML")).upper() not in _FORMATS:
            raise BuildspecError(f"reports/{name}/file-format is not known")
        found.append(_files(name, group))
    if len(found) > _MOST_GROUPS:
        raise BuildspecError("a project has five report groups at most")
    return found


def _artifacts(data: Any) -> list[Files]:
    if data is None:
        return []
    known = {*_FILES, "name", "exclude-paths"}
    top = _mapping(data, "artifacts", {*known, "secondary-artifacts"})
    secondary = top.pop("secondary-artifacts", None) or {}
    named = {str(top.get("name", "artifacts")): top} if top else {}
    return [
        _files(name, _mapping(value, f"artifacts/{name}", known))
        for name, value in {**named, **secondary}.items()
    ]


def _files(name: str, data: Mapping[str, Any]) -> Files:
    if not data.get("files"):
        raise BuildspecError(f"{name}: files is required")
    return Files(
        name=name, patterns=tuple(data["files"]), base=str(data.get("base-directory", "."))
    )
