"""Runs a batch of builds as CodeBuild does, each in an environment of its own.

From the AWS CodeBuild User Guide, "Batch build buildspec reference", "Run builds in batches" and
"Quotas for AWS CodeBuild". A build of a graph begins when those that it depends on have ended, and
succeeded or may fail; with `fast-fail` none begins after one has failed (CodeBuild would also stop
those that run).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from support.buildspec import Build, BuildspecRun
from support.buildspec_file import BuildspecError, parse, refuse_reserved

_MOST = 100
_TOP = {"fast-fail", "build-list", "build-graph"}
_BUILD = {"identifier", "env", "ignore-failure", "buildspec", "debug-session"}
_ENV = {"variables", "compute-type", "image", "type", "privileged-mode", "fleet"}


@dataclass(frozen=True, kw_only=True)
class Member:
    """One build of a batch."""

    identifier: str
    variables: Mapping[str, str]
    depends_on: tuple[str, ...]
    may_fail: bool


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch in which every build comes after those it depends on."""

    members: tuple[Member, ...]
    fast_fail: bool


def parse_batch(text: str) -> Batch:
    """The batch of a buildspec.

    Raises:
        BuildspecError: where CodeBuild would refuse it.
    """
    data = _known(yaml.safe_load(text).get("batch"), "batch", _TOP)
    kinds = [kind for kind in ("build-list", "build-graph") if kind in data]
    if len(kinds) != 1 or not data[kinds[0]]:
        raise BuildspecError("a batch has either a build-list or a build-graph")
    more = {"depend-on"} if kinds == ["build-graph"] else set()
    members = [_member(build, _BUILD | more) for build in data[kinds[0]]]
    if len(members) > _MOST:
        raise BuildspecError(f"a batch takes {_MOST} builds, not {len(members)}")
    seen: set[str] = set()
    for member in members:
        if member.identifier in seen or not set(member.depends_on) <= seen:
            raise BuildspecError(f"{member.identifier}: stands twice, or before what it depends on")
        seen.add(member.identifier)
    return Batch(members=tuple(members), fast_fail=_flag(data, "fast-fail"))


def _member(data: Any, known: set[str]) -> Member:
    build = _known(data, "a build", known)
    identifier = str(build.get("identifier", ""))
    if not re.fullmatch(r"[A-Za-z0-9_]{1,128}", identifier):
        raise BuildspecError(f"{identifier!r} is no identifier")
    variables = _known(build.get("env"), identifier, _ENV).get("variables") or {}
    refuse_reserved(variables)
    if not all(isinstance(value, str) and value for value in variables.values()):
        raise BuildspecError(f"{identifier}: a variable is no text")
    return Member(
        identifier=identifier,
        variables=variables,
        depends_on=tuple(build.get("depend-on") or ()),
        may_fail=_flag(build, "ignore-failure"),
    )


def _known(data: Any, what: str, known: set[str]) -> dict[str, Any]:
    found = data or {}
    if not isinstance(found, dict) or set(found) - known:
        raise BuildspecError(f"{what} knows {', '.join(sorted(known))}, not {data}")
    return found


def _flag(data: Mapping[str, Any], name: str) -> bool:
    value = data.get(name, False)
    if not isinstance(value, bool):
        raise BuildspecError(f"{name} is {value!r}")
    return value


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A batch that has ended. `builds` has those that began; `artifacts` is their files together.

    They are combined, as the project's `combineArtifacts` asks for.
    """

    builds: Mapping[str, Build]
    succeeded: bool
    artifacts: Path


@dataclass(kw_only=True)
class BatchRun:
    """Runs each build in a copy of the source, with the project's variables."""

    text: str
    source: Path
    folder: Path
    image: Mapping[str, str]
    start: Mapping[str, str] = field(default_factory=dict)

    def run(self) -> Ended:
        batch = parse_batch(self.text)
        artifacts = self.folder / "artifacts"
        artifacts.mkdir(parents=True)
        ended: dict[str, Future[Build | None]] = {}
        failed: list[str] = []
        with ThreadPoolExecutor(len(batch.members)) as pool:
            for member in batch.members:
                before = [(self._may_fail(batch, name), ended[name]) for name in member.depends_on]
                ended[member.identifier] = pool.submit(self._run, member, before, failed, batch)
        builds = {name: build for name, one in ended.items() if (build := one.result())}
        for name, build in builds.items():
            self._collect(build, self.folder / name, artifacts)
        skipped = len(builds) < len(batch.members)
        bad = [m for m in batch.members if m.identifier in failed and not m.may_fail]
        return Ended(builds=builds, succeeded=not (bad or skipped), artifacts=artifacts)

    @staticmethod
    def _may_fail(batch: Batch, name: str) -> bool:
        return next(member.may_fail for member in batch.members if member.identifier == name)

    def _run(
        self,
        member: Member,
        before: list[tuple[bool, Future[Build | None]]],
        failed: list[str],
        batch: Batch,
    ) -> Build | None:
        for may_fail, one in before:
            build = one.result()
            if build is None or not (build.succeeded or may_fail):
                return None
        if batch.fast_fail and failed:
            return None
        folder = self.folder / member.identifier
        shutil.copytree(self.source, folder)
        state = self.folder / "state" / member.identifier
        state.mkdir(parents=True)
        build = BuildspecRun(
            spec=parse(self.text),
            source=folder,
            state=state,
            image=self.image,
            start={**self.start, **member.variables},
            codebuild={
                "CODEBUILD_BATCH_BUILD_IDENTIFIER": member.identifier,
                "CODEBUILD_BUILD_ID": f"deploy:{member.identifier}",
            },
        ).run()
        if not build.succeeded:
            failed.append(member.identifier)
        return build

    @staticmethod
    def _collect(build: Build, source: Path, artifacts: Path) -> None:
        """Below the base folder of the artifacts each path is unique, or one would be lost."""
        for path in (path for paths in build.artifacts.values() for path in paths):
            place = artifacts / Path(path).relative_to("rolecall-report")
            if place.exists():
                raise BuildspecError(f"two builds have an artifact {place.name}")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / path, place)
