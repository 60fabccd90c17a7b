"""What answers is looked at before it is used: no stranger's answer is taken for one of AWS's."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from rolecall.secret import Secret
from rolecall.sessions.answers import CheckedClient
from rolecall.sessions.session import Credentials, MalformedAnswerError
from rolecall.sessions.source import Source
from support.stranger import STRANGERS, Strange, Stranger

ROLE = {"RoleArn": "arn:aws:iam::222222222222:role/deploy", "RoleSessionName": "me"}
KEY = {"Bucket": "bucket", "Key": "key"}
EVENT = {"Source": "rolecall", "DetailType": "finished", "Detail": "{}"}
CALLS = [
    ("sts", "assume_role", ROLE),
    ("sts", "get_caller_identity", {}),
    ("ssm", "get_parameter", {"Name": "/list"}),
    ("s3", "get_object", KEY),
    ("s3", "put_object", {**KEY, "Body": b"{}"}),
    ("s3", "delete_object", KEY),
    ("s3", "list_objects_v2", {"Bucket": "bucket"}),
    ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": "m"}),
    ("events", "put_events", {"Entries": [EVENT]}),
    ("organizations", "list_roots", {}),
    ("organizations", "list_accounts", {}),
    ("organizations", "list_accounts_for_parent", {"ParentId": "r-ab12"}),
    ("organizations", "list_organizational_units_for_parent", {"ParentId": "r-ab12"}),
    ("organizations", "list_tags_for_resource", {"ResourceId": "222222222222"}),
]
KEYS = Credentials(
    access_key_id=Secret("AKIAEXAMPLE"),
    secret_access_key=Secret("EXAMPLE"),
    session_token=Secret("EXAMPLE"),
)


@pytest.fixture(scope="module")
def stranger():
    with Stranger() as server:
        yield server


@pytest.fixture
def client(stranger, monkeypatch):
    """Makes clients that the stranger answers."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stranger.url)
    return lambda service: Source("us-east-1").client(service, KEYS)


@pytest.mark.parametrize(
    ("service", "operation", "request_"), CALLS, ids=[operation for _, operation, _ in CALLS]
)
def test_no_stranger_s_answer_is_taken_for_aws_s(client, stranger, service, operation, request_):
    call = getattr(client(service), operation)
    for name, says in STRANGERS.items():
        if (operation, name) == ("delete_object", "nothing"):
            continue  # that is what S3 says
        stranger.says = says
        with pytest.raises(MalformedAnswerError) as caught:
            call(**request_)
        said = str(caught.value)
        assert said.startswith(f"what answered at {stranger.url} does not answer as "), name
        assert "sEcReT" not in said


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{}", "its answer to ListAccounts has no Accounts"),
        (
            '{"Accounts": [{"Id": "2"}]}',
            "its answer to ListAccounts has no Accounts.Arn",
        ),
        ('{"Accounts": ["222222222222"]}', "its answer to ListAccounts"),
        ('{"Accounts": [null]}', "its answer to ListAccounts"),
        ('{"Accounts": "none"}', "its answer to ListAccounts"),
    ],
)
def test_what_lacks_a_part_is_told_by_the_part(client, stranger, body, why):
    stranger.says = Strange(body=body, kind="application/x-amz-json-1.1")
    with pytest.raises(MalformedAnswerError, match=why):
        client("organizations").list_accounts()


def test_an_object_of_s3_may_be_a_page(client, stranger):
    headers = {
        "ETag": '"1"',
        "Last-Modified": "Wed, 25 Nov 2026 10:00:00 GMT",
        "x-amz-request-id": "1",
    }
    stranger.says = Strange(body="<html>", headers=headers)
    assert client("s3").get_object(**KEY)["Body"].read() == b"<html>"


def test_whoever_is_called_too_often_may_say_so_without_a_code(client, stranger):
    stranger.says = Strange(status=429)
    with pytest.raises(ClientError):
        client("s3").get_object(**KEY)


def test_an_error_without_a_code_may_have_aws_s_headers(client, stranger):
    stranger.says = Strange(status=412, headers={"x-amz-request-id": "1"})
    with pytest.raises(ClientError, match="412"):
        client("s3").put_object(**KEY, Body=b"{}", IfMatch='"1"')


def test_an_operation_of_whose_answer_nothing_is_known_cannot_be_called(client):
    with pytest.raises(AttributeError, match="nothing says what its answer has"):
        client("sts").get_session_token()


def test_the_password_in_an_endpoint_is_not_told(stranger, monkeypatch):
    url = stranger.url.replace("//", "//user:pAsSwOrD@")
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    stranger.says = STRANGERS["other JSON"]
    found = Source("us-east-1").client("ssm", KEYS)
    assert isinstance(found, CheckedClient)
    with pytest.raises(MalformedAnswerError) as caught:
        found.get_parameter(Name="/list")
    assert "pAsSwOrD" not in str(caught.value)
