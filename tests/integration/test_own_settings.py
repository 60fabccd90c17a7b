"""What the user's AWS config says beside credentials holds for rolecall and for the commands."""

from __future__ import annotations

import sys

import pytest

from support.command import SOURCE_KEYS, TARGETS

ONE = TARGETS.split()[0]
# botocore's own account of what holds, in any mode.
SEEN = f"""{sys.executable} - <<'END'
import boto3, botocore.session
session = botocore.session.Session()
client = boto3.client("sts")
print("account", client.get_caller_identity()["Account"], "in", client.meta.region_name)
print("attempts", session.get_config_variable("max_attempts"))
print("bundle", session.get_config_variable("ca_bundle"))
print("style", session.get_scoped_config().get("s3", {{}}).get("addressing_style"))
END"""


@pytest.fixture
def own(sts, tmp_path):
    """The variables of a user whose config file says all, their keys and their region too."""
    config = tmp_path / "aws" / "config"
    config.parent.mkdir()
    config.write_text(
        f"""
[default]
max_attempts = 9

[profile hub]
aws_access_key_id = {SOURCE_KEYS["AWS_ACCESS_KEY_ID"]}
aws_secret_access_key = {SOURCE_KEYS["AWS_SECRET_ACCESS_KEY"]}
region = eu-west-3
max_attempts = 7
ca_bundle = ~/ca.pem
key_of_another_year = 1
services = local
s3 =
  addressing_style = path
[services local]
sts =
  endpoint_url = {sts.url}
"""
    )
    (tmp_path / "ca.pem").write_text("none")
    gone = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL")
    return {
        **dict.fromkeys(gone, ""),
        "AWS_CONFIG_FILE": str(config),
        "AWS_PROFILE": "hub",
        "HOME": str(tmp_path),
        "ROLECALL_TARGETS": ONE,
    }


@pytest.mark.parametrize("mode", ["refreshing", "static", "endpoint", "environment"])
def test_settings_of_the_source_s_profile_hold_for_the_commands(rolecall, own, tmp_path, mode):
    done = rolecall.run(SEEN, **own, ROLECALL_PROFILE_MODE=mode)
    assert done.code == 0, done.out
    assert "account 222222222222 in eu-west-3\nattempts 7\n" in done.out
    assert f"bundle {tmp_path}/ca.pem\nstyle path\n" in done.out
    told = " ".join(done.out.split())
    assert told.count("not passed on: profile_settings=key_of_another_year") == 1


def test_a_variable_wins_over_the_profile_for_the_commands_too(rolecall, own):
    done = rolecall.run(SEEN, **own | {"AWS_REGION": "eu-north-1"}, AWS_MAX_ATTEMPTS="3")
    assert "account 222222222222 in eu-north-1\nattempts 3\n" in done.out


def test_where_no_profile_is_named_it_is_the_default_one(rolecall, own, sts):
    given = own | SOURCE_KEYS | {"AWS_ENDPOINT_URL": sts.url}
    del given["AWS_PROFILE"]
    done = rolecall.run(SEEN, **given)
    assert "attempts 9\nbundle None\nstyle None\n" in done.out


def test_the_region_of_the_profile_counts_for_plans_and_for_sts(rolecall, own, sts):
    assert "eu-west-3" in rolecall("plan", **own, ROLECALL_COMMANDS="true").out
    assert rolecall.run("true", **own).code == 0
    assert {call.region for call in sts.assumed()} == {"eu-west-3"}
    done = rolecall("plan", **own, ROLECALL_COMMANDS="true", ROLECALL_REGIONS="eu-west-1")
    assert "eu-west-3" not in done.out


def test_a_region_in_the_file_that_is_none_is_told_with_its_place(rolecall, own, tmp_path):
    config = tmp_path / "aws" / "config"
    config.write_text(config.read_text().replace("eu-west-3", "Frankfurt"))
    done = rolecall("plan", **own, ROLECALL_COMMANDS="true")
    assert done.code == 2
    assert f"region in {config}: 'Frankfurt' is no region" in done.message


def test_assume_stores_the_region_of_the_source_s_profile(rolecall, own, tmp_path):
    stored = tmp_path / "aws" / "credentials"
    done = rolecall("assume", "dev", **own, AWS_SHARED_CREDENTIALS_FILE=str(stored))
    assert done.code == 0, done.err
    assert "region eu-west-3" in done.out
    text = (tmp_path / "aws" / "config").read_text()
    assert "[profile dev]\nregion = eu-west-3\n" in text
