"""What answers is not AWS: told at each stage with the endpoint, and never taken for an answer."""

from __future__ import annotations

import json

import pytest

from support.answers import Answer
from support.stranger import LOST, OTHER_JSON, SIGN_IN, Strange, Stranger

QUICK = {"ROLECALL_RETRY_ATTEMPTS": "1"}
ARN = "eu-central-1:111111111111"
# Each of them is tried in tests/unit/test_answers.py.
every = pytest.mark.parametrize("says", [SIGN_IN, OTHER_JSON], ids=["a page", "other JSON"])


@pytest.fixture
def stranger():
    with Stranger() as server:
        yield server


def assert_told(text, stranger, service):
    assert f"what answered at {stranger.url} does not answer as {service} does: " in text
    assert "sEcReT" not in text
    assert "bug" not in text


@pytest.mark.parametrize(
    ("where", "service"), [("ssm:/list", "SSM"), ("s3://bucket/list", "S3")], ids=["ssm", "s3"]
)
def test_a_list_that_a_stranger_gives_is_a_mistake(rolecall, sts, stranger, where, service):
    given = {"ROLECALL_TARGETS": where, f"AWS_ENDPOINT_URL_{service}": stranger.url}
    done = rolecall.run("true", **QUICK, **given)
    assert done.code == 2
    assert_told(done.message, stranger, service)
    assert f"ROLECALL_TARGETS, entry 1: '{where}' cannot be read: MalformedAnswerError" in (
        done.message
    )
    assert "check AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE>" in done.message
    assert sts.calls == []


@every
@pytest.mark.parametrize("wish", [{}, {"units": "Prod"}, {"units": "ou-ab12-cd34ef56"}])
def test_an_organisation_that_a_stranger_tells_of_is_a_mistake(rolecall, sts, stranger, says, wish):
    stranger.says = says
    done = rolecall.run(
        "true",
        ROLECALL_TARGETS="",
        ROLECALL_ORGANIZATION=json.dumps({"role_name": "deploy", **wish}),
        AWS_ENDPOINT_URL_ORGANIZATIONS=stranger.url,
        **QUICK,
    )
    assert done.code == 2
    assert_told(done.message, stranger, "Organizations")
    assert sts.assumed() == []


def test_a_role_that_a_stranger_gives_is_not_assumed(rolecall, stranger):
    done = rolecall.run("true", AWS_ENDPOINT_URL_STS=stranger.url, **QUICK)
    assert (done.code, set(done.statuses)) == (4, {"not assumed"})
    assert_told(" ".join(done.out.split()), stranger, "STS")


@pytest.mark.parametrize("body", ["<html>sEcReT", "<html>sEcReT</html>"])
def test_a_region_that_a_stranger_answers_for_is_not_deployed_to(rolecall, sts, body):
    taken = sts.take

    def take(call):
        answer = taken(call)
        return Answer(body=body, status=200) if call.action == "GetCallerIdentity" else answer

    sts.take = take
    done = rolecall.run("true", ROLECALL_REGIONS="eu-central-1 eu-south-2", **QUICK)
    assert (done.code, set(done.statuses)) == (4, {"not assumed"})
    assert_told(" ".join(done.out.split()), sts, "STS")
    assert "region eu-south-2 does not answer for account" in " ".join(done.out.split())


@pytest.mark.parametrize("says", [SIGN_IN, LOST], ids=["a page", "a page that says not found"])
def test_a_state_that_a_stranger_keeps_is_none(rolecall, sts, stranger, says):
    stranger.says = says
    given = {"ROLECALL_STATE": "s3://states/runs", "ROLECALL_RUN_ID": "1"}
    done = rolecall.run("true", AWS_ENDPOINT_URL_S3=stranger.url, **given, **QUICK)
    assert done.code == 2
    assert_told(done.message, stranger, "S3")
    assert sts.assumed() == []


@every
@pytest.mark.parametrize(
    ("destination", "service"),
    [(f"arn:aws:sns:{ARN}:told", "SNS"), (f"arn:aws:events:{ARN}:event-bus/told", "EventBridge")],
    ids=["topic", "bus"],
)
def test_whom_a_stranger_stands_for_is_not_notified(rolecall, stranger, says, destination, service):
    stranger.says = says
    endpoint = {"SNS": "AWS_ENDPOINT_URL_SNS", "EventBridge": "AWS_ENDPOINT_URL_EVENTBRIDGE"}
    given = {"ROLECALL_NOTIFY": destination, endpoint[service]: stranger.url}
    done = rolecall.run("true", **given, **QUICK)
    said = " ".join(done.out.split())
    assert done.code == 0
    assert_told(said, stranger, service)
    assert "notify failed" in said
    assert "notified" not in said


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"FailedEntryCount": 0, "Entries": []}, "NotAccepted: the bus has accepted no event"),
        ({"FailedEntryCount": 1, "Entries": []}, "NotAccepted: the bus has accepted no event"),
        ({"FailedEntryCount": 0, "Entries": [{}]}, "NotAccepted: the bus has accepted no event"),
        (
            {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "Full", "ErrorMessage": "no room"}]},
            "Full: no room",
        ),
        ({"Entries": [{"EventId": "1"}]}, "its answer to PutEvents has no FailedEntryCount"),
        ({"FailedEntryCount": 0}, "its answer to PutEvents has no Entries"),
    ],
)
def test_an_event_counts_as_told_only_where_the_bus_says_so(rolecall, stranger, answer, reason):
    stranger.says = Strange(body=json.dumps(answer), kind="application/x-amz-json-1.1")
    given = {"ROLECALL_NOTIFY": f"arn:aws:events:{ARN}:event-bus/told"}
    done = rolecall.run("true", AWS_ENDPOINT_URL_EVENTBRIDGE=stranger.url, **given, **QUICK)
    assert done.code == 0
    assert reason in " ".join(done.out.split())
    assert "info: notified" not in done.out


@every
def test_credentials_that_a_profile_has_a_stranger_give_are_none(
    rolecall, stranger, says, tmp_path
):
    stranger.says = says
    (tmp_path / "config").write_text(
        "[profile hop]\nrole_arn = arn:aws:iam::222222222222:role/hub\nsource_profile = keys\n"
        "[profile keys]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = EXAMPLE\n"
    )
    done = rolecall.run(
        "true",
        AWS_ACCESS_KEY_ID="",
        AWS_SECRET_ACCESS_KEY="",
        AWS_PROFILE="hop",
        AWS_CONFIG_FILE=str(tmp_path / "config"),
        AWS_ENDPOINT_URL=stranger.url,
        **QUICK,
    )
    assert done.code == 4
    assert "did not answer as AWS does" in " ".join(done.out.split())
    assert "sEcReT" not in done.everything
