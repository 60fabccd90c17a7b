"""Clients of every age get the target's credentials or none, whatever else the machine has."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from support import own_keys
from support.command import SOURCE_KEYS, TARGETS
from support.sts import ContainerCredentials

MODES = ("refreshing", "static", "endpoint", "environment")
# What serves whom: the rest finds nothing, and says so.
WORKS = {
    "botocore": MODES,
    "home_folder": ("static",),
    "environment": ("environment",),
    "machine": ("refreshing", "endpoint"),
}
SECRET = "another+secret/key0000000000000000000000"
STORED = f"aws_access_key_id = AKIAANOTHER000000000\naws_secret_access_key = {SECRET}\n"
ONE = TARGETS.split()[0]


@pytest.fixture
def home(tmp_path):
    """A home folder with another account's keys in it, wherever clients look for them."""
    folder = tmp_path / "home"
    (folder / ".aws" / "cli").mkdir(parents=True)
    (folder / ".aws" / "credentials").write_text(f"[default]\n{STORED}[dev]\n{STORED}")
    (folder / ".aws" / "config").write_text(f"[default]\n{STORED}[profile dev]\n{STORED}")
    (folder / ".aws" / "cli" / "alias").write_text("[toplevel]\nwhoami = sts get-caller-identity\n")
    (folder / ".boto").write_text(f"[Credentials]\n{STORED}")
    keys = f"access_key = AKIAANOTHER000000000\nsecret_key = {SECRET}\n"
    (folder / ".s3cfg").write_text(f"[default]\n{keys}")
    (folder / ".gitconfig").write_text("[user]\nname = Ada\n")
    return folder


@pytest.fixture
def other(home, tmp_path):
    """The variables that lead there, and to what serves the machine's own keys."""
    file = tmp_path / "aws-credential-file"
    file.write_text(f"AWSAccessKeyId=AKIAANOTHER000000000\nAWSSecretKey={SECRET}\n")
    with ContainerCredentials() as machine:
        yield {
            "HOME": str(home),
            "BOTO_CONFIG": str(home / ".boto"),
            "BOTO_PATH": str(home / ".boto"),
            "AWS_CREDENTIAL_FILE": str(file),
            "AWS_CREDENTIAL_PROFILES_FILE": str(home / ".aws" / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "false",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": machine.url,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": machine.url,
            "AWS_ACCESS_KEY": "AKIAANOTHER000000000",
            "AWS_SECRET_KEY": SECRET,
            "AMAZON_ACCESS_KEY_ID": "AKIAANOTHER000000000",
            "AMAZON_SECRET_ACCESS_KEY": SECRET,
        }


@pytest.mark.parametrize("mode", MODES)
def test_every_client_is_in_the_target_s_account_or_finds_nothing(rolecall, other, mode):
    program = Path(own_keys.__file__)
    asked = [f"echo {name}=$({sys.executable} {program} {name})" for name in own_keys.CLIENTS]
    asked += ["echo cli=$(aws sts get-caller-identity --query Account --output text)"]
    done = rolecall.run(
        json.dumps(asked), **other, ROLECALL_TARGETS=ONE, ROLECALL_PROFILE_MODE=mode
    )
    assert done.code == 0, done.out
    found = dict(re.findall(r"^(\w+)=(\d{12}|none)$", done.out, re.MULTILINE))
    served = {name: mode in modes for name, modes in WORKS.items()} | {"cli": True}
    assert found == {name: "222222222222" if yes else "none" for name, yes in served.items()}


def test_exec_is_as_closed_as_run(rolecall, other):
    ask = f"{sys.executable} {own_keys.__file__} home_folder"
    done = rolecall("exec", "dev", "--", ask, **other)
    assert (done.code, done.out) == (0, "none\n")


def test_before_and_after_have_the_source_s_own_ways(rolecall, other):
    ask = f"{sys.executable} {own_keys.__file__}"
    done = rolecall.run(
        "true",
        **other,
        AWS_DEFAULT_REGION="eu-central-1",
        ROLECALL_TARGETS=ONE,
        ROLECALL_BEFORE=f"{ask} botocore; {ask} home_folder; echo $HOME $AWS_CREDENTIAL_FILE",
        ROLECALL_AFTER=f"{ask} environment",
    )
    assert done.code == 0, done.out
    assert re.findall(r"^\d{12}$", done.out, re.MULTILINE) == ["111111111111"] * 3
    assert f"{other['HOME']} {other['AWS_CREDENTIAL_FILE']}" in done.out


def test_a_home_with_credentials_is_replaced_by_one_with_the_rest(rolecall, home):
    script = "git config user.name; aws whoami --query Account --output text; ls -A ~"
    done = rolecall.run(script, HOME=str(home), ROLECALL_TARGETS=ONE)
    assert done.code == 0, done.out
    assert "Ada\n222222222222\n.aws\n.gitconfig\n" in done.out
    assert sorted(path.name for path in home.iterdir()) == [".aws", ".boto", ".gitconfig", ".s3cfg"]


def test_a_home_without_credentials_is_the_commands_own(rolecall, home):
    for name in (".aws/credentials", ".aws/config", ".aws/cli/alias", ".boto", ".s3cfg"):
        (home / name).unlink()
    (home / ".aws" / "cli").rmdir()
    (home / ".aws").rmdir()
    done = rolecall.run("echo $HOME; touch ~/made", HOME=str(home), ROLECALL_TARGETS=ONE)
    assert f"\n{home}\n" in done.out
    assert (home / "made").exists()


def test_what_is_left_behind_is_said_once_unless_it_is_a_way_to_credentials(rolecall, other):
    done = rolecall.run(
        "echo [${AWS_FOO-none}] [$MAVEN_OPTS] [${AWS_BEARER_TOKEN_BEDROCK-none}]",
        **other,
        AWS_FOO="x",
        AWS_ACCOUNT_ID="111111111111",
        AWS_BEARER_TOKEN_BEDROCK="bearer-token-000000",
        MAVEN_OPTS="-Xmx1g -Daws.profile=hub",
    )
    assert done.code == 0, done.out
    assert done.out.count("[none] [-Xmx1g ] [none]") == 3
    told = " ".join(done.out.split())
    said = 'info: not passed on: variables="AWS_ACCOUNT_ID AWS_FOO" jvm_options=MAVEN_OPTS'
    assert told.count(said) == 1
    assert "AWS_CREDENTIAL_FILE" not in told


def test_no_file_that_bash_reads_first_has_keys_of_another_account(rolecall):
    file = rolecall.folder / "before-each-script"
    file.write_text("export AWS_ACCESS_KEY_ID=AKIAOTHER00000000000\n")
    done = rolecall.run("echo [${AWS_ACCESS_KEY_ID-none}]", BASH_ENV=str(file))
    assert done.out.count("[none]") == 3
    assert "not passed on: variables=BASH_ENV" in " ".join(done.out.split())


def test_a_target_can_have_a_variable_of_its_own_and_no_way_to_credentials(rolecall):
    role = "arn:aws:iam::222222222222:role/deploy"
    own = {"name": "dev", "role_arn": role, "variables": {"AWS_FOO": "mine"}}
    done = rolecall.run("echo [$AWS_FOO]", AWS_FOO="x", ROLECALL_TARGETS=json.dumps([own]))
    assert "[mine]" in done.out
    ways = ("AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "BOTO_CONFIG")
    targets = [{**own, "name": f"t{i}", "variables": {w: "x"}} for i, w in enumerate(ways)]
    done = rolecall.run("true", ROLECALL_TARGETS=json.dumps(targets))
    assert done.code == 2
    assert all(f"'{way}'" in done.message for way in ways)
    assert "leads to no credentials" in done.message


def test_a_bearer_token_is_shown_nowhere(rolecall):
    done = rolecall.run(
        "true",
        ROLECALL_BEFORE="echo $AWS_BEARER_TOKEN_BEDROCK",
        AWS_BEARER_TOKEN_BEDROCK="bearer-token-000000",
    )
    assert "bearer-token-000000" not in done.everything
    assert "***" in done.out


def test_keys_in_the_environment_are_masked_and_say_when_they_end(rolecall, sts):
    script = (
        "echo $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN [${AWS_PROFILE-none}];"
        " echo $AWS_CREDENTIAL_EXPIRATION"
    )
    done = rolecall.run(script, ROLECALL_TARGETS=ONE, ROLECALL_PROFILE_MODE="environment")
    assert "*** *** *** [none]" in done.out
    assert re.search(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$", done.out, re.MULTILINE)
    assert not [secret for secret in sts.secrets if secret in done.everything]
    assert SOURCE_KEYS["AWS_SECRET_ACCESS_KEY"] not in done.everything
