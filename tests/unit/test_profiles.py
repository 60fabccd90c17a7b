"""Profiles: what is refused, and what a session's times are by our own clock."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from filelock import FileLock

from rolecall.aws_files import AwsFiles, OwnProfile
from rolecall.aws_lines import AwsLines
from rolecall.errors import FileError
from rolecall.profiles import shared
from rolecall.profiles.endpoint import Endpoint
from rolecall.profiles.private import RefreshingProfile, private_profile, private_root
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
    return AwsFiles(config=tmp_path / "config", credentials=tmp_path / "credentials")


def test_a_lock_that_is_held_for_too_long_is_told(aws, tmp_path, monkeypatch):
    monkeypatch.setattr(shared, "_LOCK_SECONDS", 0.05)
    with (
        FileLock(tmp_path / ".rolecall.lock"),
        pytest.raises(FileError, match="is locked by another process"),
    ):
        shared.store(aws, "x", SESSION, region="")


def test_a_planted_lock_leads_to_no_other_file(aws, tmp_path):
    (tmp_path / "other").write_text("of somebody's")
    (tmp_path / ".rolecall.lock").symlink_to(tmp_path / "other")
    with pytest.raises(FileError, match="cannot be locked"):
        shared.store(aws, "x", SESSION, region="")
    assert (tmp_path / "other").read_text() == "of somebody's"
    assert not aws.credentials.exists()


def test_a_lock_that_cannot_be_taken_is_told(aws, tmp_path):
    (tmp_path / ".rolecall.lock").mkdir()
    with pytest.raises(FileError, match="cannot be locked"):
        shared.store(aws, "x", SESSION, region="")


def test_a_file_that_may_not_be_read_is_told(tmp_path):
    (tmp_path / "credentials").mkdir()
    found = AwsFiles(config=tmp_path / "config", credentials=tmp_path / "credentials")
    with pytest.raises(FileError, match="cannot be read: Is a directory"):
        shared.check(found, ["x"])


def test_a_profile_without_region_leaves_the_config_alone(aws):
    shared.store(aws, "x", SESSION, region="")
    assert not aws.config.exists()
    assert aws.credentials.read_text() == (
        "[x]\naws_access_key_id = a\naws_secret_access_key = b\naws_session_token = c\n"
    )


CONFIG = b"[profile x]\n[profile other]\nregion = a\n"
STORED = b"[other]\naws_access_key_id = A\n"


@pytest.mark.parametrize("damaged", ["config", "credentials"])
def test_a_file_that_would_read_otherwise_afterwards_is_left_alone(
    aws, tmp_path, monkeypatch, damaged
):
    aws.config.write_bytes(CONFIG)
    aws.credentials.write_bytes(STORED)
    whole = AwsLines.with_values

    def losing(self, changes, **more):
        text = whole(self, changes, **more)
        is_it = ("[other]" in text) == (damaged == "credentials")
        return text.replace("other]", "another]") if is_it else text

    monkeypatch.setattr(AwsLines, "with_values", losing)
    with pytest.raises(FileError, match=f"{damaged} is left as it was: with this profile in it"):
        shared.store(aws, "x", SESSION, region="b")
    monkeypatch.setattr(AwsLines, "with_values", lambda *_, **__: "no AWS file")
    with pytest.raises(FileError, match="config is left as it was"):
        shared.store(aws, "x", SESSION, region="b")
    assert (aws.config.read_bytes(), aws.credentials.read_bytes()) == (CONFIG, STORED)
    assert {path.name for path in tmp_path.iterdir()} == {
        "config",
        "credentials",
        ".rolecall.lock",
    }


def test_what_another_program_writes_meanwhile_is_not_lost(aws, monkeypatch):
    aws.config.write_bytes(CONFIG)
    read = AwsLines.__init__

    def meanwhile(self, text):
        read(self, text)
        if text == STORED.decode():
            aws.credentials.write_bytes(STORED + b"aws_secret_access_key = B\n")

    aws.credentials.write_bytes(STORED)
    monkeypatch.setattr(AwsLines, "__init__", meanwhile)
    with pytest.raises(FileError, match="was changed by another program just now: try again"):
        shared.store(aws, "x", SESSION, region="b")
    assert aws.config.read_bytes() == CONFIG
    assert aws.credentials.read_bytes() == STORED + b"aws_secret_access_key = B\n"


def test_the_files_stay_their_owner_s(aws):
    if os.geteuid():
        pytest.skip("only root can give files away")
    aws.credentials.write_bytes(STORED)
    os.chown(aws.credentials, 12345, 23456)
    shared.store(aws, "x", SESSION, region="b")
    found = aws.credentials.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 23456, 0o600)
    assert aws.config.stat().st_uid == 0


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


@pytest.mark.parametrize("key", ["AccessKeyId", "SecretAccessKey", "SessionToken"])
@pytest.mark.parametrize("more", ["\ncredential_process = touch x", "\r[default]", " x", "\x85"])
def test_keys_that_would_add_a_setting_to_a_file_are_no_session(key, more):
    given = answer()
    given["Credentials"][key] += more
    with pytest.raises(MalformedAnswerError, match="characters that no key has"):
        from_answer(given)


def test_a_folder_where_any_user_may_replace_ours_is_not_used(tmp_path):
    shared_folder = tmp_path / "shared"
    inner = shared_folder / "inner"
    inner.mkdir(parents=True)
    shared_folder.chmod(0o777)
    for parent in (shared_folder, inner):
        told = f"every user may replace what is in {shared_folder}; chmod \\+t it"
        with pytest.raises(FileError, match=told), private_root({"TMPDIR": str(parent)}):
            pass
    shared_folder.chmod(0o1777)
    with private_root({"TMPDIR": str(inner)}) as root:
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
        assert root.parent == inner
    assert list(inner.iterdir()) == []


@pytest.mark.parametrize("umask", [0o000, 0o077])
@pytest.mark.parametrize("mode", ["refreshing", "static", "endpoint", "environment"])
def test_a_target_s_files_are_its_owner_s_alone_whatever_the_umask(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        with private_root({"TMPDIR": str(tmp_path)}) as root, Endpoint() as endpoint:
            profile = private_profile(
                root / "1",
                "dev",
                region="eu-central-1",
                mode=mode,
                own=OwnProfile(),
                endpoint=endpoint,
            )
            profile.write(replace(SESSION, deadline=time.monotonic() + 100))
            profile.renew(SESSION) if mode == "refreshing" else None
            paths = list(root.rglob("*"))
            files = {p.name: stat.S_IMODE(p.stat().st_mode) for p in paths if p.is_file()}
            folders = {p.name: stat.S_IMODE(p.stat().st_mode) for p in paths if p.is_dir()}
            profile.remove()
    finally:
        os.umask(before)
    assert {"config", "credentials"} <= set(files)
    assert set(files.values()) == {0o600}
    assert folders == dict.fromkeys(("1", "home", ".aws"), 0o700)


def _written(tmp_path, mode, endpoint):
    made = private_profile(
        tmp_path / "1", "dev", region="eu-central-1", mode=mode, own=OwnProfile(), endpoint=endpoint
    )
    made.write(replace(SESSION, deadline=time.monotonic() + 100))
    return made


@pytest.mark.parametrize(("mode", "section"), [("refreshing", "dev"), ("endpoint", "default")])
def test_newer_keys_are_also_where_async_aws_alone_looks(tmp_path, mode, section):
    with Endpoint() as endpoint:
        profile = _written(tmp_path, mode, endpoint)
        newer = replace(SESSION.credentials, access_key_id=Secret("newer"))
        profile.renew(replace(SESSION, credentials=newer))
        text = profile.credentials.read_text()
        profile.remove()
    assert f"\n[profile {section}];\naws_access_key_id = newer\n" in text
    assert not re.search(rf"^\[(profile )?{section}\]\naws_access", text, re.MULTILINE)


@pytest.mark.parametrize("mode", ["refreshing", "static", "endpoint", "environment"])
def test_s3cmd_has_keys_of_nobody_where_it_would_ask_the_machine(tmp_path, mode):
    with Endpoint() as endpoint:
        profile = _written(tmp_path, mode, endpoint)
        config = profile.variables().get("S3CMD_CONFIG", "")
        said = Path(config).read_text() if config else ""
        profile.remove()
    assert ("access_key = set-PROFILE_MODE-to-environment" in said) == (mode != "environment")


def test_what_a_temporary_folder_is_called_is_never_run(tmp_path):
    parent = tmp_path / "it's $(touch ran) `touch ran` %(x)s"
    parent.mkdir()
    with private_root({"TMPDIR": str(parent)}) as root, Endpoint() as endpoint:
        profile = RefreshingProfile(
            root / "1", "dev", region="eu-central-1", own=OwnProfile(), endpoint=endpoint
        )
        profile.write(replace(SESSION, deadline=time.monotonic() + 100))
        [line] = re.findall("credential_process = (.*)", profile.config.read_text())
        by_shell = subprocess.run(
            ["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert json.loads(by_shell.stdout)["SecretAccessKey"] == "b"
        # botocore cuts the line as a shell does, and starts no shell.
        assert shlex.split(line) == ["cat", str(root / "1" / "home" / ".aws" / "session.json")]
    assert not (tmp_path / "ran").exists()


def test_a_renewal_reaches_all_that_a_refreshing_profile_is_read_by(tmp_path):
    with Endpoint() as endpoint:
        folder, own = tmp_path / "dev", OwnProfile()
        profile = RefreshingProfile(folder, "dev", region="eu-west-1", own=own, endpoint=endpoint)
        profile.write(replace(SESSION, deadline=time.monotonic() + 100))
        process = f"credential_process = cat {folder}/home/.aws/session.json\n"
        assert profile.config.read_text() == f"[profile dev]\nregion = eu-west-1\n{process}"
        keys = "aws_access_key_id = a\naws_secret_access_key = b\naws_session_token = c\n"
        stored = f"[dev]\n{process}[async-aws alone]\n[profile dev];\n{keys}"
        assert profile.credentials.read_text() == stored
        other = replace(SESSION.credentials, secret_access_key=Secret("d"))
        profile.renew(replace(SESSION, credentials=other, deadline=time.monotonic() + 100))
        assert profile.credentials.read_text() == stored.replace("= b", "= d")
        assert '"SecretAccessKey": "d"' in (profile.config.parent / "session.json").read_text()
