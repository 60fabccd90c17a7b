"""Sessions: what AssumeRole is asked, what is tried again, what is told, where credentials are."""

from __future__ import annotations

import json
import re

import pytest

from rolecall.sessions.source import Source
from support import answers
from support.command import TARGETS, Command
from support.sts import ContainerCredentials, ScriptedSts

ONE = TARGETS.split()[0]
ROLE = "arn:aws:iam::222222222222:role/deploy"
HOP = "arn:aws:iam::555555555555:role/hop"
NEXT = "arn:aws:iam::666666666666:role/next"


def test_assume_role_is_asked_what_the_options_say(rolecall, sts):
    policy = {"Version": "2012-10-17", "Statement": []}
    done = rolecall.run(
        "true",
        ROLECALL_TARGETS=ONE,
        ROLECALL_SESSION_NAME="build-{target}",
        ROLECALL_EXTERNAL_ID="ext:1",
        ROLECALL_DURATION="15m",
        ROLECALL_SESSION_POLICY=json.dumps(policy),
        ROLECALL_POLICY_ARNS="arn:aws:iam::aws:policy/ReadOnlyAccess",
        ROLECALL_TAGS="team=web,cost=1",
        ROLECALL_TRANSITIVE_TAGS="team",
        ROLECALL_SOURCE_IDENTITY="jane",
    )
    assert done.code == 0, done.out
    assert dict(sts.assumed()[0].params) == {
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": "build-dev",
        "ExternalId": "ext:1",
        "DurationSeconds": "900",
        "Policy": json.dumps(policy, separators=(",", ":")),
        "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "web",
        "Tags.member.2.Key": "cost",
        "Tags.member.2.Value": "1",
        "TransitiveTagKeys.member.1": "team",
        "SourceIdentity": "jane",
    }


def test_options_of_a_target_win_over_those_of_all(rolecall, sts):
    own = [{"role_arn": ROLE, "external_id": "own"}, {"role_arn": NEXT}]
    rolecall.run("true", ROLECALL_TARGETS=json.dumps(own), ROLECALL_EXTERNAL_ID="all")
    assert sts.assumed("222222222222")[0].params["ExternalId"] == "own"
    assert sts.assumed("666666666666")[0].params["ExternalId"] == "all"


def test_via_hops_once_through_each_role_for_all_targets(rolecall, sts):
    done = rolecall.run("true", ROLECALL_VIA=f"{HOP},{NEXT}", ROLECALL_SOURCE_IDENTITY="jane")
    assert done.code == 0, done.out
    hop, following, *targets = sts.assumed()
    assert (hop.role_arn, following.role_arn) == (HOP, NEXT)
    assert hop.access_key_id == "AKIASOURCEKEY0000000"
    assert sts.issued[following.access_key_id].assumed_role_arn.startswith("arn:aws:sts::5555")
    assert len(targets) == 3
    for call in targets:
        assert sts.issued[call.access_key_id].assumed_role_arn.startswith("arn:aws:sts::6666")
        assert call.params["SourceIdentity"] == "jane"


def test_a_denied_hop_names_the_principal_that_asked(rolecall, sts):
    sts.always("666666666666", answers.access_denied(NEXT))
    done = rolecall.run("true", ROLECALL_TARGETS=ONE, ROLECALL_VIA=f"{HOP},{NEXT}")
    assert done.code == 4
    remedy = done.report["results"][0]["remedy"]
    assert f"the trust policy of {NEXT} must allow sts:AssumeRole to {HOP}" in remedy


@pytest.mark.parametrize(
    "answer",
    [
        answers.THROTTLE,
        answers.SERVER_ERROR,
        answers.RESET,
        answers.HALF,
        answers.MALFORMED,
        answers.EMPTY,
        answers.error("ServiceUnavailable", status=503),
        answers.error("IDPCommunicationError"),
    ],
    ids=lambda answer: answer.code or answer.body or str(answer),
)
def test_what_may_pass_is_tried_again(rolecall, sts, answer):
    sts.script("222222222222", answer)
    done = rolecall.run("true", ROLECALL_TARGETS=ONE)
    assert done.code == 0, done.out
    assert len(sts.assumed()) == 2
    assert "warning: retry: call=" in done.out


def test_retries_end_after_the_attempts(rolecall, sts):
    sts.always("222222222222", answers.SERVER_ERROR)
    done = rolecall.run("true", ROLECALL_TARGETS=ONE, ROLECALL_RETRY_ATTEMPTS="2")
    assert done.code == 4
    assert len(sts.assumed()) == 2
    assert done.report["results"][0]["reason"] == "InternalFailure: try later (tried 2 times)"


def test_retries_end_after_the_time(rolecall, sts):
    sts.always("222222222222", answers.THROTTLE)
    limits = {"ROLECALL_RETRY_ATTEMPTS": "1", "ROLECALL_RETRY_MAX_WAIT": "1s"}
    done = rolecall.run("true", ROLECALL_TARGETS=ONE, **limits)
    assert done.code == 4
    assert len(sts.assumed()) > 1
    assert "raise ROLECALL_RETRY_MAX_WAIT" in done.report["results"][0]["remedy"]
    assert done.report["seconds"] < 3


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (answers.access_denied(ROLE), f"the trust policy of {ROLE} must allow sts:AssumeRole to"),
        (answers.access_denied(ROLE, "sts:TagSession"), "sts:TagSession in the trust policy of"),
        (
            answers.access_denied(ROLE, "sts:SetSourceIdentity"),
            "sts:SetSourceIdentity in the trust policy of",
        ),
        (
            answers.access_denied(ROLE, why=" with an explicit deny in a service control policy"),
            "a service control policy of the organisation denies sts:AssumeRole",
        ),
        (answers.error("MalformedPolicyDocument"), "mend ROLECALL_SESSION_POLICY"),
        (answers.error("PackedPolicyTooLarge"), "are too large together"),
        (answers.error("RegionDisabledException", status=403), "STS is not active in this region"),
        (answers.error("ExpiredToken", status=403), "the source credentials have run out"),
        (answers.error("InvalidClientTokenId", status=403), "AWS does not know the source"),
        (answers.error("SignatureDoesNotMatch", status=403), "AWS does not know the source"),
        (
            answers.error("SignatureDoesNotMatch", "Signature expired: … is now earlier than …"),
            "this machine's clock is wrong",
        ),
        (
            answers.error("SignatureDoesNotMatch", "Signature not yet current: … later than …"),
            "this machine's clock is wrong",
        ),
        (
            answers.error(
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            ),
            "set ROLECALL_DURATION lower, or raise the MaxSessionDuration",
        ),
        (
            answers.error(
                "ValidationError",
                "exceeds the 1 hour session limit for roles assumed by role chaining",
            ),
            "set ROLECALL_DURATION to 1h",
        ),
        (answers.error("ValidationError", "something else"), ""),
        (answers.wrong_account("999999999999"), "expected account 222222222222"),
    ],
    ids=lambda value: (value.code or value.account_id) if isinstance(value, answers.Answer) else "",
)
def test_what_will_not_pass_fails_at_once_with_its_remedy(rolecall, sts, answer, remedy):
    sts.always("222222222222", answer)
    tags = {"ROLECALL_TAGS": "team=web", "ROLECALL_SOURCE_IDENTITY": "jane"}
    done = rolecall.run("true", ROLECALL_TARGETS=ONE, **tags)
    assert done.code == 4
    assert len(sts.assumed()) == 1
    assert remedy in done.report["results"][0]["remedy"]


def test_an_external_id_is_named_where_one_was_given(rolecall, sts):
    sts.always("222222222222", answers.access_denied(ROLE))
    done = rolecall.run("true", ROLECALL_TARGETS=ONE, ROLECALL_EXTERNAL_ID="ext")
    assert "under the external id" in done.report["results"][0]["remedy"]


def test_a_new_role_is_asked_again_where_retry_access_denied_says_so(rolecall, sts):
    sts.script("222222222222", *[answers.access_denied(ROLE)] * 3)
    limits = {"ROLECALL_RETRY_ACCESS_DENIED": "30s", "ROLECALL_RETRY_ATTEMPTS": "1"}
    done = rolecall.run("true", ROLECALL_TARGETS=ONE, **limits)
    assert done.code == 0, done.out
    assert len(sts.assumed()) == 4


def test_access_denied_is_asked_again_for_no_longer_than_it_says(rolecall, sts):
    sts.always("222222222222", answers.access_denied(ROLE))
    done = rolecall.run("true", ROLECALL_TARGETS=ONE, ROLECALL_RETRY_ACCESS_DENIED="1s")
    assert done.code == 4
    assert done.report["seconds"] < 3


def test_a_longer_duration_is_cut_to_an_hour_for_a_chained_role_and_said(rolecall, sts):
    sts.caller = "arn:aws:sts::111111111111:assumed-role/codebuild/build"
    done = rolecall.run("true", ROLECALL_DURATION="2h")
    assert done.code == 0
    assert {call.params["DurationSeconds"] for call in sts.assumed()} == {"3600"}
    assert done.out.count("warning: duration cut:") == 1


def test_a_longer_duration_is_asked_for_where_a_user_calls(rolecall, sts):
    rolecall.run("true", ROLECALL_DURATION="2h", ROLECALL_TARGETS=ONE)
    assert sts.assumed()[0].params["DurationSeconds"] == "7200"


def test_a_longer_duration_through_a_hop_is_cut_whoever_calls(rolecall, sts):
    unknown = answers.error("Denied", "nobody says who calls")
    sts.judge = lambda call: unknown if call.action == "GetCallerIdentity" else None
    rolecall.run("true", ROLECALL_DURATION="2h", ROLECALL_TARGETS=ONE, ROLECALL_VIA=HOP)
    assert {call.params.get("DurationSeconds") for call in sts.assumed()} == {None, "3600"}


def test_the_sts_endpoint_variable_is_honoured(rolecall, sts):
    done = rolecall.run("true", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_ENDPOINT_URL_STS=sts.url)
    assert done.code == 0, done.out


def test_a_clock_that_is_wrong_does_not_shorten_sessions(rolecall, sts):
    sts.clock_skew = -3000
    done = rolecall.run("cat $(dirname $AWS_CONFIG_FILE)/session.json", ROLECALL_TARGETS=ONE)
    assert done.code == 0
    assert len(sts.assumed()) == 1


def without_keys(**more):
    return {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "ROLECALL_TARGETS": ONE, **more}


def test_the_source_may_be_codebuild_s_container_endpoint(rolecall, sts):
    with ContainerCredentials() as endpoint:
        done = rolecall.run(
            f"env | grep -c ^AWS_.*{endpoint.url} || true",
            ROLECALL_BEFORE=f"env | grep -c ^AWS_.*{endpoint.url}",
            **without_keys(**endpoint.environ),
        )
    assert done.code == 0, done.out
    assert sts.assumed()[0].access_key_id == endpoint.key_id
    assert re.findall(r"^\d$", done.out, re.MULTILINE) == ["1", "0"]
    assert endpoint.secret not in done.everything


def test_source_credentials_that_run_out_halfway_are_fetched_anew(rolecall, sts):
    # So short-lived that botocore asks the endpoint before each call.
    with ContainerCredentials(lifetime=60) as endpoint:

        def judge(call):
            if call.action == "GetCallerIdentity":  # at any time, and with whichever keys
                return None
            if call.access_key_id != endpoint.key_id:
                return answers.error("ExpiredToken", "The security token has expired", 403)
            endpoint.rotate()
            return None

        sts.judge = judge
        targets = {**without_keys(**endpoint.environ), "ROLECALL_TARGETS": TARGETS}
        done = rolecall.run("true", ROLECALL_PREFLIGHT="false", **targets)
    assert done.code == 0, done.out
    assert len({call.access_key_id for call in sts.assumed()}) == 3
    assert not any(secret in done.everything for secret in endpoint.secrets)


def test_the_source_may_be_a_web_identity(rolecall, sts, tmp_path):
    (tmp_path / "token").write_text("a-token-of-some-provider")
    web = {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/oidc",
        "AWS_ROLE_SESSION_NAME": "web",
    }
    done = rolecall.run("env | grep -c WEB_IDENTITY || true", **without_keys(**web))
    assert done.code == 0, done.out
    roles = [call.action for call in sts.calls if call.action != "GetCallerIdentity"]
    assert roles == ["AssumeRoleWithWebIdentity", "AssumeRole"]


def test_the_source_may_be_a_profile(rolecall, sts, tmp_path):
    (tmp_path / "credentials").write_text(
        "[me]\naws_access_key_id = AKIAPROFILE000000000\naws_secret_access_key = s3cr3tprofile\n"
    )
    profile = {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_PROFILE": "me",
    }
    done = rolecall.run("cat $PWD/credentials", **without_keys(**profile))
    assert done.code == 0, done.out
    assert sts.assumed()[0].access_key_id == "AKIAPROFILE000000000"
    assert "s3cr3tprofile" not in done.out


def test_a_source_role_that_denies_is_told_in_one_line(rolecall, sts, tmp_path):
    sts.always("role/oidc", answers.access_denied("role/oidc", "sts:AssumeRoleWithWebIdentity"))
    (tmp_path / "token").write_text("a-token-of-some-provider")
    web = {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/oidc",
    }
    done = rolecall.run("true", **without_keys(**web))
    assert done.code == 4
    assert "no AWS credentials could be had: An error occurred (AccessDenied)" in done.out


def test_an_endpoint_that_gives_no_credentials_is_told_in_one_line(rolecall):
    nowhere = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/creds"}
    done = rolecall.run("true", AWS_METADATA_SERVICE_NUM_ATTEMPTS="1", **without_keys(**nowhere))
    assert done.code == 4
    assert "no AWS credentials could be had" in done.out


def test_regional_endpoints_are_used():
    for region, host in [
        ("eu-central-1", "sts.eu-central-1.amazonaws.com"),
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
    ]:
        client = Source(region).client("sts")._client
        assert client.meta.endpoint_url == f"https://{host}"


def test_preflight_asks_a_few_at_a_time(tmp_path):
    accounts = "\n".join(f"{300000000000 + n}" for n in range(24))
    with ScriptedSts(latency=0.3) as slow:
        command = Command(folder=tmp_path, url=slow.url)
        done = command.run("true", ROLECALL_TARGETS=accounts, ROLECALL_ROLE="x")
        assert done.code == 0
        begun = [call.at for call in slow.assumed()]
    assert max(begun) - min(begun) < 24 * 0.3 / 2
    assert max(sum(1 for at in begun if start <= at < start + 0.29) for start in begun) <= 8
