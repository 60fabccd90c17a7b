"""Notifications: what is said, how much, and for how long somebody is waited for."""

from __future__ import annotations

import html
import io
import json
import re
import threading
import time
from pathlib import Path

import pytest
from botocore import exceptions
from jsonschema import Draft202012Validator

from rolecall import logs
from rolecall.cli.origin import build_url
from rolecall.notify import message, send, webhook
from rolecall.notify.send import Message, Sender
from rolecall.results import CommandResult, Origin, Outcome, Result, Status
from rolecall.secret import Mask, Secret
from rolecall.sessions.faults import HttpError
from rolecall.sessions.retry import Retry
from rolecall.settings.destinations import DestinationsKind

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "notification.schema.json").read_text("utf-8"))
TOPIC = "arn:aws:sns:eu-west-1:111111111111:deployments"
BUS = "arn:aws:events:eu-west-1:111111111111:event-bus/deployments"
HOOK = "https://hooks.example.com/services/T0/B0/secret"
CHINA = "console.amazonaws.cn"
LIMIT = 262_144


def result(name="dev", status=Status.FAILED, reason="exit code 1"):
    command = CommandResult(command="make", status=status, reason=reason)
    return Result(
        target=name, account_id="222222222222", role_arn="", region="eu-west-1",
        status=status, commands=(command,),
    )  # fmt: skip


def built(outcome, **origin):
    where = Origin(**origin)
    return Message(
        title=message.title(outcome),
        text=message.text(outcome, where),
        data=message.data(outcome, where),
    )


class Aws:
    """Clients that keep what they are asked, and answer as told."""

    def __init__(self, answer=None) -> None:
        self.asked, self.answer = [], answer or {}

    def __call__(self, service, region) -> Aws:
        self.asked.append((service, region))
        return self

    def publish(self, **request):
        self.asked.append(request)

    def put_events(self, **request):
        self.asked.append(request)
        return self.answer


def sent(destinations, outcome, aws, *, mask=None, patience=30.0, hurry=lambda: False):
    """The log of telling them."""
    stream = io.StringIO()
    mask = mask or Mask()
    logs.configure(stream=stream, json=True, level="info", mask=mask)
    retry = Retry(attempts=2, max_wait=5, access_denied=0, sleep=lambda seconds: None)
    sender = Sender(
        clients=aws, retry=retry, mask=mask, ca_bundle="", patience=patience, hurry=hurry
    )
    sender.send(DestinationsKind().parse(destinations), built(outcome))
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    "reason", ["\\" * 5000, '"\x01' * 2500, "\N{OCTOPUS}" * 5000, "<&>" * 2000]
)
def test_ten_thousand_failures_fit_a_topic_and_a_bus(reason):
    results = tuple(result(f"{'n' * 58}{n:06}", reason=reason) for n in range(10_000))
    aws = Aws()
    sent([TOPIC, BUS], Outcome(results=results), aws)
    requests = [each for each in aws.asked if isinstance(each, dict)]
    sizes = {len(json.dumps(each, ensure_ascii=False).encode()) for each in requests}
    assert len(requests) == 2
    assert max(sizes) < LIMIT
    detail = json.loads(next(r for r in requests if "Entries" in r)["Entries"][0]["Detail"])
    Draft202012Validator(SCHEMA).validate(detail)
    assert (len(detail["failed"]), detail["failed_more"]) == (50, 9_950)
    assert detail["text"].splitlines()[-1] == "and 9,990 more"


def test_what_failed_comes_before_what_was_not_assumed_and_the_rest_is_left_out():
    outcome = Outcome(
        results=(
            result("a", Status.NOT_RUN),
            result("b", Status.NOT_ASSUMED),
            result("c"),
            result("d", Status.SUCCEEDED),
        )
    )
    assert [each["target"] for each in built(outcome).data["failed"]] == ["c", "b"]


@pytest.mark.parametrize(
    ("outcome", "title", "kind"),
    [
        (Outcome(results=()), "rolecall: 0 targets", "succeeded"),
        (Outcome(results=(), missing=2), "rolecall: 0 targets, 2 in no report", "failed"),
        (
            Outcome(results=(result(),), signal_number=15),
            "rolecall: interrupted, 1 failed",
            "interrupted",
        ),
        (Outcome(results=(result(),), bug="x"), "rolecall: a bug of its own, 1 failed", "bug"),
    ],
)
def test_a_title_says_how_it_ended(outcome, title, kind):
    found = built(outcome)
    assert (found.title, found.data["result"]) == (title, kind)


def test_what_commands_said_is_no_markup_in_a_chat(monkeypatch):
    bodies = []
    monkeypatch.setattr(webhook, "post", lambda url, body, **more: bodies.append(json.loads(body)))
    sent([HOOK], Outcome(results=(result(reason="<!channel> & <https://x.example|x>"),)), Aws())
    assert "<" not in bodies[0]["text"]
    assert "<!channel> & <https" in html.unescape(bodies[0]["text"])
    assert bodies[0]["failed"][0]["reason"].startswith("<!channel>")


def test_no_secret_of_a_session_is_told():
    aws = Aws()
    outcome = Outcome(results=(result(reason="it said hunter2"),))
    sent([TOPIC, BUS], outcome, aws, mask=Mask([Secret("hunter2")]))
    assert "hunter2" not in json.dumps(aws.asked)
    assert json.dumps(aws.asked).count("it said ***") == 5


def test_a_bus_that_takes_no_event_is_asked_again_and_then_told_of():
    answer = {
        "FailedEntryCount": 1,
        "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "later"}],
    }
    aws = Aws(answer)
    *retries, last = sent([BUS], Outcome(results=()), aws)
    assert [event["event"] for event in retries] == ["retry"]
    assert last["event"] == "notify_failed"
    assert last["reason"] == "InternalFailure: later (tried 2 times)"


def test_who_does_not_answer_is_waited_for_no_longer_than_patience_lasts(monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(webhook, "post", lambda url, body, **more: never.wait(60))
    clock = [0.0]
    monkeypatch.setattr(send.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(send.time, "sleep", lambda s: clock.__setitem__(0, clock[0] + s))
    found = sent([HOOK, TOPIC], Outcome(results=()), Aws(), patience=30)
    never.set()
    assert 30 <= clock[0] < 31
    failed = {event["destination"]: event.get("reason") for event in found}
    assert failed["https://hooks.example.com/***"] == "there was no answer in time"


def test_a_second_signal_ends_the_waiting(monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(webhook, "post", lambda url, body, **more: never.wait(60))
    begun = time.monotonic()
    [event] = sent([HOOK], Outcome(results=()), Aws(), hurry=lambda: True)
    never.set()
    assert event["event"] == "notify_failed"
    assert time.monotonic() - begun < 30


def test_a_bug_in_telling_is_told_without_what_it_quotes(monkeypatch):
    def wrong(url, body, **more):
        raise ValueError(url)

    monkeypatch.setattr(webhook, "post", wrong)
    [event] = sent([HOOK], Outcome(results=()), Aws())
    assert event["reason"] == "a bug of rolecall: ValueError"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (HttpError(403), "HTTP status 403"),
        (exceptions.SSLError(endpoint_url=HOOK, error="no"), "AWS_CA_BUNDLE"),
        (exceptions.ReadTimeoutError(endpoint_url=HOOK), "no answer in 10 s"),
        (exceptions.EndpointConnectionError(endpoint_url=HOOK), "cannot be reached"),
    ],
)
def test_why_a_post_failed_is_said_without_the_url(error, said):
    assert said in webhook.reason(error)
    assert "secret" not in webhook.reason(error)


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, ""),
        ({"CODEBUILD_BUILD_ARN": "nonsense"}, ""),
        (
            {"CODEBUILD_BUILD_ARN": "arn:aws-cn:codebuild:cn-north-1:1:build/a:b"},
            f"https://cn-north-1.{CHINA}/codesuite/codebuild/1/projects/a/build/a%3Ab/?region=cn-north-1",
        ),
        (
            {
                "GITHUB_RUN_ID": "7",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "o/r",
            },
            "https://github.com/o/r/actions/runs/7",
        ),
        ({"CI_JOB_URL": "https://gitlab.example/1"}, "https://gitlab.example/1"),
        ({"BUILD_URL": "https://jenkins.example/1"}, "https://jenkins.example/1"),
    ],
)
def test_the_build_s_page_is_named_where_it_is_known(environ, url):
    assert build_url(environ) == url


def test_the_page_shows_a_message_as_it_is():
    page = (DOCS / "notifications.md").read_text("utf-8")
    blocks = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    shown, rule = map(json.loads, blocks)
    Draft202012Validator(SCHEMA).validate(shown)
    assert list(shown) == ["text", *built(Outcome(results=())).data] == SCHEMA["required"]
    assert rule["source"] == [send.SOURCE]
    assert rule["detail-type"] == [send.DETAIL_TYPE]
    assert set(rule["detail"]["result"]) < set(SCHEMA["properties"]["result"]["enum"])
