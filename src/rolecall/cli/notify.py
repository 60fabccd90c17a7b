"""Tells whoever NOTIFY names of the outcome, when everything else is done."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from rolecall.cli.aws import Aws
from rolecall.cli.context import Context
from rolecall.errors import SUCCEEDED
from rolecall.notify import message
from rolecall.notify.send import Message, Sender
from rolecall.results import Outcome
from rolecall.sessions.retry import Retry
from rolecall.stop import Stop

# How long all destinations together may take, in seconds. What asked the run to end does not wait
# for long: Docker kills after ten.
_PATIENCE, _WHEN_INTERRUPTED = 30.0, 5.0
_CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}


def tell(context: Context, aws: Aws, stop: Stop, outcome: Outcome, report: str) -> None:
    """Never raises, and never changes the exit code."""
    settings = context.settings
    if settings.notify_on == "failure" and outcome.exit_code == SUCCEEDED:
        return
    origin = message.Origin(
        report=report,
        execution_id=settings.execution_id,
        build_id=context.environ.get("CODEBUILD_BUILD_ID", ""),
        build_url=build_url(context.environ),
    )
    patience = _WHEN_INTERRUPTED if stop.requested else _PATIENCE

    def client(service: str, region: str) -> Any:
        return aws.source().client(service, region=region)

    Sender(
        clients=client,
        retry=Retry(
            attempts=settings.retry_attempts,
            max_wait=min(settings.retry_max_wait, patience),
            access_denied=0,
            sleep=time.sleep,
        ),
        mask=context.mask,
        ca_bundle=context.environ.get("AWS_CA_BUNDLE", ""),
        patience=patience,
        hurry=lambda: stop.urgent,
    ).send(
        settings.notify,
        Message(
            title=message.title(outcome),
            text=message.text(outcome, origin),
            data=message.data(outcome, origin),
        ),
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
    return environ.get("CI_JOB_URL") or environ.get("BUILD_URL") or ""
