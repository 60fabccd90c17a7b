"""Whatever a source of credentials does is its own failure: told with the reason and a remedy."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from rolecall.errors import AssumeError, ConfigError
from rolecall.sessions import process
from rolecall.sessions.source import Source
from support.stranger import STRANGERS, Strange, Stranger
from support.sts import ScriptedSts

KEYS = {"AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "EXAMPLE"}
LATER, BEFORE = "2099-01-31T12:00:00Z", "2020-01-31T12:00:00Z"
ENVIRON = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "EXAMPLE"}
ROLE = "arn:aws:iam::222222222222:role/hub"
LOOP = (
    f"[default]\nrole_arn = {ROLE}\nsource_profile = b\n"
    f"[profile b]\nrole_arn = {ROLE}\nsource_profile = default\n"
)
START = "https://sign-in.example/start"
SIGNED_OUT = (
    "[default]\nsso_session = s\nsso_account_id = 111111111111\nsso_role_name = x\n"
    f"[sso-session s]\nsso_region = us-east-1\nsso_start_url = {START}\n"
)
OLD_SIGN_IN = (
    f"[default]\nsso_start_url = {START}\nsso_region = us-east-1\n"
    "sso_account_id = 111111111111\nsso_role_name = x\n"
)
TOKENS = [
    "{",
    "[]",
    '{"accessToken": "sEcReT"}',
    '{"accessToken": "sEcReT", "expiresAt": "x"}',
    f'{{"accessToken": "sEcReT", "expiresAt": "{BEFORE}"}}',
]


@pytest.fixture
def config(monkeypatch, tmp_path):
    """Writes the config file that botocore reads."""
    path = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    return path.write_text


@pytest.fixture
def prints(config, tmp_path):
    """Makes a credential_process that prints a file; it may be written anew."""

    def made(said):
        data = said if isinstance(said, bytes) else said.encode()
        (tmp_path / "said").write_bytes(data)
        config(f"[default]\ncredential_process = cat '{tmp_path}/said'\n")

    return made


def refused():
    """What is said where there are no credentials."""
    with pytest.raises(AssumeError) as caught:
        Source("eu-central-1").secrets()
    error = caught.value
    assert error.exit_code == 4
    assert error.reason.startswith("no AWS credentials could be had: ")
    assert error.remedy
    assert "sEcReT" not in str(error)
    return error


def given(**more):
    return json.dumps({"Version": 1, **KEYS, **more})


@pytest.mark.parametrize(
    ("expiration", "why"),
    [
        (BEFORE, "they have run out already"),
        ("never", "the time at which they end is no time"),
        ("5", ""),
        (LATER.removesuffix("Z"), "the time at which they end has no time zone"),
    ],
)
def test_variables_with_an_end_that_will_not_do_are_told(monkeypatch, expiration, why):
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", expiration)
    error = refused()
    assert why in error.reason
    assert "AWS_ACCESS_KEY_ID and the variables beside it" in error.reason
    assert "AWS_CREDENTIAL_EXPIRATION is a time to come" in error.remedy


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("hello", "gives no JSON"),
        ("", "gives no JSON"),
        ("[1]", "did not answer as AWS does"),
        ("null", "did not answer as AWS does"),
        ("[" * 100_000, "did not answer as AWS does"),
        (b"\xff\xfe", "gives no text"),
        ('{"Version": 2}', "Unsupported version '2'"),
        ('{"Version": 1}', "Missing required key in response: 'AccessKeyId'"),
        (given(Expiration=BEFORE), "they have run out already"),
        (given(Expiration=LATER.removesuffix("Z")), "has no time zone"),
        (given(Expiration="sEcReT"), "is no time"),
        (given(Expiration=[LATER]), "did not answer as AWS does"),
        (given(AccessKeyId=5), ""),
        (given(SessionToken=5), "has characters that none has"),
        (given(SessionToken="a\nsEcReT"), "has characters that none has"),
        (given(SecretAccessKey=""), "is empty"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_a_credential_process_prints_is_told_where_it_will_not_do(prints, said, why):
    prints(said)
    error = refused()
    assert why in error.reason
    assert "the credential_process of your profile" in error.reason
    assert "run it by hand" in error.remedy


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("cat 'x", "No closing quotation"),
        ("/none/program", "No such file or directory: '/none/program'"),
        ("/etc/passwd", "Permission denied: '/etc/passwd'"),
        ("", "the credential_process is empty"),
        ("sh -c 'echo sEcReT >&2; exit 3'", "ended with exit code 3; what it said is not shown"),
        ("sh -c 'kill -9 $$'", "ended with SIGKILL"),
        ("yes", "printed over 1,048,576 bytes"),
        ("sh -c 'exec >&-; exec sleep 60'", "was not done in 0.5 s"),
        ("sleep 60", "was not done in 0.5 s"),
        ("sh -c 'sleep 3; echo'", "was not done in 0.5 s"),
    ],
)
def test_a_credential_process_that_fails_is_told_and_does_not_run_on(
    config, monkeypatch, command, why
):
    monkeypatch.setattr(process.Process, "seconds", 0.5)
    config(f"[default]\ncredential_process = {command}\n")
    begun = time.monotonic()
    assert why in refused().reason
    assert time.monotonic() - begun < 5
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_credential_process_behind_another_profile_is_bounded_too(config, monkeypatch):
    monkeypatch.setattr(process.Process, "seconds", 0.3)
    config(
        f"[default]\nrole_arn = {ROLE}\nsource_profile = behind\n"
        "[profile behind]\ncredential_process = sleep 60\n"
    )
    error = refused()
    assert "the credential_process was not done in 0.3 s" in error.reason
    assert "the role_arn of your profile" in error.reason


def test_a_token_behind_another_profile_that_no_header_can_hold_is_not_shown(
    config, monkeypatch, tmp_path
):
    (tmp_path / "said").write_text(given(SessionToken="a\nsEcReT"))
    config(
        f"[default]\nrole_arn = {ROLE}\nsource_profile = behind\n"
        f"[profile behind]\ncredential_process = cat '{tmp_path}/said'\n"
    )
    with ScriptedSts() as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sts.url)
        assert "a request for them failed" in refused().reason


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (LOOP, "Infinite loop"),
        (f"[default]\nrole_arn = {ROLE}\nsource_profile = none\n", "none"),
        (f"[default]\nrole_arn = {ROLE}\n", "source_profile or credential_source"),
        (f"[default]\nrole_arn = {ROLE}\ncredential_source = Nowhere\n", "Nowhere"),
        (f"[default]\nrole_arn = {ROLE}\nweb_identity_token_file = /none/token\n",
         "No such file or directory: '/none/token'"),
        ("[default]\nsso_session = none\nsso_account_id = 1\nsso_role_name = x\n", "none"),
        (SIGNED_OUT, "SSO"),
        ("[default]\naws_access_key_id = AKIAEXAMPLE\n", "aws_secret_access_key"),
    ],
)  # fmt: skip
def test_profiles_that_lead_nowhere_are_told(config, text, why):
    config(text)
    assert why in refused().reason


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize(
    ("text", "key"), [(SIGNED_OUT, "s"), (OLD_SIGN_IN, START)], ids=["a session", "a start"]
)
def test_a_token_of_single_sign_on_that_is_broken_is_told(
    config, guarded_environment, text, key, token
):
    config(text)
    cache = guarded_environment / ".aws/sso/cache"
    cache.mkdir(parents=True)
    name = hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()
    (cache / f"{name}.json").write_text(token)
    assert "aws sso login" in refused().remedy


def test_a_web_identity_token_that_is_no_text_is_told(monkeypatch, tmp_path):
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    error = refused()
    assert "gives no text" in error.reason
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" in error.remedy


@pytest.mark.parametrize(
    "says",
    [
        *STRANGERS.values(),
        Strange(body=json.dumps(KEYS), kind="application/json"),
        Strange(body=json.dumps({**KEYS, "Token": "t", "Expiration": None})),
        Strange(body=json.dumps({**KEYS, "Token": "t", "Expiration": BEFORE})),
        Strange(body=json.dumps({**KEYS, "Token": "t", "Expiration": LATER[:-1]})),
        Strange(body=json.dumps({**KEYS, "Token": "a\r\nsEcReT", "Expiration": LATER})),
        Strange(body="sEcReT", status=500),
    ],
)
def test_a_container_s_endpoint_that_answers_otherwise_is_told(monkeypatch, says):
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    with Stranger() as stranger:
        stranger.says = says
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{stranger.url}/creds")
        assert "check what answers there" in refused().remedy


def test_a_container_s_token_file_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/creds")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/none/token")
    assert "/none/token" in refused().reason


@pytest.mark.parametrize("says", STRANGERS.values(), ids=STRANGERS)
def test_a_machine_s_metadata_that_is_none_is_told(monkeypatch, says):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    with Stranger() as stranger:
        stranger.says = says
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", stranger.url)
        with pytest.raises(AssumeError, match="no AWS credentials") as caught:
            Source("eu-central-1").secrets()
        assert "sEcReT" not in str(caught.value)


def test_a_code_of_mfa_is_asked_of_nobody_where_there_is_no_terminal(config, monkeypatch):
    monkeypatch.setattr("os.open", no_terminal(os.open))
    config(
        f"[default]\nrole_arn = {ROLE}\nsource_profile = keys\n"
        "mfa_serial = arn:aws:iam::111111111111:mfa/me\n"
        "[profile keys]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = EXAMPLE\n"
    )
    error = refused()
    assert "your profile asks for a code (mfa_serial)" in error.reason
    assert "without mfa_serial" in error.remedy


def no_terminal(opened):
    def opening(path, *rest, **more):
        if path == "/dev/tty":
            raise OSError(6, "No such device or address")
        return opened(path, *rest, **more)

    return opening


def test_credentials_that_fail_while_a_call_is_signed_are_told_as_the_source_s(prints, monkeypatch):
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    with ScriptedSts() as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sts.url)
        prints(given(Expiration=soon, SessionToken="EXAMPLE"))
        source = Source("eu-central-1")
        client = source.client("sts")
        prints(given(Expiration=BEFORE, SessionToken="EXAMPLE"))
        with pytest.raises(AssumeError, match="they have run out already"):
            client.get_caller_identity()
        assert sts.calls == []
        prints(given(Expiration=LATER, SessionToken="EXAMPLE"))
        assert client.get_caller_identity()["Arn"] == sts.caller


def test_a_mistake_of_rolecall_s_own_is_none_of_the_source_s(monkeypatch):
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    source = Source("eu-central-1")
    with pytest.raises(RuntimeError, match="a bug"):
        source.caller(lambda what, do: (_ for _ in ()).throw(RuntimeError("a bug")))


def test_a_setting_of_aws_that_will_not_do_stays_a_mistake_in_the_configuration(monkeypatch):
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "soon")
    with pytest.raises(ConfigError, match="AWS settings"):
        Source("eu-central-1").secrets()


def test_no_call_has_a_thread_of_its_own(monkeypatch):
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    with ScriptedSts() as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sts.url)
        client = Source("eu-central-1").client("sts")
        client.get_caller_identity()
        monkeypatch.setattr(threading.Thread, "start", lambda self: pytest.fail("a thread"))
        # The scripted server has a thread for each connection, which this one keeps.
        client.get_caller_identity()
