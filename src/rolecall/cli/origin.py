"""What a run is of, as its build, its folder and STS tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from urllib.parse import quote

import rolecall
from rolecall.cli.context import Context
from rolecall.results import Origin
from rolecall.sessions.source import Source
from rolecall.state import lasting
from rolecall.stop import in_thread
from rolecall.wording import clipped, printable

# As CodeBuild, GitHub, GitLab and Jenkins call them.
_BUILD_IDS = ("CODEBUILD_BUILD_ID", "GITHUB_RUN_ID", "CI_JOB_ID", "BUILD_TAG")
_COMMITS = ("CODEBUILD_RESOLVED_SOURCE_VERSION", "GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT")
_IMAGES = ("CODEBUILD_BUILD_IMAGE", "CI_JOB_IMAGE")
_URLS = ("CODEBUILD_BUILD_URL", "CI_JOB_URL", "BUILD_URL")
_CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
_LONGEST = 1_000
_PATIENCE = 2.0


class Caller:
    """Whom STS knows the source as. Asked beside all else: nothing waits for it, or fails by it."""

    def __init__(self) -> None:
        self._asked: Future[str] | None = None

    def ask(self, source: Source) -> None:
        with suppress(OSError):  # there are no more threads
            self._asked = in_thread(lambda: source.caller(lambda _, once: once()))

    def arn(self, *, hurry: bool) -> str:
        """Its ARN; empty where it was not asked for, or there is no answer.

        Args:
            hurry: whether not even a moment may pass.
        """
        with suppress(Exception):
            return self._asked.result(0 if hurry else _PATIENCE) if self._asked else ""
        return ""


def origin(context: Context, caller: str = "") -> Origin:
    """What is known of this run. `caller` is the ARN that STS knows its source by."""
    environ = context.environ
    return Origin(
        build_id=_first(environ, _BUILD_IDS),
        build_url=_line(build_url(environ)),
        execution_id=context.settings.execution_id,
        commit=_first(environ, _COMMITS) or _line(lasting.commit(context.folder)),
        caller=_line(caller),
        image=_first(environ, _IMAGES),
        rolecall=rolecall.__version__,
        shard=str(context.settings.shard),
    )


def build_url(environ: Mapping[str, str]) -> str:
    """The page of the build that this runs in; empty where that is not known."""
    arn = environ.get("CODEBUILD_BUILD_ARN", "").split(":", 5)
    if len(arn) == 6 and arn[5].startswith("build/"):  # noqa: PLR2004  the parts of an ARN
        _, partition, _, region, account, resource = arn
        build = resource.removeprefix("build/")
        return (
            f"https://{region}.{_CONSOLES.get(partition, 'console.aws.amazon.com')}/codesuite/"
            f"codebuild/{account}/projects/{build.partition(':')[0]}/build/{quote(build, safe='')}/"
            f"?region={region}"
        )
    if environ.get("GITHUB_RUN_ID"):
        server, repository = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
        return f"{server}/{repository}/actions/runs/{environ['GITHUB_RUN_ID']}"
    return _first(environ, _URLS)


def _first(environ: Mapping[str, str], names: Sequence[str]) -> str:
    """The first of these variables that has a value."""
    return next(filter(None, (_line(environ.get(name, "")) for name in names)), "")


def _line(text: str) -> str:
    """One line, as a report's reader asks for, whatever somebody has set."""
    return clipped(printable(" ".join(text.split())), _LONGEST)
