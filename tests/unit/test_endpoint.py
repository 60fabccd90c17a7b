"""The endpoint that gives a target's credentials: to whom, what, and until when."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest

from rolecall.aws_files import OwnProfile
from rolecall.errors import FileError
from rolecall.profiles import endpoint as endpoint_module
from rolecall.profiles.endpoint import Endpoint
from rolecall.profiles.private import EndpointProfile, RefreshingProfile
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
def endpoint():
    with Endpoint() as found:
        yield found


@pytest.fixture
def make(endpoint, tmp_path):
    def made(name, kind=EndpointProfile, letter="a"):
        found = kind(
            tmp_path / name, name, region="eu-central-1", own=OwnProfile(), endpoint=endpoint
        )
        found.write(session(letter))
        return found

    return made


@pytest.fixture
def profile(make):
    return make("dev")


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


@pytest.mark.parametrize("kind", [EndpointProfile, RefreshingProfile])
def test_whoever_knows_the_token_gets_the_session_in_use(make, kind):
    profile = make("dev", kind)
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


def test_a_thousand_targets_have_one_server_and_each_gets_its_own_session(make):
    before = threading.active_count()
    made = [make(f"t{number}", letter=str(number)) for number in range(1000)]
    assert threading.active_count() - before <= 1
    variables = [profile.variables() for profile in made]
    assert len({v["AWS_CONTAINER_CREDENTIALS_FULL_URI"] for v in variables}) == 1
    assert len({v["AWS_CONTAINER_AUTHORIZATION_TOKEN"] for v in variables}) == 1000
    for number in (0, 1, 500, 999):
        assert ask(variables[number])[1]["Token"] == f"token-{number}"
    assert len(made[0].secrets()[0].reveal()) > 40


def test_no_other_path_is_there(profile):
    assert ask(profile.variables(), path="/more")[0] == 404


def test_it_listens_on_loopback_alone(endpoint, profile):
    assert endpoint._server.socket.getsockname()[0] == "127.0.0.1"


def test_after_the_target_its_token_opens_nothing(make, profile):
    other = make("tst", letter="b")
    profile.remove()
    assert ask(profile.variables())[0] == 401
    assert ask(other.variables())[1]["Token"] == "token-b"


def test_after_the_run_nobody_listens(make, endpoint):
    make("dev")
    port = endpoint._server.socket.getsockname()[1]
    endpoint.__exit__()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    assert not endpoint._server._thread.is_alive()


def test_who_connected_before_the_end_gets_nothing_after_it(endpoint, profile):
    variables = profile.variables()
    port = endpoint._server.socket.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port), 5) as early:
        assert ask(variables)[0] == 200  # so the one before it has been accepted
        profile.remove()
        token = variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        early.sendall(f"GET /credentials HTTP/1.0\r\nAuthorization: {token}\r\n\r\n".encode())
        answer = early.makefile("rb").read()
    assert b" 401 " in answer
    assert b"token-a" not in answer


def test_a_client_that_hangs_up_is_no_trouble(endpoint, profile, capfd):
    port = endpoint._server.socket.getsockname()[1]
    for rude in (b"", b"GET /cred", b"\x00\xff\r\n\r\n", b"GET / HTTP/1.0\r\n" * 200):
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(rude)
    assert ask(profile.variables())[0] == 200
    assert capfd.readouterr() == ("", "")


def test_its_profile_holds_a_region_and_no_key_but_for_async_aws(profile):
    variables = profile.variables()
    assert "AWS_PROFILE" not in variables
    assert profile.config.read_text() == "[profile dev]\nregion = eu-central-1\n"
    stored = profile.credentials.read_text()
    # An empty `[default]` keeps the SDK for Go v1 from the keys behind it, and at the endpoint.
    head = "[default]\n[async-aws alone]\n[profile default];\naws_access_key_id = "
    assert stored.startswith(head)


def test_no_profile_is_called_default_even_of_a_target_of_that_name(make):
    profile = make("default")
    assert profile.config.read_text() == ""
    profile.remove()
    assert not profile.folder.exists()


def test_a_machine_without_loopback_is_told(make, monkeypatch):
    monkeypatch.setattr(endpoint_module, "_HOST", "192.0.2.1")
    with pytest.raises(FileError, match="cannot listen on 192"):
        make("dev")


def test_a_machine_without_loopback_has_refreshing_profiles_all_the_same(make, monkeypatch):
    monkeypatch.setattr(endpoint_module, "_HOST", "192.0.2.1")
    profile = make("dev", RefreshingProfile)
    assert not {name for name in profile.variables() if "CONTAINER" in name}
    assert profile.secrets() == ()
    profile.renew(session("b"))
    assert "key-b" in (profile.config.parent / "session.json").read_text()
    profile.remove()
