"""Tells whoever NOTIFY names of the outcome, when everything else is done."""

from __future__ import annotations

import time
from typing import Any

from rolecall.cli.aws import Aws
from rolecall.cli.context import Context
from rolecall.cli.origin import origin
from rolecall.errors import SUCCEEDED
from rolecall.notify import message
from rolecall.notify.send import Message, Sender
from rolecall.results import Outcome
from rolecall.sessions.retry import Retry
from rolecall.stop import Stop

# How long all destinations together may take, in seconds. What asked the run to end does not wait
# for long: Docker kills after ten.
_PATIENCE, _WHEN_INTERRUPTED = 30.0, 5.0


def tell(context: Context, aws: Aws, stop: Stop, outcome: Outcome, report: str) -> None:
    """Never raises, and never changes the exit code."""
    settings = context.settings
    if settings.notify_on == "failure" and outcome.exit_code == SUCCEEDED:
        return
    here = origin(context)
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
            text=message.text(outcome, here),
            data=message.data(outcome, here, report),
        ),
    )
