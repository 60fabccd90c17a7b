"""`PROFILE_MODE=endpoint`: commands get their credentials over HTTP on loopback."""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.command import TARGETS
from support.sts import ContainerCredentials

ASK_PY = Path(__file__).parents[1] / "support" / "ask.py"
ASK = f'"{sys.executable}" -I "{ASK_PY}" "$AWS_CONTAINER_CREDENTIALS_FULL_URI"'
ENDPOINT = {"ROLECALL_PROFILE_MODE": "endpoint"}
ONE = {"ROLECALL_TARGETS": TARGETS.split()[0], **ENDPOINT}


def test_each_target_s_commands_are_in_its_account(rolecall):
    done = rolecall.run(
        "aws sts get-caller-identity --query Account --output text; aws configure list",
        **ENDPOINT,
        ROLECALL_MAX_PARALLEL="3",
        ROLECALL_REGIONS="eu-west-1",
    )
    assert done.code == 0, done.out
    for account in ("222222222222", "333333333333", "444444444444"):
        assert re.search(rf"^\S+ \| {account}$", done.out, re.MULTILINE)
    assert len(re.findall(r"\| +region +eu-west-1 ", done.out)) == 3


def test_exec_has_it_too(rolecall):
    done = rolecall("exec", "dev", "--", "aws", "sts", "get-caller-identity", **ENDPOINT)
    assert '"Account": "222222222222"' in done.out
    done = rolecall(
        "exec", "--all", "--", "aws sts get-caller-identity --query Account", **ENDPOINT
    )
    assert [f'"{account}"' in done.out for account in ("222222222222", "444444444444")] == [1, 1]


def test_the_token_is_masked_and_no_profile_is_named(rolecall):
    script = (
        'echo "token $AWS_CONTAINER_AUTHORIZATION_TOKEN profile [${AWS_PROFILE-none}]"; '
        f'{ASK} "$AWS_CONTAINER_AUTHORIZATION_TOKEN"; {ASK}'
    )
    done = rolecall.run(script, **ONE)
    assert "token *** profile [none]" in done.out
    assert '"AccessKeyId": "***", "SecretAccessKey": "***", "Token": "***"' in done.out
    assert '"code": "Unauthorized"' in done.out


def test_the_source_s_own_container_endpoint_is_not_the_target_s(rolecall, tmp_path):
    (tmp_path / "token").write_text("the source's")
    with ContainerCredentials() as container:
        done = rolecall.run(
            "env | grep ^AWS_CONTAINER; aws sts get-caller-identity",
            **ONE,
            **container.environ,
            AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(tmp_path / "token"),
            AWS_ACCESS_KEY_ID="",
            AWS_SECRET_ACCESS_KEY="",
        )
    assert done.code == 0, done.out
    seen = re.findall(r"^AWS_CONTAINER\w+=.*$", done.out, re.MULTILINE)
    assert len(seen) == 2
    assert container.url not in done.out
    assert "assumed-role/deploy/" in done.out


def test_one_target_s_token_gives_it_its_own_session_and_no_other(rolecall, sts, tmp_path):
    script = (
        f'ask() {{ {ASK} "$1"; }}\n'
        'key=$(ask "$AWS_CONTAINER_AUTHORIZATION_TOKEN" | cut -d\\" -f4)\n'
        f"echo $key > {tmp_path}/$ROLECALL_TARGET.key\n"
        f"until test -s {tmp_path}/dev.key -a -s {tmp_path}/tst.key; do sleep .05; done\n"
        'ask "${AWS_CONTAINER_AUTHORIZATION_TOKEN%?}"'
    )
    two = " ".join(TARGETS.split()[:2])
    done = rolecall.run(script, **ENDPOINT, ROLECALL_TARGETS=two, ROLECALL_MAX_PARALLEL="2")
    assert done.code == 0, done.out
    assert done.out.count("no target has this token") == 2
    given = [(tmp_path / f"{name}.key").read_text().strip() for name in ("dev", "tst")]
    assert len(set(given)) == 2
    assert set(given) <= set(sts.issued)


def test_what_a_target_had_is_given_to_nobody_after_its_end(rolecall, tmp_path):
    script = (
        f'if test -e {tmp_path}/token; then {ASK} "$(cat {tmp_path}/token)";'
        f" else echo $AWS_CONTAINER_AUTHORIZATION_TOKEN > {tmp_path}/token; fi"
    )
    two = " ".join(TARGETS.split()[:2])
    done = rolecall.run(script, **ENDPOINT, ROLECALL_TARGETS=two)
    assert done.code == 0, done.out
    assert '{"code": "Unauthorized", "message": "no target has this token"}' in done.out


def test_after_the_run_nobody_answers(rolecall, tmp_path):
    script = f"echo $AWS_CONTAINER_CREDENTIALS_FULL_URI > {tmp_path}/url"
    assert rolecall.run(script, **ONE).code == 0
    url = urlsplit((tmp_path / "url").read_text().strip())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((url.hostname, url.port), 5)
