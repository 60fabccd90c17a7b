"""NOTIFY: webhooks on loopback, topics and buses of moto; and that its address is nowhere."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import boto3
import pytest
from jsonschema import Draft202012Validator

from support import answers
from support.command import SOURCE_KEYS, TARGETS, forked
from support.webhook import PATH, Webhook

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "notification.schema.json").read_text("utf-8")
)
CODEBUILD = {
    "CODEBUILD_BUILD_ID": "deploy:0a1b",
    "CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-central-1:111111111111:build/deploy:0a1b",
    "ROLECALL_EXECUTION_ID": "e1",
}
URL = (
    "https://eu-central-1.console.aws.amazon.com/codesuite/codebuild/111111111111/projects/deploy/"
    "build/deploy%3A0a1b/?region=eu-central-1"
)


@pytest.fixture
def hook():
    with Webhook() as server:
        yield server


def told(hook):
    """The one message that came, which is what the schema says."""
    [body] = hook.bodies
    Draft202012Validator(SCHEMA).validate(body)
    return body


def test_a_webhook_hears_of_a_success_once_the_report_is_written(rolecall, hook):
    report = rolecall.folder / "rolecall-report" / "report.json"
    written = []
    hook.on_request = lambda: written.append(report.exists())
    done = rolecall.run("true", ROLECALL_NOTIFY=hook.address, **CODEBUILD)
    assert done.code == 0
    assert written == [True]
    body = told(hook)
    assert (body["result"], body["exit_code"], body["counts"]["succeeded"]) == ("succeeded", 0, 3)
    assert re.fullmatch(
        rf"rolecall: 3 succeeded \(.* s, exit code 0\)\npipeline execution e1\n{re.escape(URL)}",
        body["text"],
    )
    assert (body["report"], body["build_url"]) == ("rolecall-report/report.json", URL)
    assert "info: notified: destination=http://127.0.0.1:" in done.out


def test_a_failure_is_told_with_the_target_and_its_reason(rolecall, hook):
    done = rolecall.run("test $ROLECALL_TARGET != tst", ROLECALL_NOTIFY=hook.address)
    assert done.code == 1
    body = told(hook)
    assert body["failed"] == [
        {
            "target": "tst",
            "account_id": "333333333333",
            "region": "eu-central-1",
            "status": "failed",
            "reason": "exit code 1",
        }
    ]
    assert "\ntst (333333333333 eu-central-1): failed: exit code 1" in body["text"]


def test_a_preflight_that_failed_is_told(rolecall, sts, hook):
    sts.always("333333333333", answers.access_denied())
    done = rolecall.run("true", ROLECALL_NOTIFY=hook.address, ROLECALL_NOTIFY_ON="failure")
    assert done.code == 4
    body = told(hook)
    assert body["preflight_failed"]
    assert body["failed"][0]["status"] == "not assumed"


def test_an_interruption_is_told(rolecall, hook):
    process = rolecall.start(
        "run", ROLECALL_COMMANDS="touch begun; sleep 60", ROLECALL_NOTIFY=hook.address
    )
    rolecall.wait_for_file(process, "begun")
    process.send_signal(signal.SIGTERM)
    done = rolecall.finish(process)
    assert done.code == 143
    assert (told(hook)["result"], hook.bodies[0]["signal"]) == ("interrupted", 15)


def test_a_webhook_needs_no_credentials_of_aws(rolecall, hook):
    done = rolecall.run(
        "true", ROLECALL_NOTIFY=hook.address, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""
    )
    assert done.code == 4
    assert told(hook)["counts"]["not assumed"] == 3


def test_with_failure_a_success_is_kept_quiet(rolecall, hook):
    done = rolecall.run("true", ROLECALL_NOTIFY=hook.address, ROLECALL_NOTIFY_ON="failure")
    assert (done.code, hook.bodies) == (0, [])


@pytest.mark.parametrize("status", [500, 429])
def test_a_webhook_that_is_busy_is_asked_again(rolecall, hook, status):
    hook.statuses = [status]
    done = rolecall.run("true", ROLECALL_NOTIFY=hook.address)
    assert (done.code, len(hook.bodies)) == (0, 2)
    assert "notify failed" not in done.out


def test_a_webhook_that_refuses_is_a_warning_and_changes_no_exit_code(rolecall, hook):
    hook.statuses = [404]
    done = rolecall.run("true", ROLECALL_NOTIFY=hook.address)
    assert (done.code, len(hook.bodies)) == (0, 1)
    assert "warning: notify failed: destination=http://127.0.0.1:" in done.out
    assert "it answered with HTTP status 404" in " ".join(done.out.split())


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_not_followed(rolecall, hook, status):
    with Webhook() as other:
        hook.statuses, hook.location = [status], other.address
        done = rolecall.run("true", ROLECALL_NOTIFY=hook.address)
        assert (done.code, other.bodies) == (0, [])
    assert f"HTTP status {status}" in " ".join(done.out.split())


def test_who_cannot_be_reached_keeps_no_other_from_being_told(rolecall, hook):
    nobody = f"http://127.0.0.1:9{PATH}"
    done = rolecall.run(
        "true", ROLECALL_NOTIFY=f"{nobody} {hook.address}", ROLECALL_RETRY_ATTEMPTS="1"
    )
    assert done.code == 0
    assert told(hook)["result"] == "succeeded"
    assert "it cannot be reached (EndpointConnectionError)" in " ".join(done.out.split())


def everywhere(folder):
    return "".join(p.read_text(errors="replace") for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("form", ["console", "json"])
def test_the_address_is_nowhere_whatever_happens(rolecall, hook, form, tmp_path):
    hook.statuses = [500, 404]
    (tmp_path / "url").write_text(hook.address)
    done = rolecall.run(
        "env; cat url; echo; cut -d/ -f4- url; false",
        ROLECALL_NOTIFY=hook.address,
        ROLECALL_LOG_FORMAT=form,
        ROLECALL_LOG_LEVEL="debug",
        ROLECALL_BEFORE="env",
    )
    (tmp_path / "url").unlink()
    assert done.code == 1
    shown = [done]
    shown += [rolecall(command, ROLECALL_NOTIFY=hook.address) for command in ("plan", "config")]
    shown += [rolecall("plan", "--batch", "--notify", hook.address, ROLECALL_COMMANDS="true")]
    said = "".join(each.out + each.err for each in shown) + everywhere(tmp_path)
    assert "sEcReT" not in said
    assert "ROLECALL_NOTIFY=" not in done.out
    assert "/***" in shown[2].out


def test_a_plan_names_the_host_and_keeps_the_rest(rolecall, hook):
    done = rolecall("plan", ROLECALL_COMMANDS="true", ROLECALL_NOTIFY=hook.address)
    assert f"notify = {hook.url}/*** (ROLECALL_NOTIFY)" in done.out
    assert hook.bodies == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("http://hooks.example.com/sEcReT", "destination 1 is not encrypted; write https://"),
        ("sEcReT", "destination 1 is neither an address nor an ARN; write an https:// address"),
        ("https://u:sEcReT@example.com/", "destination 1 has a user in it"),
        ("https://example.com:sEcReT/", "destination 1 is no address"),
        ('["https://example.com/a sEcReT"]', "destination 1 has characters that no URL holds"),
        ("arn:aws:sns:eu-central-1:1:sEcReT", "destination 1 is neither an address nor an ARN"),
        ("https://a.example/sEcReT https://a.example/sEcReT", "has a destination twice"),
        (",".join(f"https://a.example/sEcReT{n}" for n in range(11)), "has 11 destinations;"),
        ('{"a": "sEcReT"}', "destination 1 is neither an address nor an ARN"),
    ],
)
def test_a_wrong_destination_ends_with_2_before_anything_and_is_not_quoted(
    rolecall, sts, value, message
):
    done = rolecall.run("true", ROLECALL_NOTIFY=value)
    assert done.code == 2
    assert f"ROLECALL_NOTIFY: {message}" in re.sub(r", entry \d+", "", done.message)
    assert "sEcReT" not in done.out + done.err
    assert sts.calls == []


@pytest.fixture
def aws(moto_url):
    keys = {
        "aws_access_key_id": SOURCE_KEYS["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": SOURCE_KEYS["AWS_SECRET_ACCESS_KEY"],
    }
    return lambda service: boto3.client(service, "eu-west-1", endpoint_url=moto_url, **keys)


def queue(aws, name):
    sqs = aws("sqs")
    fifo = {"Attributes": {"FifoQueue": "true"}} if name.endswith(".fifo") else {}
    url = sqs.create_queue(QueueName=name, **fifo)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]

    def received():
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    return found["QueueArn"], received


@pytest.mark.parametrize("suffix", ["", ".fifo"])
def test_a_topic_of_another_region_gets_the_data_and_a_text_for_mail(on_moto, aws, suffix):
    fifo = {"Attributes": {"FifoTopic": "true"}} if suffix else {}
    topic = aws("sns").create_topic(Name=f"deployments{suffix}", **fifo)["TopicArn"]
    arn, received = queue(aws, f"deployments{suffix}")
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    done = on_moto.run("test $ROLECALL_TARGET != tst", ROLECALL_NOTIFY=topic)
    assert done.code == 1, done.out
    [envelope] = received()
    assert envelope["Subject"] == "rolecall: 1 failed, 1 not run, 1 succeeded"
    assert envelope["MessageAttributes"]["result"]["Value"] == "failed"
    body = json.loads(envelope["Message"])
    Draft202012Validator(SCHEMA).validate(body)
    assert body["failed"][0]["target"] == "tst"
    assert f"info: notified: destination={topic}" in " ".join(done.out.split())


def test_a_bus_gets_an_event_that_a_rule_can_match(on_moto, aws):
    events = aws("events")
    bus = events.create_event_bus(Name="deployments")["EventBusArn"]
    pattern = {
        "source": ["rolecall"],
        "detail-type": ["rolecall run finished"],
        "detail": {"result": ["failed"]},
    }
    events.put_rule(Name="failed", EventBusName="deployments", EventPattern=json.dumps(pattern))
    arn, received = queue(aws, "failed")
    events.put_targets(
        Rule="failed", EventBusName="deployments", Targets=[{"Id": "queue", "Arn": arn}]
    )
    assert on_moto.run("true", ROLECALL_NOTIFY=bus).code == 0
    assert on_moto.run("false", ROLECALL_NOTIFY=bus).code == 1
    [event] = received()
    Draft202012Validator(SCHEMA).validate(event["detail"])
    assert event["detail"]["counts"]["failed"] == 1


def test_a_topic_that_is_not_there_is_a_warning(on_moto):
    topic = "arn:aws:sns:eu-west-1:123456789012:nowhere"
    done = on_moto.run("true", ROLECALL_NOTIFY=topic)
    assert done.code == 0
    assert f'warning: notify failed: destination={topic} reason="NotFound' in " ".join(
        done.out.split()
    )


def test_a_merge_tells_of_the_whole(rolecall, hook):
    rolecall.run("true")
    environ = {**os.environ, "ROLECALL_NOTIFY": hook.address}
    merge = ["merge", "rolecall-report", "--out", "whole"]
    done = forked(merge, folder=rolecall.folder, environ=environ)
    assert done.code == 0, done.err
    assert told(hook)["report"] == "whole/report.json"
    assert "3 succeeded" in done.out
    assert TARGETS.count("=") == 3
