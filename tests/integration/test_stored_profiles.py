"""AWS files as people have them: every client reads the other profiles as before."""

from __future__ import annotations

import shutil

import pytest
from botocore.configloader import load_config, raw_config_parse
from botocore.exceptions import ConfigNotFound

from rolecall.aws_files import AwsFiles
from rolecall.errors import FileError
from rolecall.profiles.shared import check, store
from support import sdks
from support.attempts import tried
from support.aws_files import CASES, parse_ini, read_by_cli, read_by_javascript, written
from support.writer import session

REGION = "eu-central-1"
KEYS = [secret.reveal() for secret in session(1).credentials.secrets()]
STORED = [name for name, case in CASES.items() if not case.refused]


def keep(files, profile):
    check(files, [profile])
    store(files, profile, session(1), region=REGION)


@pytest.fixture(scope="module")
def tries(tmp_path_factory):
    """The folders of each case before and after its profile was stored, and the error of that."""
    root = tmp_path_factory.mktemp("files")
    found = {}
    for number, (name, case) in enumerate(CASES.items()):
        before, after = root / f"{number}/before", root / f"{number}/after"
        written(before, case)
        config, credentials = written(after, case)
        files = AwsFiles(config=config, credentials=credentials)
        found[name] = before, after, tried(lambda f=files, c=case: keep(f, c.profile), FileError)[1]
    return found


def folders(tries):
    return [folder for before, after, _ in tries.values() for folder in (before, after)]


def pairs(tries, answers):
    """The answers for before and after, by the name of the case."""
    return dict(zip(tries, zip(answers[::2], answers[1::2], strict=True), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_a_profile_is_stored_or_nothing_is_changed_and_the_message_says_why(tries, name):
    before, after, error = tries[name]
    if CASES[name].refused:
        assert CASES[name].refused in str(error)
        assert "EXAMPLE" not in str(error)
        assert error.exit_code == 2
        for path in before.iterdir():
            assert (after / path.name).read_bytes() == path.read_bytes()
    else:
        assert error is None
    assert {path.name for path in after.iterdir()} <= {"config", "credentials", ".rolecall.lock"}


def loaded(reader, path):
    try:
        return reader(str(path))
    except ConfigNotFound:
        return {"profiles": {}, "sso_sessions": {}, "services": {}} if reader is load_config else {}


@pytest.mark.parametrize("name", STORED)
def test_botocore_reads_every_other_section_as_before(tries, name):
    before, after, _ = tries[name]
    profile = CASES[name].profile
    stored = loaded(raw_config_parse, after / "credentials")
    kept = loaded(raw_config_parse, before / "credentials")
    mine = stored.pop(profile)
    kept.pop(profile, None)
    assert stored == kept
    assert mine.get("region", REGION) == REGION
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    assert [mine[key] for key in names] == KEYS
    assert not mine.keys() & {"aws_security_token", "aws_account_id", "x_principal_arn"}
    listed = loaded(load_config, after / "config")
    were = loaded(load_config, before / "config")
    mine, was = listed["profiles"].pop(profile), were["profiles"].pop(profile, {})
    assert listed == were
    assert mine["region"] == REGION
    assert "aws_account_id" not in mine
    # Its other settings are as they were.
    for gone in ("region", "aws_account_id"):
        mine.pop(gone, None)
        was.pop(gone, None)
    inherits = "[DEFAULT]" in (CASES[name].config or "")
    assert (was.items() <= mine.items()) if inherits else (mine == was)


def same_to_a_cli(tries, program):
    if not (python := sdks.found(lambda: sdks.interpreter(program))):
        pytest.skip(f"{program} is no Python script")
    for name, (before, after) in pairs(tries, read_by_cli(python, folders(tries))).items():
        profile = CASES[name].profile
        if CASES[name].refused:
            assert before == after, name
            continue
        assert after["keys"].pop(profile) == KEYS, name
        assert after["profiles"].pop(profile)["region"] == REGION, name
        before["keys"].pop(profile, None)
        before["profiles"].pop(profile, None)
        assert before == after, name


def test_the_aws_cli_v1_reads_every_other_profile_as_before(tries):
    same_to_a_cli(tries, shutil.which("aws"))


def test_the_aws_cli_v2_reads_every_other_profile_as_before(tries):
    if not (program := sdks.found(sdks.aws_v2)):
        pytest.skip("no AWS CLI v2")
    same_to_a_cli(tries, program)


def test_the_sdk_for_javascript_reads_every_other_profile_as_before(tries):
    if not (folder := sdks.found(sdks.javascript)):
        pytest.skip("no SDK for JavaScript")
    asked = folders(tries)
    answers = read_by_javascript(folder, asked)
    for where, answer in zip(asked, answers, strict=True):
        path = where / "credentials"
        text = path.read_text("utf-8", errors="replace") if path.exists() else ""
        assert parse_ini(text.removeprefix("\ufeff")) == answer["credentials"], text
    for name, (before, after) in pairs(tries, answers).items():
        profile = CASES[name].profile
        if not CASES[name].refused:
            assert after["keys"].pop(profile) == [*KEYS, None], name
            if not CASES[name].unseen:
                assert after["config"][profile]["region"] == REGION, name
            before["keys"].pop(profile, None)
            for answer in (before, after):
                answer["config"].pop(profile, None)
                answer["credentials"].pop(profile, None)
        assert before == after, name
