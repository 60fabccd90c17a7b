"""An answer that does not end, or comes a byte at a time, ends for us all the same."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ReadTimeoutError

from rolecall.errors import AssumeError
from rolecall.notify import webhook
from rolecall.secret import Secret
from rolecall.sessions.bounds import Bounds, bound_answers
from rolecall.sessions.faults import FAILURES, is_transient
from rolecall.sessions.session import Credentials, MalformedAnswerError
from rolecall.sessions.source import Source
from support.endless import DRIPPING, ENDLESS, Endless, Shape
from support.sts import ScriptedSts

ROLE = {"RoleArn": "arn:aws:iam::222222222222:role/deploy", "RoleSessionName": "me"}
KEYS = Credentials(
    access_key_id=Secret("AKIAEXAMPLE"),
    secret_access_key=Secret("EXAMPLE"),
    session_token=Secret("EXAMPLE"),
)
SHORT = Bounds(seconds=0.3, size=300_000)
OBJECT = (
    b'HTTP/1.1 200 OK\r\nETag: "1"\r\nLast-Modified: Wed, 25 Nov 2026 10:00:00 GMT\r\n'
    b"x-amz-request-id: 1\r\nContent-Length: 2000000000\r\n\r\n"
)
CALLS = [
    ("sts", "assume_role", ROLE),
    ("sts", "get_caller_identity", {}),
    ("ssm", "get_parameter", {"Name": "/list"}),
    ("s3", "list_objects_v2", {"Bucket": "bucket"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "key", "Body": b"{}"}),
    ("organizations", "list_accounts", {}),
    ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": "m"}),
    ("events", "put_events", {"Entries": [{"Source": "s", "DetailType": "t", "Detail": "{}"}]}),
]


SLOW, BIG = DRIPPING["its body"], ENDLESS["what is announced"]


@pytest.fixture(autouse=True)
def _as_before():
    yield
    bound_answers()


@pytest.fixture(scope="module")
def server():
    with Endless(SLOW) as endless:
        yield endless


@pytest.fixture(scope="module")
def clients():
    return {}


@pytest.fixture
def client(clients, server, monkeypatch):
    """A client of a service that the server answers, in this shape. Making one takes its time."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)

    def made(service, shape):
        server.shape = shape
        server.left.clear()
        if service not in clients:
            clients[service] = Source("us-east-1").client(service, KEYS)
        bound_answers(SHORT)
        return clients[service]

    return made


@pytest.mark.parametrize("shape", DRIPPING.values(), ids=DRIPPING)
def test_an_answer_that_comes_a_byte_at_a_time_is_one_that_timed_out(client, server, shape):
    asking, begun = client("sts", shape), time.monotonic()
    with pytest.raises(ReadTimeoutError) as caught:
        asking.assume_role(**ROLE)
    assert time.monotonic() - begun < 5
    assert is_transient(caught.value)
    assert server.left.wait(5)


@pytest.mark.parametrize("shape", ENDLESS.values(), ids=ENDLESS)
def test_an_answer_without_end_is_none_of_aws_s(client, server, shape):
    asking, before = client("sts", shape), server.asked
    with pytest.raises(FAILURES) as caught:
        asking.assume_role(**ROLE)
    assert server.asked == before + 1
    assert is_transient(caught.value)
    assert server.left.wait(5)


@pytest.mark.parametrize(
    ("service", "operation", "request_"), CALLS, ids=[operation for _, operation, _ in CALLS]
)
def test_each_call_is_bounded_in_bytes_and_in_time(client, service, operation, request_):
    with pytest.raises(MalformedAnswerError, match=r"its answer is over 300,000 bytes"):
        getattr(client(service, BIG), operation)(**request_)
    with pytest.raises(ReadTimeoutError):
        getattr(client(service, SLOW), operation)(**request_)


@pytest.mark.parametrize(
    ("shape", "failure"),
    [
        (Shape(head=OBJECT, piece=b"x", pause=0.05), ReadTimeoutError),
        (Shape(head=OBJECT, piece=b"x" * 65536), MalformedAnswerError),
    ],
    ids=["a byte at a time", "without end"],
)
def test_an_object_of_s3_is_bounded_while_it_is_read(client, shape, failure):
    body = client("s3", shape).get_object(Bucket="bucket", Key="key")["Body"]
    with pytest.raises(failure):
        body.read()


def test_a_webhook_s_head_is_bounded_too(server, monkeypatch):
    monkeypatch.setattr(webhook, "bound_answers", lambda: bound_answers(SHORT))
    server.shape = DRIPPING["a header"]
    with pytest.raises(ReadTimeoutError):
        webhook.post(server.url, b"{}")


@pytest.mark.parametrize("shape", [SLOW, BIG], ids=["slow", "big"])
def test_what_gives_the_source_s_credentials_is_bounded_too(server, monkeypatch, shape):
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/creds")
    server.shape = shape
    with pytest.raises(AssumeError, match="no AWS credentials could be had") as caught:
        Source("us-east-1", bounds=SHORT).secrets()
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in str(caught.value)


def test_a_connection_that_has_answered_serves_the_next_call_with_all_of_its_time(monkeypatch):
    with ScriptedSts(latency=0.2) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sts.url)
        asking = Source("us-east-1", bounds=SHORT).client("sts", KEYS)
        for _ in range(3):
            assert asking.assume_role(**ROLE)["AssumedRoleUser"]["Arn"]
