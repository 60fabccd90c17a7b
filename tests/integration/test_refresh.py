"""Profiles that renew themselves while commands run, with sessions of seconds."""

from __future__ import annotations

import sys

from support import answers
from support.command import TARGETS

ONE = {"ROLECALL_TARGETS": TARGETS.split()[0]}
LONG_LIVED = f"""
{sys.executable} - <<'PYTHON'
import time, boto3
client = boto3.client("sts")
seen = set()
end = time.monotonic() + 9
while time.monotonic() < end:
    print(client.get_caller_identity()["Arn"])
    seen.add(client._request_signer._credentials.get_frozen_credentials().access_key)
    time.sleep(0.3)
print("sessions seen:", len(seen))
PYTHON
"""


def test_one_long_lived_boto3_process_outlives_its_session(rolecall, sts):
    sts.lifetime, sts.require_live_keys = 4, True
    done = rolecall.run(LONG_LIVED, **ONE)
    assert done.code == 0, done.out
    seen = int(done.out.rpartition("sessions seen: ")[2][0])
    assert seen >= 3
    assert not [secret for secret in sts.secrets if secret in done.everything]


def test_the_aws_cli_keeps_working_after_its_session_has_ended(rolecall, sts):
    sts.lifetime, sts.require_live_keys = 4, True
    script = (
        "end=$((SECONDS + 8)); while [ $SECONDS -lt $end ]; do aws sts get-caller-identity; done"
    )
    done = rolecall.run(script, **ONE)
    assert done.code == 0, done.out
    used = {call.access_key_id for call in sts.calls if call.action == "GetCallerIdentity"}
    assert len(used) >= 3


def test_a_static_profile_holds_keys_and_is_not_renewed(rolecall, sts):
    sts.lifetime = 2
    script = "sleep 3; cat $AWS_SHARED_CREDENTIALS_FILE; aws sts get-caller-identity"
    done = rolecall.run(script, ROLECALL_PROFILE_MODE="static", **ONE)
    assert done.code == 0, done.out
    assert "aws_secret_access_key = ***" in done.out
    assert len(sts.assumed()) == 1


def test_a_renewal_that_fails_is_said_tried_again_and_leaves_the_session(rolecall, sts):
    sts.lifetime = 6
    denied = answers.access_denied("arn:aws:iam::222222222222:role/deploy")
    sts.script("222222222222", answers.OK, denied)
    done = rolecall.run("sleep 5.5; aws sts get-caller-identity", **ONE)
    assert done.code == 0, done.out
    assert "warning: renewal failed: target=dev" in done.out
    assert len(sts.assumed()) >= 3


def test_a_session_less_than_half_fresh_is_assumed_again_before_its_target(rolecall, sts):
    sts.lifetime = 4
    done = rolecall.run("sleep 2.6")
    assert done.code == 0
    assert len(sts.assumed("444444444444")) >= 2


def test_a_hop_is_renewed_like_a_target(rolecall, sts):
    sts.lifetime, sts.require_live_keys = 4, True
    hop = "arn:aws:iam::555555555555:role/hop"
    done = rolecall.run("sleep 5; aws sts get-caller-identity", ROLECALL_VIA=hop, **ONE)
    assert done.code == 0, done.out
    assert len(sts.assumed("555555555555")) >= 2
