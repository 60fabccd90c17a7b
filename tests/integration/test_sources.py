"""Sources of credentials that fail, and answers without end: told in good time, and no bug."""

from __future__ import annotations

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.command import ROLECALL, TARGETS, until, wait_for
from support.endless import DRIPPING, ENDLESS, Endless
from support.watched import Watched

ONE = {"ROLECALL_TARGETS": TARGETS.split()[0]}
QUICK = {"ROLECALL_RETRY_ATTEMPTS": "1"}
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
WITH_MFA = (
    "[default]\nrole_arn = arn:aws:iam::111111111111:role/hub\nsource_profile = keys\n"
    "mfa_serial = arn:aws:iam::111111111111:mfa/me\n[profile keys]\n"
    "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = EXAMPLE\n"
)
# What bounds an answer, made short: no variable says it.
SHORT = (
    "from functools import partial\nimport rolecall.sessions.source as s\n"
    "s.Source = partial(s.Source, bounds=s.Bounds(seconds=0.5, size=300_000))"
)


def keys(seconds):
    end = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    given = {"AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "EXAMPLE", "SessionToken": "EXAMPLE"}
    return json.dumps({"Version": 1, **given, "Expiration": end})


@pytest.fixture
def profile(tmp_path):
    """The variables of a profile, of this text."""

    def made(text):
        (tmp_path / "config").write_text(text)
        return {**NO_KEYS, "AWS_CONFIG_FILE": str(tmp_path / "config")}

    return made


def assert_told(done, why):
    assert set(done.statuses) == {"not assumed"}
    said = " ".join(done.out.split())
    assert f"no AWS credentials could be had: {why}" in said
    assert "What to do: " in said
    assert "this is a bug" not in done.everything
    assert "sEcReT" not in done.everything


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("2020-01-31T12:00:00Z", "they have run out already"),
        ("soon", "the time at which they end is no time"),
        ("2099-01-31T12:00:00", "the time at which they end has no time zone"),
    ],
)
def test_variables_whose_end_will_not_do_are_no_credentials(rolecall, sts, end, why):
    done = rolecall.run("true", AWS_CREDENTIAL_EXPIRATION=end)
    assert done.code == 4
    assert_told(done, why)
    assert sts.calls == []


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (f"echo '{keys(-60)}'", "they have run out already"),
        ("echo sEcReT", "what was asked for them gives no JSON"),
        ("echo '[\"sEcReT\"]'", "what was asked for them did not answer as AWS does"),
        ("echo 'sEcReT", "No closing quotation"),
        ("sh -c 'echo sEcReT >&2; exit 3'", "the credential_process ended with exit code 3"),
        ("/none/program", "[Errno 2] No such file or directory: '/none/program'"),
        ("yes sEcReT", "the credential_process printed over 1,048,576 bytes"),
    ],
    ids=["expired", "no JSON", "a list", "a quote", "a failure", "no program", "megabytes"],
)
def test_a_credential_process_that_will_not_do_gives_no_credentials(
    rolecall, sts, profile, command, why
):
    given = profile(f"[default]\ncredential_process = {command}\n")
    done = rolecall.run("true", **given)
    assert done.code == 4
    assert_told(done, why)
    assert sts.calls == []


def test_a_code_of_mfa_is_waited_for_by_nobody_where_there_is_no_terminal(rolecall, sts, profile):
    done = rolecall.run("true", **profile(WITH_MFA))
    assert done.code == 4
    assert_told(done, "your profile asks for a code (mfa_serial)")
    assert sts.calls == []


@pytest.mark.parametrize(
    ("typed", "code"), [("123456\n", 0), ("\x03", 130)], ids=["typed", "stopped"]
)
def test_a_code_of_mfa_is_typed_at_the_terminal_or_the_run_stopped(
    rolecall, sts, profile, typed, code
):
    environ = rolecall.environ({**profile(WITH_MFA), "ROLECALL_COMMANDS": "true", **ONE})
    with Watched([ROLECALL, "run"], folder=rolecall.folder, environ=environ) as seen:
        seen.until(lambda seen: "Enter MFA code" in seen.text and not seen.echoes)
        seen.type(typed)
        assert seen.end() == code
        assert seen.echoes
    codes = [call.params.get("TokenCode") for call in sts.assumed("role/hub")]
    assert codes == (["123456"] if code == 0 else [])


def test_a_source_that_fails_for_a_while_during_a_run_is_asked_again(
    rolecall, sts, profile, tmp_path
):
    sts.lifetime = 3
    said = tmp_path / "said"
    given = profile(f"[default]\ncredential_process = cat '{said}'\n")
    # So near their end, they are asked for anew before each call.
    said.write_text(keys(300))
    commands = "touch begun; until [ -e enough ]; do sleep 0.05; done"
    process = rolecall.start("run", ROLECALL_COMMANDS=commands, **given, **ONE)
    rolecall.wait_for_file(process, "begun")
    said.write_text(keys(-60))
    wait_for(process, "they have run out already")
    known = len(sts.assumed())
    said.write_text(keys(300))
    until(lambda: len(sts.assumed()) > known)
    (tmp_path / "enough").touch()
    done = rolecall.finish(process)
    assert (done.code, done.statuses) == (0, ["succeeded"])
    assert "this is a bug" not in done.everything


@pytest.mark.parametrize(
    "shape", [DRIPPING["its head"], DRIPPING["its body"]], ids=["head", "body"]
)
def test_an_sts_that_answers_a_byte_at_a_time_is_given_up(rolecall, shape):
    with Endless(shape) as slow:
        done = rolecall.patched(SHORT)(
            "run", ROLECALL_COMMANDS="true", AWS_ENDPOINT_URL_STS=slow.url, **ONE, **QUICK
        )
    assert (done.code, done.statuses) == (4, ["not assumed"])
    assert "ReadTimeoutError" in done.out
    assert "AWS cannot be reached" in " ".join(done.out.split())


def test_an_sts_whose_answer_has_no_end_is_no_sts(rolecall):
    with Endless(ENDLESS["what is announced"]) as endless:
        done = rolecall.patched(SHORT)(
            "run", ROLECALL_COMMANDS="true", AWS_ENDPOINT_URL_STS=endless.url, **ONE, **QUICK
        )
    assert (done.code, done.statuses) == (4, ["not assumed"])
    assert "does not answer as STS does: its answer is over 300,000 bytes" in (
        " ".join(done.out.split())
    )


@pytest.mark.parametrize("where", ["ssm:/list", "s3://bucket/list"])
def test_a_list_that_comes_a_byte_at_a_time_is_a_mistake(rolecall, sts, where):
    with Endless(DRIPPING["its body"]) as slow:
        done = rolecall.patched(SHORT)(
            "run", ROLECALL_COMMANDS="true", ROLECALL_TARGETS=where,
            AWS_ENDPOINT_URL_SSM=slow.url, AWS_ENDPOINT_URL_S3=slow.url, **QUICK,
        )  # fmt: skip
    assert done.code == 2
    assert f"'{where}' cannot be read: " in done.message
    assert sts.calls == []


@pytest.mark.parametrize(
    "given",
    [
        {"ROLECALL_TARGETS": "ssm:/list"},
        {"ROLECALL_TARGETS": "", "ROLECALL_ORGANIZATION": '{"role_name": "deploy"}'},
        {},
    ],
    ids=["a list", "an organisation", "a role"],
)
def test_a_stop_waits_for_no_answer(rolecall, given):
    with Endless(DRIPPING["its body"]) as slow:
        given = {**ONE, "AWS_ENDPOINT_URL": slow.url, **given}
        process = rolecall.start("run", ROLECALL_COMMANDS="true", **given)
        until(lambda: slow.asked)
        at = time.monotonic()
        process.send_signal(signal.SIGINT)
        done = rolecall.finish(process, within=10)
    assert done.code == 130
    assert time.monotonic() - at < 5


def test_a_stop_ends_a_credential_process(rolecall, sts, profile, tmp_path):
    script = f"echo $$ > {tmp_path}/half; mv {tmp_path}/half {tmp_path}/asked; exec sleep 60"
    given = profile(f"[default]\ncredential_process = sh -c '{script}'\n")
    process = rolecall.start("run", ROLECALL_COMMANDS="true", **given, **ONE)
    rolecall.wait_for_file(process, "asked")
    process.send_signal(signal.SIGTERM)
    done = rolecall.finish(process, within=10)
    assert done.code == 143
    assert sts.calls == []
    until(lambda: not command_line(int((tmp_path / "asked").read_text())))


def command_line(process):
    """Empty once it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
