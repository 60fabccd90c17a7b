"""Profiles: what is refused, and what a session's times are by our own clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from filelock import FileLock

from rolecall.errors import FileError
from rolecall.profiles import shared
from rolecall.secret import Secret
from rolecall.sessions.session import Credentials, MalformedAnswerError, Session, from_answer

SESSION = Session(
    account_id="222222222222",
    assumed_role_arn="",
    credentials=Credentials(
        access_key_id=Secret("a"), secret_access_key=Secret("b"), session_token=Secret("c")
    ),
    lifetime=100,
    deadline=1000,
)


@pytest.fixture
def aws(tmp_path):
    return shared.AwsFiles(config=tmp_path / "config", credentials=tmp_path / "credentials")


def test_a_lock_that_is_held_for_too_long_is_told(aws, tmp_path, monkeypatch):
    monkeypatch.setattr(shared, "_LOCK_SECONDS", 0.05)
    with (
        FileLock(tmp_path / ".rolecall.lock"),
        pytest.raises(FileError, match="is locked by another process"),
    ):
        shared.store(aws, "x", SESSION, region="")


def test_a_lock_that_cannot_be_taken_is_told(aws, tmp_path):
    (tmp_path / ".rolecall.lock").mkdir()
    with pytest.raises(FileError, match="cannot be locked"):
        shared.store(aws, "x", SESSION, region="")


def test_a_file_that_may_not_be_read_is_told(tmp_path):
    (tmp_path / "credentials").mkdir()
    found = shared.AwsFiles(config=tmp_path / "config", credentials=tmp_path / "credentials")
    with pytest.raises(FileError, match="cannot be read: Is a directory"):
        shared.check(found, ["x"])


def test_a_profile_without_region_leaves_the_config_alone(aws):
    shared.store(aws, "x", SESSION, region="")
    assert not aws.config.exists()
    assert aws.credentials.read_text() == (
        "[x]\naws_access_key_id = a\naws_secret_access_key = b\naws_session_token = c\n"
    )


def answer(**more):
    now = datetime.now(UTC).replace(microsecond=0)
    keys = {
        "AccessKeyId": "a",
        "SecretAccessKey": "b",
        "SessionToken": "c",
        "Expiration": now + timedelta(hours=1),
    }
    found = {
        "Credentials": keys,
        "AssumedRoleUser": {"Arn": "arn:aws:sts::222222222222:assumed-role/x/y"},
        "ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(now, usegmt=True)}},
    }
    return {**found, **more}


def test_a_session_lives_by_the_server_s_clock_and_ends_by_ours():
    session = from_answer(answer(), monotonic=lambda: 50.0)
    assert (session.lifetime, session.deadline) == (3600, 3650)
    assert session.fresh(lambda: 50 + 1800)
    assert not session.fresh(lambda: 50 + 1801)
    left = session.expiration(lambda: 3640.0) - datetime.now(UTC)
    assert timedelta(seconds=8) < left < timedelta(seconds=11)


def test_without_a_date_our_own_clock_must_do():
    session = from_answer(answer(ResponseMetadata={}))
    assert 3590 < session.lifetime <= 3600


@pytest.mark.parametrize(
    "more", [{"Credentials": {}}, {"AssumedRoleUser": {"Arn": "x"}}, {"Credentials": None}]
)
def test_an_answer_that_lacks_a_part_is_no_session(more):
    with pytest.raises(MalformedAnswerError):
        from_answer(answer(**more))
