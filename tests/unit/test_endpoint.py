"""The endpoint that gives a target's credentials: to whom, what, and until when."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest

from rolecall.errors import FileError
from rolecall.profiles import endpoint
from rolecall.profiles.endpoint import EndpointProfile
from rolecall.secret import Secret
from rolecall.sessions.session import Credentials, Session


def session(letter="a"):
    keys = Credentials(
        access_key_id=Secret(f"id-{letter}"),
        secret_access_key=Secret(f"key-{letter}"),
        session_token=Secret(f"token-{letter}"),
    )
    return Session(
        account_id="222222222222",
        assumed_role_arn="",
        credentials=keys,
        lifetime=3600,
        deadline=time.monotonic() + 3600,
    )


@pytest.fixture
def profile(tmp_path):
    found = EndpointProfile(tmp_path / "dev", "dev", region="eu-central-1")
    found.write(session())
    yield found
    found.remove()


def ask(variables, token=None, path=""):
    url = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] + path
    headers = {"Authorization": variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
    headers = headers if token is None else {"Authorization": token} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as got:
            return got.status, json.load(got)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_whoever_knows_the_token_gets_the_session_in_use(profile):
    status, found = ask(profile.variables())
    until = found.pop("Expiration")
    keys = {"AccessKeyId": "id-a", "SecretAccessKey": "key-a", "Token": "token-a"}
    assert (status, found) == (200, keys)
    assert datetime.fromisoformat(until) > datetime.now(UTC)
    assert until.endswith("Z")
    profile.renew(session("b"))
    assert ask(profile.variables())[1]["Token"] == "token-b"


@pytest.mark.parametrize("token", ["", "wrong", "Bearer", "t\xf6ken"])
def test_without_the_token_nothing_is_given(profile, token):
    status, found = ask(profile.variables(), token)
    assert (status, found["code"]) == (401, "Unauthorized")


def test_another_target_s_token_opens_nothing(profile, tmp_path):
    other = EndpointProfile(tmp_path / "tst", "tst", region="eu-central-1")
    token = other.secrets()[0].reveal()
    assert len(token) > 40
    assert ask(profile.variables(), token)[0] == 401


def test_no_other_path_is_there(profile):
    assert ask(profile.variables(), path="/more")[0] == 404


def test_it_listens_on_loopback_alone(profile):
    assert profile._server.socket.getsockname()[0] == "127.0.0.1"


def test_after_the_target_nobody_listens(profile):
    port = profile._server.socket.getsockname()[1]
    profile.remove()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    assert not profile._server._thread.is_alive()


def test_who_connected_before_the_end_gets_nothing_after_it(profile):
    variables = profile.variables()
    port = profile._server.socket.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port), 5) as early:
        assert ask(variables)[0] == 200  # so the one before it has been accepted
        profile.remove()
        token = variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        early.sendall(f"GET /credentials HTTP/1.0\r\nAuthorization: {token}\r\n\r\n".encode())
        answer = early.makefile("rb").read()
    assert b" 410 " in answer
    assert b"token-a" not in answer


def test_a_client_that_hangs_up_is_no_trouble(profile, capfd):
    port = profile._server.socket.getsockname()[1]
    for rude in (b"", b"GET /cred", b"\x00\xff\r\n\r\n", b"GET / HTTP/1.0\r\n" * 200):
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(rude)
    assert ask(profile.variables())[0] == 200
    assert capfd.readouterr() == ("", "")


def test_its_profile_holds_a_region_and_no_key(profile):
    variables = profile.variables()
    assert "AWS_PROFILE" not in variables
    assert profile.config.read_text() == (
        "[default]\nregion = eu-central-1\n[profile dev]\nregion = eu-central-1\n"
    )
    assert profile.credentials.read_bytes() == b""


def test_a_target_named_default_has_one_section(tmp_path):
    profile = EndpointProfile(tmp_path / "x", "default", region="eu-central-1")
    profile.write(session())
    assert profile.config.read_text() == "[default]\nregion = eu-central-1\n"
    profile.remove()
    assert not profile.folder.exists()


def test_a_machine_without_loopback_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(endpoint, "_HOST", "192.0.2.1")
    profile = EndpointProfile(tmp_path / "x", "dev", region="eu-central-1")
    with pytest.raises(FileError, match="cannot listen on 192"):
        profile.write(session())
    profile.remove()
