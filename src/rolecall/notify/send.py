"""Tells every destination at once, for a bounded time. What fails is a remark in the log."""

from __future__ import annotations

import hashlib
import html
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from rolecall.errors import ConfigError, RolecallError
from rolecall.logs import Log
from rolecall.notify import webhook
from rolecall.secret import Mask
from rolecall.sessions.faults import FAILURES, HttpError
from rolecall.sessions.remedies import reason_of
from rolecall.sessions.retry import Retry
from rolecall.settings.destinations import BUS, TOPIC, WEBHOOK, Destination
from rolecall.stop import in_thread

SOURCE, DETAIL_TYPE = "rolecall", "rolecall run finished"
_LOOK = 0.1  # seconds between two looks at whether somebody has lost patience
_LONGEST_SUBJECT = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is sent. See notify.message for each part."""

    title: str
    text: str
    data: dict[str, Any]


class Clients(Protocol):
    """Gives clients of AWS with the source's credentials."""

    def __call__(self, service: str, region: str) -> Any: ...


class Sender:
    """Sends a message to each destination in a thread of its own.

    Args:
        clients: is asked only where a destination is AWS's.
        patience: seconds for all of them together. hurry: says whether to wait no longer.
    """

    def __init__(
        self,
        *,
        clients: Clients,
        retry: Retry,
        mask: Mask,
        ca_bundle: str,
        patience: float,
        hurry: Callable[[], bool],
    ) -> None:
        self._clients, self._retry, self._mask = clients, retry, mask
        self._ca_bundle, self._patience, self._hurry = ca_bundle, patience, hurry
        self._log = Log()

    def send(self, destinations: Sequence[Destination], message: Message) -> None:
        """Returns when all have been told, or patience is at its end. Never raises."""
        deadline = time.monotonic() + self._patience
        coming = [
            (one, in_thread(lambda one=one: self._tried(one, message)))  # type: ignore[misc]
            for one in destinations
        ]
        for destination, future in coming:
            wrong = self._awaited(future, deadline)
            if wrong:
                self._log.warning("notify_failed", destination=destination.shown, reason=wrong)
            else:
                self._log.info("notified", destination=destination.shown)

    def _awaited(self, future: Future[str], deadline: float) -> str:
        while not future.done() and time.monotonic() < deadline and not self._hurry():
            time.sleep(_LOOK)
        return future.result() if future.done() else "there was no answer in time"

    def _tried(self, destination: Destination, message: Message) -> str:
        """Why it was not told; empty where it was."""
        do = {WEBHOOK: self._post, TOPIC: self._publish, BUS: self._put}[destination.kind]
        try:
            self._retry.call(f"notify {destination.shown}", do(destination, message))
        except ConfigError as error:
            return "; ".join(map(str, error.problems))
        except RolecallError as error:
            return " ".join(str(error).split())
        except (*FAILURES, HttpError) as error:
            return webhook.reason(error) if destination.kind == WEBHOOK else reason_of(error)
        except Exception as error:  # noqa: BLE001  the run is over, and its exit code is known
            return f"a bug of rolecall: {type(error).__name__}"
        return ""

    def _masked(self, data: dict[str, Any]) -> str:
        text = json.dumps(data, ensure_ascii=False)
        return self._mask.apply(text.encode(errors="replace")).decode()

    def _post(self, destination: Destination, message: Message) -> Callable[[], Any]:
        # What a chat reads as markup, a mention among it, is only text here.
        said = html.escape(message.text, quote=False)
        body = self._masked({"text": said, **message.data}).encode()
        url = destination.address.reveal()
        return lambda: webhook.post(url, body, ca_bundle=self._ca_bundle)

    def _publish(self, destination: Destination, message: Message) -> Callable[[], Any]:
        arn, text = destination.address.reveal(), self._mask.text(message.text)
        body = self._masked({"text": message.text, **message.data})
        client = self._clients("sns", destination.region)
        request: dict[str, Any] = {
            "TopicArn": arn,
            "Subject": message.title[:_LONGEST_SUBJECT],
            # People get the text, programs all of it.
            "MessageStructure": "json",
            "Message": json.dumps(
                {"default": body, "email": text, "sms": message.title}, ensure_ascii=False
            ),
            "MessageAttributes": {
                "result": {"DataType": "String", "StringValue": message.data["result"]}
            },
        }
        if arn.endswith(".fifo"):
            request["MessageGroupId"] = SOURCE
            request["MessageDeduplicationId"] = hashlib.sha256(body.encode()).hexdigest()
        return lambda: client.publish(**request)

    def _put(self, destination: Destination, message: Message) -> Callable[[], Any]:
        client = self._clients("events", destination.region)
        entry = {
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": self._masked({"text": message.text, **message.data}),
            "EventBusName": destination.address.reveal(),
        }

        def put() -> None:
            answer = client.put_events(Entries=[entry])
            made: dict[str, str] = next(iter(answer["Entries"]), {})
            if answer["FailedEntryCount"] or not made.get("EventId"):
                # It says yes, and no to what was asked.
                error = {
                    "Code": made.get("ErrorCode") or "NotAccepted",
                    "Message": made.get("ErrorMessage") or "the bus has accepted no event",
                }
                raise ClientError({"Error": error}, "PutEvents")

        return put
