"""A plan in one stage, an approval, `run --plan` in the next; and ALLOWED_ACCOUNTS."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import jsonschema
import pytest

from support import answers
from support.command import SOURCE_KEYS, TARGETS

SCHEMA = Path(__file__).parents[2] / "docs" / "plan.schema.json"
ROLE = TARGETS.split()[0].partition("=")[2]
DEPLOY = {"ROLECALL_COMMANDS": "echo deployed-$ROLECALL_TARGET"}


def plan(rolecall, *more, **extra):
    done = rolecall("plan", "--out", "artifact/plan.json", *more, **{**DEPLOY, **extra})
    assert done.code == 0, done.out + done.err
    assert "Plan: artifact/plan.json; `rolecall run --plan artifact/plan.json` does" in done.out
    return done


def run(rolecall, **extra):
    return rolecall("run", "--plan", "artifact/plan.json", **{**DEPLOY, **extra})


def deployed(done):
    return [name for name in ("dev", "tst", "prd") if f"\ndeployed-{name}\n" in done.out]


def test_a_plan_is_written_in_one_stage_and_done_in_another(rolecall, sts):
    plan(rolecall, CODEBUILD_BUILD_ID="plan:1", ROLECALL_EXECUTION_ID="e1")
    assert sts.calls == []
    jsonschema.validate(
        json.loads((rolecall.folder / "artifact/plan.json").read_text()),
        json.loads(SCHEMA.read_text()),
    )
    done = run(
        rolecall,
        CODEBUILD_BUILD_ID="deploy:7",
        ROLECALL_EXECUTION_ID="e2",
        ROLECALL_LOG_LEVEL="error",
    )
    assert (done.code, deployed(done)) == (0, ["dev", "tst", "prd"]), done.err
    assert "on failure: stop; as approved in artifact/plan.json" in " ".join(done.out.split())


def test_a_run_that_differs_stops_before_anything_is_done(rolecall, sts):
    plan(rolecall)
    other = TARGETS.replace("prd=", "new=") + " sub=arn:aws:iam::555555555555:role/deploy"
    done = run(rolecall, ROLECALL_TARGETS=other, ROLECALL_BEFORE="echo hello")
    assert (done.code, done.out, sts.calls) == (2, "", [])
    assert done.err == (
        "rolecall: what would be done differs from artifact/plan.json; nothing was done\n"
        "  + new (arn:aws:iam::444444444444:role/deploy) was added\n"
        "  + sub (arn:aws:iam::555555555555:role/deploy) was added\n"
        "  - prd (arn:aws:iam::444444444444:role/deploy) is gone\n"
        "  ~ before, line 1: nothing, now `echo hello`\n"
        "  What to do: take the change back, or plan again and have that approved\n"
        "More: rolecall explain plan-differs\n"
    )
    assert not (rolecall.folder / "rolecall-report").exists()


def test_many_differences_are_counted(rolecall):
    plan(rolecall)
    many = " ".join(f"t{n}=arn:aws:iam::{n:012}:role/deploy" for n in range(1, 30))
    done = run(rolecall, ROLECALL_TARGETS=f"{TARGETS} {many}")
    assert done.code == 2
    assert "  and 9 more\n" in done.err
    assert done.err.count(" was added") == 20


def test_plan_compares_too(rolecall):
    plan(rolecall)
    here = {**DEPLOY, "ROLECALL_PLAN": "artifact/plan.json"}
    assert rolecall("plan", **here).code == 0
    done = rolecall("plan", **{**here, "ROLECALL_COMMANDS": "true"})
    assert done.code == 2
    assert "~ commands, line 1: `echo deployed-$ROLECALL_TARGET`, now `true`" in done.err


def test_a_new_plan_does_not_ask_for_the_old_one(rolecall):
    plan(rolecall, ROLECALL_PLAN="artifact/plan.json")


def test_only_and_shards_narrow_an_approved_plan(rolecall):
    plan(rolecall)
    done = run(rolecall, ROLECALL_ONLY="prd")
    assert (done.code, deployed(done)) == (0, ["prd"])
    shards = [deployed(run(rolecall, ROLECALL_SHARD=f"{n}/2")) for n in (1, 2)]
    assert shards == [["dev", "prd"], ["tst"]]


def test_a_plan_of_some_targets_is_of_no_others(rolecall):
    plan(rolecall, ROLECALL_ONLY="dev tst")
    done = run(rolecall)
    assert (done.code, deployed(done)) == (0, ["dev", "tst"])
    assert [deployed(run(rolecall, ROLECALL_SHARD=f"{n}/2")) for n in (1, 2)] == [["dev"], ["tst"]]
    done = run(rolecall, ROLECALL_ONLY="prd")
    assert done.code == 2
    assert "ROLECALL_ONLY: 'prd' means no target of artifact/plan.json" in done.message
    gone = run(rolecall, ROLECALL_TARGETS=" ".join(TARGETS.split()[1:]))
    assert "- dev (arn:aws:iam::222222222222:role/deploy) is gone" in gone.err


def test_a_plan_of_one_shard_is_a_mistake(rolecall):
    done = rolecall("plan", "--out", "plan.json", ROLECALL_SHARD="1/2", **DEPLOY)
    assert done.code == 2
    assert "ROLECALL_SHARD: is a part of the targets, and a plan is of all" in done.message


def test_a_plan_is_not_written_while_a_role_cannot_be_assumed(rolecall, sts):
    sts.always("333333333333", answers.access_denied("x"))
    done = rolecall("plan", "--check", "--out", "plan.json", **DEPLOY)
    assert done.code == 4
    assert not (rolecall.folder / "plan.json").exists()


def test_a_plan_as_json_is_all_that_is_printed_and_what_run_takes(rolecall, sts):
    done = rolecall("plan", "--format", "json", **DEPLOY)
    assert (done.code, done.err, sts.calls) == (0, "", [])
    jsonschema.validate(json.loads(done.out), json.loads(SCHEMA.read_text()))
    (rolecall.folder / "artifact").mkdir()
    (rolecall.folder / "artifact/plan.json").write_text(done.out)
    assert deployed(run(rolecall)) == ["dev", "tst", "prd"]
    assert run(rolecall, ROLECALL_BEFORE="true").code == 2


def test_a_plan_that_is_printed_and_written_is_one(rolecall):
    done = rolecall("plan", "--format", "json", "--out", "plan.json", **DEPLOY)
    assert done.out == (rolecall.folder / "plan.json").read_text()
    assert done.err == "Plan: plan.json; `rolecall run --plan plan.json` does that or nothing\n"


def test_what_is_checked_for_a_plan_as_json_is_told_beside_it(rolecall, sts):
    sts.script("222222222222", answers.THROTTLE)
    done = rolecall("plan", "--check", "--format", "json", **DEPLOY)
    assert done.code == 0, done.err
    assert [target["name"] for target in json.loads(done.out)["targets"]] == ["dev", "tst", "prd"]
    assert "prd: ok, account 444444444444" in done.err
    assert "3 of 3 roles can be assumed" in done.err
    assert not [secret for secret in sts.secrets if secret in done.out + done.err]
    sts.always("333333333333", answers.access_denied("x"))
    done = rolecall("plan", "--check", "--format", "json", **DEPLOY)
    assert (done.code, done.out) == (4, "")
    assert "tst: not assumed" in done.err


def test_neither_credentials_nor_masked_values_are_in_a_plan_as_json(rolecall):
    hidden, key = "hunter-two-000000", SOURCE_KEYS["AWS_SECRET_ACCESS_KEY"]
    targets = [{"name": "dev", "role_arn": ROLE, "variables": {"PW": "own-secret-000000"}}]
    done = rolecall(
        "plan",
        "--format",
        "json",
        ROLECALL_TARGETS=json.dumps(targets),
        ROLECALL_COMMANDS=f"login {hidden} {key}",
        ROLECALL_MASK="API_PASSWORD",
        API_PASSWORD=hidden,
    )
    assert done.code == 0, done.err
    assert json.loads(done.out)["commands"]["items"][0].startswith("login *** ***")
    for secret in (hidden, key, "own-secret-000000"):
        assert secret not in done.out + done.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ROLECALL_SHARD": "1/2"}, "ROLECALL_SHARD: is a part of the targets, and a plan is of"),
        ({"ROLECALL_TARGETS": "ssm:/list"}, "--format json: what ssm:/list lists is not known yet"),
    ],
)
def test_what_would_be_half_a_plan_is_none_as_json(rolecall, given, said):
    done = rolecall("plan", "--format", "json", **{**DEPLOY, **given})
    assert (done.code, done.out) == (2, "")
    assert said in done.message


@pytest.mark.parametrize("where", [".", "tmp"])
def test_a_plan_is_a_file(rolecall, where):
    done = rolecall("plan", "--out", where, **DEPLOY)
    assert done.code == 2
    assert f"--out: '{where}' is a folder; name a file in it" in done.message


def test_a_plan_that_cannot_be_read_is_told_with_the_other_mistakes(rolecall):
    done = rolecall("run", ROLECALL_PLAN="none.json", ROLECALL_SHELL="nosuch", **DEPLOY)
    assert (done.code, done.out) == (2, "")
    assert "2 mistakes" in done.err
    assert "none.json cannot be read: No such file or directory" in done.message


@pytest.fixture
def listed(on_moto):
    """Stores the list that ROLECALL_TARGETS=ssm:/planned names."""
    ssm = boto3.client(
        "ssm",
        aws_access_key_id="AKIASOURCEKEY0000000",
        aws_secret_access_key="x",
        region_name="eu-central-1",
        endpoint_url=on_moto.url,
    )

    def store(text):
        ssm.put_parameter(Name="/planned", Value=text, Type="String", Overwrite=True)

    return store


LIST = {"ROLECALL_TARGETS": "ssm:/planned"}


def test_a_list_in_aws_is_planned_with_check_only(on_moto, listed):
    listed(TARGETS)
    done = on_moto("plan", "--out", "plan.json", **LIST, **DEPLOY)
    assert (done.code, done.out) == (2, "")
    wrong = "--out: what ssm:/planned lists is not known yet; add --read to read it"
    assert wrong in done.message
    plan(on_moto, "--check", **LIST)
    assert deployed(run(on_moto, **LIST)) == ["dev", "tst", "prd"]
    listed(f"{TARGETS} new=arn:aws:iam::555555555555:role/deploy")
    done = run(on_moto, **LIST)
    assert (done.code, done.out) == (2, "")
    assert "+ new (arn:aws:iam::555555555555:role/deploy) was added" in done.err
    done = on_moto("plan", "--plan", "artifact/plan.json", **LIST, **DEPLOY)
    assert "--plan: what ssm:/planned lists is not known yet; add --read" in done.message


@pytest.mark.parametrize("where", ["ssm:/planned", "file:list.txt", "222222222222 555555555555"])
def test_no_account_is_deployed_to_that_is_not_allowed_wherever_it_is_listed(
    on_moto, listed, where
):
    text = TARGETS.replace("444444444444", "555555555555")
    listed(text)
    (on_moto.folder / "list.txt").write_text(text)
    done = on_moto(
        "run",
        ROLECALL_TARGETS=where,
        ROLECALL_ROLE="deploy",
        ROLECALL_ALLOWED_ACCOUNTS="222222222222,333333333333",
        **DEPLOY,
    )
    assert (done.code, done.out) == (2, "")
    assert "account 555555555555 is not among ALLOWED_ACCOUNTS" in done.message
