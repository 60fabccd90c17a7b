"""One process outlives its session, and the next: the AWS CLI, boto3, the SDKs for JavaScript."""

from __future__ import annotations

import sys

import pytest

from support import answers, sdks
from support.command import TARGETS
from support.forms import long
from support.objects import Pages

PAGES = 3
LIST = "s3api list-objects-v2 --bucket b --query Contents[].Key --output text --endpoint-url"
BOTO3 = f"""{sys.executable} - <<'PYTHON'
import boto3
pages = boto3.client("s3", endpoint_url="URL").get_paginator("list_objects_v2")
print([object["Key"] for page in pages.paginate(Bucket="b") for object in page["Contents"]])
PYTHON
"""
CLIENTS = ("v1", "v2", "boto3", "javascript", "js-v2")
ACCOUNTS = {name: str(place) * 12 for place, name in enumerate(CLIENTS, 1)}


def scripts(url):
    """What each client runs; the next page comes when the session that asked has run out."""
    found = {"v1": f"aws {LIST} {url}", "boto3": BOTO3.replace("URL", url)}
    if program := sdks.found(sdks.aws_v2):
        found["v2"] = f"{program} {LIST} {url}"
    if folder := sdks.found(sdks.javascript):
        found["javascript"] = f"node {folder}/renewals.mjs"
        found["js-v2"] = f"node {folder}/pages.js {url}"
    return found


@pytest.mark.parametrize("mode", ["refreshing", long("endpoint")])
def test_one_process_of_each_client_outlives_two_sessions(rolecall, sts, mode):
    sts.lifetime, sts.require_live_keys = 5, True
    with Pages(sts, count=PAGES) as pages:
        commands = scripts(pages.url)
        cases = "\n".join(f"{name})\n{script}\n;;" for name, script in commands.items())
        done = rolecall.run(
            f"case $ROLECALL_TARGET in\n{cases}\nesac",
            ROLECALL_TARGETS=" ".join(
                f"{name}=arn:aws:iam::{ACCOUNTS[name]}:role/deploy" for name in commands
            ),
            ROLECALL_PROFILE_MODE=mode,
            ROLECALL_MAX_PARALLEL="5",
            ROLECALL_COMMAND_TIMEOUT="50s",
        )
    assert done.code == 0, done.out
    assert pages.refused == []
    for name in commands.keys() - {"javascript"}:
        signed = pages.signed_by[ACCOUNTS[name]]
        assert len(set(signed)) == len(signed) == PAGES, name
    if "javascript" in commands:
        assert "javascript | outlived two sessions" in done.out
        calls = [call for call in sts.calls if call.action == "GetCallerIdentity"]
        used = {call.access_key_id for call in calls} & sts.issued.keys()
        account = ACCOUNTS["javascript"]
        assert sum(account in sts.issued[key].assumed_role_arn for key in used) >= PAGES
    assert not [secret for secret in sts.secrets if secret in done.everything]
    if missing := ACCOUNTS.keys() - commands.keys():
        pytest.skip(f"the others did; not installed here: {', '.join(sorted(missing))}")


def test_a_renewal_that_fails_is_tried_again_before_the_session_ends(rolecall, sts):
    sts.lifetime, sts.require_live_keys = 8, True
    denied = answers.access_denied("arn:aws:iam::222222222222:role/deploy")
    sts.script("222222222222", answers.OK, denied)
    with Pages(sts, count=2) as pages:
        done = rolecall.run(
            f"aws {LIST} {pages.url}",
            ROLECALL_TARGETS=TARGETS.split()[0],
            ROLECALL_PROFILE_MODE="endpoint",
        )
    assert done.code == 0, done.out
    assert "warning: renewal failed: target=dev" in done.out
    assert "object-1\nobject-2\n" in done.out.replace("\t", "\n")
    assert pages.refused == []
    assert len(set(pages.signed_by["222222222222"])) == 2
