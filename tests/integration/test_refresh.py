"""Profiles that renew themselves while commands run, with sessions of seconds."""

from __future__ import annotations

from support import answers
from support.command import TARGETS

ONE = {"ROLECALL_TARGETS": TARGETS.split()[0]}


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


def test_a_session_that_nothing_renews_runs_out_under_its_command_and_that_is_said(rolecall, sts):
    sts.lifetime, sts.require_live_keys = 5, True
    denied = answers.access_denied("arn:aws:iam::222222222222:role/deploy")
    sts.script("222222222222", answers.OK, *[denied] * 20)
    done = rolecall.run("sleep 7; aws sts get-caller-identity", **ONE)
    assert (done.code, done.statuses) == (1, ["failed"])
    assert done.out.count("warning: renewal failed: target=dev") > 1
    assert done.out.count("warning: session ended: target=dev") == 1
    assert "still expired" in "".join(done.report["results"][0]["commands"][0]["tail"])


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
