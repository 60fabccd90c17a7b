"""The scripted STS itself, asked by boto3: what the other tests lean on."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import ContainerProvider
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from support import answers
from support.sts import ContainerCredentials, ScriptedSts

ROLE = "arn:aws:iam::222222222222:role/team/deploy"
TESTS = Path(__file__).parents[1]


@pytest.fixture
def connect():
    """Makes clients that ask once, and closes them."""
    clients = []

    def make(server, keys=None, **config):
        client = boto3.client(
            "sts",
            region_name="eu-central-1",
            endpoint_url=server if isinstance(server, str) else server.url,
            aws_access_key_id=keys["AccessKeyId"] if keys else "AKIADUMMY",
            aws_secret_access_key=keys["SecretAccessKey"] if keys else "dummy",
            aws_session_token=keys["SessionToken"] if keys else None,
            config=Config(retries={"total_max_attempts": 1}, **config),
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(sts, connect):
    return connect(sts)


def assume(client, role=ROLE):
    return client.assume_role(RoleArn=role, RoleSessionName="build-1")


def refused(client, role=ROLE):
    """The error that STS answers with."""
    with pytest.raises(ClientError) as raised:
        assume(client, role)
    response = raised.value.response
    return (
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"]["Code"],
        response["Error"]["Message"],
    )


def test_a_session_s_keys_look_like_real_ones(client):
    keys = assume(client)["Credentials"]

    assert re.fullmatch(r"ASIA[A-Z0-9]{16}", keys["AccessKeyId"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", keys["SecretAccessKey"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{344}", keys["SessionToken"])


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-eusc"])
def test_a_session_s_arn_has_the_role_s_partition_and_account_and_no_path(client, partition):
    answer = assume(client, f"arn:{partition}:iam::333333333333:role/a/b/deploy")

    assert answer["AssumedRoleUser"]["Arn"] == (
        f"arn:{partition}:sts::333333333333:assumed-role/deploy/build-1"
    )


def test_a_session_ends_its_lifetime_from_now(sts, client):
    sts.lifetime = 90

    expiration = assume(client)["Credentials"]["Expiration"]

    assert abs(expiration - datetime.now(UTC) - timedelta(seconds=90)) < timedelta(seconds=10)


def test_every_request_is_kept_with_who_asked_and_for_what(sts, client):
    before = time.monotonic()
    assume(client)

    (call,) = sts.calls
    assert (call.action, call.role_arn, call.access_key_id) == ("AssumeRole", ROLE, "AKIADUMMY")
    assert call.params["RoleSessionName"] == "build-1"
    assert before <= call.at <= time.monotonic()
    assert sts.assumed("222222222222") == [call]
    assert sts.assumed("333333333333") == []


def test_every_secret_given_out_is_known(sts, client):
    given = [assume(client)["Credentials"] for _ in range(2)]

    assert list(sts.issued) == [keys["AccessKeyId"] for keys in given]
    assert sts.secrets == [
        value for keys in given for value in (keys["SecretAccessKey"], keys["SessionToken"])
    ]


def test_a_web_identity_gets_a_session_without_keys_of_its_own(sts, client):
    answer = client.assume_role_with_web_identity(
        RoleArn=ROLE, RoleSessionName="build-1", WebIdentityToken="a.b.c.d"
    )

    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/deploy/build-1")
    assert answer["Credentials"]["SecretAccessKey"] in sts.secrets
    assert sts.calls[0].access_key_id == ""


def test_the_caller_is_the_hub_for_keys_from_elsewhere(client):
    identity = client.get_caller_identity()

    assert identity["Arn"] == "arn:aws:iam::111111111111:user/hub"
    assert identity["Account"] == "111111111111"


def test_the_caller_is_the_assumed_role_for_keys_given_here(sts, client, connect):
    answer = assume(client)
    identity = connect(sts, answer["Credentials"]).get_caller_identity()

    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert identity["Account"] == "222222222222"


def test_keys_that_have_run_out_are_refused_only_where_live_ones_are_required(connect):
    with ScriptedSts(lifetime=-1) as sts:
        late = connect(sts, assume(connect(sts))["Credentials"])
        assume(late)
        sts.require_live_keys = True

        assert refused(late)[:2] == (403, "ExpiredToken")
        assume(connect(sts))


def test_a_script_is_followed_in_turn_and_then_all_is_well(sts, client):
    sts.script("222222222222", answers.THROTTLE, answers.OK, answers.SERVER_ERROR)

    assert refused(client)[1] == "Throttling"
    assume(client)
    assert refused(client)[1] == "InternalFailure"
    assume(client)


def test_a_script_is_for_the_roles_it_names(sts, client):
    sts.script("222222222222", answers.THROTTLE)

    assume(client, "arn:aws:iam::333333333333:role/deploy")
    assert refused(client)[1] == "Throttling"


def test_a_script_goes_before_what_is_always_so(sts, client):
    sts.always("222222222222", answers.THROTTLE)
    sts.script("deploy", answers.OK)

    assume(client)
    assert [refused(client)[1] for _ in range(3)] == ["Throttling"] * 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answers.THROTTLE, (400, "Throttling", "Rate exceeded")),
        (answers.SERVER_ERROR, (500, "InternalFailure", "try later")),
        (answers.error("Unavailable", "again", 503), (503, "Unavailable", "again")),
        (answers.error("Malformed", "a < b & c"), (400, "Malformed", "a < b & c")),
    ],
    ids=["throttled", "500", "503", "400"],
)
def test_an_error_has_its_status_code_and_message(sts, client, answer, expected):
    sts.script(ROLE, answer)

    assert refused(client) == expected


def test_an_access_denied_says_who_may_not_do_what_to_which_role(sts, client):
    sts.script(ROLE, answers.access_denied(ROLE, "sts:TagSession", " with an explicit deny"))

    message = (
        "User: arn:aws:sts::111111111111:assumed-role/hub/build is not authorized to perform:"
        f" sts:TagSession on resource: {ROLE} with an explicit deny"
    )
    assert refused(client) == (403, "AccessDenied", message)


@pytest.mark.parametrize(
    ("answer", "exception"),
    [
        (answers.RESET, ConnectionClosedError),
        (answers.HALF, ResponseParserError),
        (answers.MALFORMED, ResponseParserError),
        (answers.EMPTY, KeyError),
    ],
    ids=["reset", "half", "malformed", "empty"],
)
def test_an_answer_may_be_unreadable_and_the_next_one_is_well(sts, client, answer, exception):
    sts.script(ROLE, answer)

    with pytest.raises(exception):
        assume(client)
    assume(client)


def test_a_reset_is_a_reset_and_no_quiet_end(sts, client):
    sts.script(ROLE, answers.RESET)

    with pytest.raises(ConnectionClosedError) as raised:
        assume(client)
    assert "ConnectionResetError" in repr(raised.value.kwargs["error"])


def test_a_slow_answer_comes_in_the_end(sts, client):
    sts.script(ROLE, answers.slow(0.3))
    before = time.monotonic()

    assume(client)

    assert time.monotonic() - before >= 0.3


def test_a_slow_answer_outlasts_a_client_s_patience(sts, connect):
    sts.script(ROLE, answers.slow(0.5))

    with pytest.raises(ReadTimeoutError):
        assume(connect(sts, read_timeout=0.1))


def test_a_session_may_come_from_the_wrong_account(sts, client):
    sts.script(ROLE, answers.wrong_account("999999999999"))

    assert ":999999999999:assumed-role/deploy/" in assume(client)["AssumedRoleUser"]["Arn"]


@pytest.mark.parametrize(
    ("role", "session"),
    [("arn:aws:iam::22:role/deploy", "build-1"), (ROLE, "build:1"), (ROLE, "n" * 65)],
    ids=["short account", "colon in the name", "long name"],
)
def test_a_request_that_aws_would_not_accept_is_refused(client, role, session):
    with pytest.raises(ClientError, match="ValidationError"):
        client.assume_role(RoleArn=role, RoleSessionName=session)


def test_an_action_that_is_not_played_is_refused(client):
    with pytest.raises(ClientError, match="InvalidAction"):
        client.get_session_token()


def test_latency_is_added_to_each_answer(connect):
    with ScriptedSts(latency=0.2) as sts:
        client = connect(sts)
        before = time.monotonic()
        assume(client)
        client.get_caller_identity()

    assert time.monotonic() - before >= 0.4


def test_many_wait_at_once(connect):
    with ScriptedSts(latency=0.3) as sts, ThreadPoolExecutor(20) as pool:
        client = connect(sts, max_pool_connections=20)
        list(pool.map(lambda _: assume(client), range(20)))

        assert len(sts.issued) == 20
        assert max(call.at for call in sts.calls) - min(call.at for call in sts.calls) < 3


def test_a_clock_that_is_ahead_shows_in_the_date_and_in_the_expiration(sts, client):
    sts.clock_skew = 600
    answer = assume(client)
    ahead = datetime.now(UTC) + timedelta(seconds=600)

    date = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    assert abs(date - ahead) < timedelta(seconds=10)
    expiration = answer["Credentials"]["Expiration"] - timedelta(seconds=sts.lifetime)
    assert abs(expiration - ahead) < timedelta(seconds=10)


def test_a_container_s_credentials_are_read_as_in_codebuild():
    with ContainerCredentials(lifetime=1800) as endpoint:
        found = ContainerProvider(environ=endpoint.environ).load().get_frozen_credentials()

        assert endpoint.requests == 1
        assert found.access_key == endpoint.key_id
        assert [found.secret_key, found.token] == endpoint.secrets


def test_a_container_s_credentials_end_their_lifetime_from_now():
    with (
        ContainerCredentials(lifetime=1800) as endpoint,
        urllib.request.urlopen(endpoint.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"]) as answer,
    ):
        found = re.search(rb'"Expiration": "([^"]+)"', answer.read())

    left = datetime.fromisoformat(found[1].decode()) - datetime.now(UTC)
    assert abs(left - timedelta(seconds=1800)) < timedelta(seconds=10)


def test_it_serves_from_the_command_line_until_it_is_ended(connect):
    process = subprocess.Popen(
        [sys.executable, "-m", "support.sts", "--port", "0", "--latency", "0", "--lifetime", "60"],
        cwd=TESTS,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            url = process.stdout.readline().strip()
            expiration = assume(connect(url))["Credentials"]["Expiration"]
            assert expiration < datetime.now(UTC) + timedelta(seconds=61)
        finally:
            process.terminate()
        assert process.wait(10) == 0
