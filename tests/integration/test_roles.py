"""The templates' roles in a simulated organisation with IAM enforced: what they may and may not."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest
from organisation import HUB_ACCOUNT, Organisation

from support import calls, templates
from support.command import Command
from support.templates import PIPELINE, STACK_SET

# moto leaves these out; what they say is looked at in tests/unit/test_pipeline_template.py.
NOT_SIMULATED = {
    "AWS::CodeBuild::Project",
    "AWS::CodePipeline::Pipeline",
    "AWS::CodeStarNotifications::NotificationRule",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
}
ARTIFACTS = f"rolecall-artifacts-{HUB_ACCOUNT}-eu-central-1"
# As CodePipeline names them.
SOURCE = "rolecall/Source/a1b2c3d"
REPORT = "rolecall/ReportDev/a1b2c3d"
FLEET_SOURCE = "fleet/source.zip"


@pytest.fixture(scope="module")
def organisation():
    with Organisation() as found:
        yield found


@pytest.fixture
def deploy(organisation, tmp_path):
    """Runs `rolecall run` as CodeBuild would, in the service role of the hub."""

    def _deploy(targets, commands="touch deployed", **extra):
        return Command(folder=tmp_path, url=organisation.url).run(
            commands, **{**organisation.environment(), "ROLECALL_TARGETS": targets, **extra}
        )

    return _deploy


def calling(tried):
    """The command that makes these calls and writes down what became of each."""
    script = shlex.join([sys.executable, str(Path(calls.__file__)), json.dumps(tried)])
    return f"{script} > outcomes"


def outcomes(done, tried):
    """What became of each call, by operation and arguments, so that a failure names it."""
    assert done.code == 0, done.out
    found = json.loads((done.folder / "outcomes").read_text())
    return list(zip((json.dumps(call) for call in tried), found, strict=True))


def assert_outcomes(deploy, targets, *, allowed=(), denied=(), **extra):
    """One run, in whose target these calls are allowed and those are denied."""
    tried = [*allowed, *denied]
    found = outcomes(deploy(targets, calling(tried), **extra), tried)
    wanted = ["allowed"] * len(allowed) + ["denied"] * len(denied)
    assert found == list(zip((call for call, _ in found), wanted, strict=True))


def dev_target(organisation):
    return f"dev={organisation.targets[0].role_arn}"


def put(bucket, key="page"):
    return ("s3", "put_object", {"Bucket": bucket, "Key": key, "Body": "hello"})


def s3(operation, bucket, **arguments):
    return ("s3", operation, {"Bucket": bucket, **arguments})


def get(key):
    return ("s3", "get_object", {"Bucket": ARTIFACTS, "Key": key})


def put_parameter(name):
    return ("ssm", "put_parameter", {"Name": name, "Value": "7", "Type": "String"})


def target(account, **parameters):
    return {
        "Environment": "second",
        "SourceAccountId": HUB_ACCOUNT,
        "BucketName": f"site-{account}",
        **parameters,
    }


def test_a_run_does_in_the_target_what_its_role_allows(organisation, deploy):
    bucket = organisation.targets[0].bucket
    allowed = [
        put(bucket),
        s3("list_objects_v2", bucket),
        s3("get_object", bucket, Key="page"),
        s3("delete_object", bucket, Key="page"),
        put_parameter("/rolecall/version"),
        ("ssm", "get_parameter", {"Name": "/rolecall/version"}),
    ]
    assert_outcomes(deploy, dev_target(organisation), allowed=allowed)


def test_a_run_is_denied_whatever_else_it_tries(organisation, deploy):
    dev, other = organisation.targets[:2]
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    role = "crossaccount-dev-role"
    denied = [
        put(other.bucket),
        s3("list_objects_v2", other.bucket),
        s3("delete_bucket", dev.bucket),
        s3("put_bucket_acl", dev.bucket, ACL="public-read"),
        put_parameter("/elsewhere/version"),
        put_parameter("/rolecallers"),
        ("ssm", "delete_parameter", {"Name": "/rolecall/version"}),
        ("iam", "list_users", {}),
        ("iam", "attach_role_policy", {"RoleName": role, "PolicyArn": administrator}),
        ("ec2", "describe_instances", {}),
        ("sts", "assume_role", {"RoleArn": other.role_arn, "RoleSessionName": "xx"}),
    ]
    assert_outcomes(deploy, dev_target(organisation), denied=denied)


def test_a_role_that_is_not_on_the_list_is_not_assumed_and_nothing_is_deployed(
    organisation, deploy
):
    account = organisation.targets[0].account_id
    organisation.deploy(account, "target-role.yaml", target(account, Environment="unlisted"), "u")
    unlisted = f"arn:aws:iam::{account}:role/crossaccount-unlisted-role"
    done = deploy(f"{dev_target(organisation)} unlisted={unlisted}")
    assert done.code == 4
    assert "AccessDenied" in done.out
    assert done.statuses == ["not run", "not assumed"]
    assert not (done.folder / "deployed").exists()


def test_prefixes_narrow_what_a_run_reaches(organisation, deploy):
    dev = organisation.targets[0]
    narrow = target(
        dev.account_id,
        RoleName="narrow",
        Path="/deploy/",
        BucketName=dev.bucket,
        ObjectPrefix="site/live",
        ParameterPrefix="app/web",
    )
    organisation.deploy(dev.account_id, "target-role.yaml", narrow, "narrow")
    role = f"arn:aws:iam::{dev.account_id}:role/deploy/narrow"
    organisation.allow([*(each.role_arn for each in organisation.targets), role])
    assert_outcomes(
        deploy,
        f"narrow={role}",
        allowed=[put(dev.bucket, "site/live/page"), put_parameter("/app/web/version")],
        denied=[
            put(dev.bucket, "site/page"),
            put(dev.bucket, "site/livery/page"),
            put_parameter("/app/version"),
            put_parameter("/rolecall/version"),
        ],
    )


def test_a_boundary_a_longer_session_and_an_external_id_come_with_the_role(organisation, deploy):
    account = organisation.targets[0].account_id
    boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
    parameters = target(
        account,
        Environment="bound",
        PermissionsBoundary=boundary,
        MaxSessionDuration="7200",
        ExternalId="4711",
    )
    organisation.deploy(account, "target-role.yaml", parameters, "bound")
    iam = organisation.client("iam", account)
    role = iam.get_role(RoleName="crossaccount-bound-role")["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert role["MaxSessionDuration"] == 7200
    trust = role["AssumeRolePolicyDocument"]["Statement"][0]
    assert trust["Condition"]["StringEquals"]["sts:ExternalId"] == "4711"
    organisation.allow([*(each.role_arn for each in organisation.targets), role["Arn"]])
    done = deploy(f"bound={role['Arn']}", ROLECALL_EXTERNAL_ID="4711")
    assert done.code == 0, done.out


@pytest.fixture(scope="module")
def buckets(organisation):
    """The artifact bucket, and another one."""
    admin = organisation.client("s3", HUB_ACCOUNT)
    for bucket in (ARTIFACTS, "other"):
        location = {"LocationConstraint": "eu-central-1"}
        admin.create_bucket(Bucket=bucket, CreateBucketConfiguration=location)


@pytest.mark.usefixtures("buckets")
def test_the_service_role_remembers_successes_in_the_artifact_bucket_alone(organisation, deploy):
    def run(bucket):
        state = {"ROLECALL_STATE": f"s3://{bucket}/state", "ROLECALL_RUN_ID": "42"}
        return deploy(dev_target(organisation), "true", **state)

    assert run(ARTIFACTS).statuses == ["succeeded"]
    assert run(ARTIFACTS).statuses == ["succeeded before"]
    refused = run("other")
    assert (refused.code, "allow s3:PutObject on it" in refused.message) == (2, True), refused.err


@pytest.mark.usefixtures("buckets")
def test_the_service_role_writes_its_own_artifacts_and_logs_and_nothing_more(organisation, deploy):
    ecr = organisation.client("ecr", HUB_ACCOUNT)
    for name in ("rolecall", "other"):
        ecr.create_repository(repositoryName=name)
    group = "/aws/codebuild/rolecall"
    images = {"imageIds": [{"imageTag": "latest"}]}
    for key in (SOURCE, FLEET_SOURCE):
        organisation.client("s3", HUB_ACCOUNT).put_object(Bucket=ARTIFACTS, Key=key, Body=b"old")
    allowed = [
        put(ARTIFACTS, REPORT),
        get(SOURCE),
        ("logs", "create_log_group", {"logGroupName": f"{group}-deploy"}),
        ("ecr", "get_authorization_token", {}),
        ("ecr", "batch_get_image", {"repositoryName": "rolecall", **images}),
    ]
    denied = [
        put("other"),
        put(ARTIFACTS),
        put(ARTIFACTS, SOURCE),
        put(ARTIFACTS, FLEET_SOURCE),
        put(ARTIFACTS, "fleet/runs/one/report.json"),
        s3("delete_object", ARTIFACTS, Key=SOURCE),
        get(FLEET_SOURCE),
        s3("list_objects_v2", ARTIFACTS),
        ("logs", "create_log_group", {"logGroupName": f"{group}-image"}),
        ("ecr", "batch_get_image", {"repositoryName": "other", **images}),
        ("ecr", "delete_repository", {"repositoryName": "rolecall", "force": True}),
        ("iam", "list_roles", {}),
        ("ssm", "get_parameter", {"Name": "/rolecall/version"}),
    ]
    tried = [*allowed, *denied]
    done = deploy(dev_target(organisation), "true", ROLECALL_BEFORE=calling(tried))
    wanted = ["allowed"] * len(allowed) + ["denied"] * len(denied)
    found = outcomes(done, tried)
    assert found == list(zip((call for call, _ in found), wanted, strict=True))


@pytest.fixture(scope="module")
def pipeline():
    """The pipeline's own stack, in the hub of another organisation."""
    with Organisation() as found:
        found.deploy(HUB_ACCOUNT, "pipeline.yaml", PIPELINE, "pipeline")
        for key in (SOURCE, "state/one/1-of-1.json"):
            found.client("s3", HUB_ACCOUNT).put_object(Bucket=ARTIFACTS, Key=key, Body=b"{}")
        yield found


def physical_ids(organisation, stack="pipeline"):
    found = organisation.client("cloudformation", HUB_ACCOUNT).list_stack_resources(
        StackName=stack
    )["StackResourceSummaries"]
    return {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for each in found
        if each.get("PhysicalResourceId")
    }


def role_name(organisation, role, stack="pipeline"):
    """A role of that stack, or the service role of the deploys, which comes before it."""
    return "rolecall-codebuild" if role == "SourceRole" else physical_ids(organisation, stack)[role]


def test_the_pipelines_template_deploys_but_for_what_moto_does_not_know(pipeline):
    declared = templates.load("pipeline.yaml")["Resources"]
    missing = {declared[name]["Type"] for name in declared.keys() - physical_ids(pipeline)}
    assert missing == NOT_SIMULATED
    repository = pipeline.client("ecr", HUB_ACCOUNT).describe_repositories()["repositories"][0]
    assert repository["repositoryName"] == "rolecall"
    assert repository["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    s3 = pipeline.client("s3", HUB_ACCOUNT)
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == [ARTIFACTS]


CALLS = {
    "read the source": get(SOURCE),
    "put the source": put(ARTIFACTS, "rolecall/Source/e4f5a6b"),
    "put a report": put(ARTIFACTS, REPORT),
    "replace a fleet's source": put(ARTIFACTS, FLEET_SOURCE),
    "write a state": put(ARTIFACTS, "state/one/1-of-1.json"),
    "push an image": ("ecr", "initiate_layer_upload", {"repositoryName": "rolecall"}),
    "delete images": ("ecr", "delete_repository", {"repositoryName": "rolecall", "force": True}),
    "list users": ("iam", "list_users", {}),
    "assume a target's role": (
        "sts",
        "assume_role",
        {"RoleArn": templates.TARGET_ROLE, "RoleSessionName": "xx"},
    ),
}
MAY = {
    "ImageRole": {"read the source", "push an image"},
    "PipelineRole": {"read the source", "put the source", "put a report"},
    "SourceRole": {"read the source", "put a report", "write a state", "assume a target's role"},
}


@pytest.mark.parametrize("role", sorted(MAY))
def test_each_role_of_the_pipeline_does_its_own_part_alone(pipeline, role):
    keys = pipeline.role(role_name(pipeline, role))
    found = {
        name: calls.outcome(pipeline.client_with(keys, service), operation, arguments)
        for name, (service, operation, arguments) in CALLS.items()
    }
    assert found == {name: "allowed" if name in MAY[role] else "denied" for name in CALLS}


@pytest.mark.parametrize(("given", "listing"), [("allow", "allowed"), ("refuse", "denied")])
def test_the_hubs_role_reads_the_organisation_where_it_may(organisation, given, listing):
    name = f"reader-{given}"
    parameters = {
        "RoleName": name,
        "TargetRoleArns": templates.TARGET_ROLE,
        "ReadOrganization": given,
    }
    organisation.deploy(HUB_ACCOUNT, "source-role.yaml", parameters, stack=name)
    client = organisation.client_with(organisation.role(name), "organizations")
    tried = {"list_accounts": listing, "list_roots": listing, "create_organization": "denied"}
    # Without an organisation there is no root to list.
    found = {each: calls.outcome(client, each, {}).partition(",")[0] for each in tried}
    assert found == tried


@pytest.fixture(scope="module")
def fleet(pipeline):
    """The fleet's stack beside the pipeline's."""
    pipeline.deploy(HUB_ACCOUNT, "fleet.yaml", {}, "fleet")
    for key in (FLEET_SOURCE, "fleet/runs/one/report.json", "other/secret"):
        pipeline.client("s3", HUB_ACCOUNT).put_object(Bucket=ARTIFACTS, Key=key, Body=b"{}")
    return pipeline


FLEET_CALLS = {
    "read the source": get(FLEET_SOURCE),
    "replace the source": put(ARTIFACTS, FLEET_SOURCE),
    "read a report": get("fleet/runs/one/report.json"),
    "write a report": put(ARTIFACTS, "fleet/runs/one/report.json"),
    "write results": put(ARTIFACTS, "fleet/results/one/manifest.json"),
    "write a merged report": put(ARTIFACTS, "fleet/merged/one/report.json"),
    "read something else": get("other/secret"),
    "list users": CALLS["list users"],
    "assume a target's role": CALLS["assume a target's role"],
}
FLEET_MAY = {
    "StatesRole": {"read the source", "write results"},
    "MergeRole": {"read a report", "write a merged report"},
    "EventsRole": set(),
    "SourceRole": {"read the source", "write a report", "assume a target's role"},
}


@pytest.mark.parametrize("role", sorted(FLEET_MAY))
def test_each_role_of_the_fleet_does_its_own_part_alone(fleet, role):
    keys = fleet.role(role_name(fleet, role, "fleet"))
    found = {
        name: calls.outcome(fleet.client_with(keys, service), operation, arguments)
        for name, (service, operation, arguments) in FLEET_CALLS.items()
    }
    assert found == {n: "allowed" if n in FLEET_MAY[role] else "denied" for n in FLEET_CALLS}


def test_a_stack_set_puts_the_role_into_the_accounts_of_its_units(organisation, deploy):
    organizations = organisation.client("organizations", HUB_ACCOUNT)
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit, other = (
        organizations.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"][
            "Id"
        ]
        for name in ("workloads", "sandboxes")
    )
    account, outside = (
        organizations.create_account(Email=f"{name}@example.com", AccountName=name)[
            "CreateAccountStatus"
        ]["AccountId"]
        for name in ("inside", "outside")
    )
    organizations.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    organizations.move_account(AccountId=outside, SourceParentId=root, DestinationParentId=other)
    given = {**STACK_SET, "OrganizationalUnitIds": unit, "BucketName": "site-"}
    resources = templates.synthesise("target-role-stackset.yaml", HUB_ACCOUNT, **given)
    stack_set = resources["TargetRoles"]["Properties"]
    cloudformation = organisation.client("cloudformation", HUB_ACCOUNT)
    cloudformation.create_stack_set(
        StackSetName=stack_set["StackSetName"],
        TemplateBody=(templates.FOLDER / "target-role.yaml").read_text(),
        PermissionModel=stack_set["PermissionModel"],
        AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": False},
        Capabilities=stack_set["Capabilities"],
        Parameters=stack_set["Parameters"],
    )
    group = stack_set["StackInstancesGroup"][0]
    cloudformation.create_stack_instances(
        StackSetName=stack_set["StackSetName"],
        DeploymentTargets=group["DeploymentTargets"],
        Regions=group["Regions"],
    )
    instances = cloudformation.list_stack_instances(StackSetName=stack_set["StackSetName"])
    assert {each["Account"] for each in instances["Summaries"]} == {account}
    role = f"arn:aws:iam::{account}:role/crossaccount-dev-role"
    organisation.allow([*(each.role_arn for each in organisation.targets), role])
    assert_outcomes(
        deploy,
        f"new={role}",
        allowed=[put_parameter("/rolecall/version")],
        denied=[s3("list_objects_v2", organisation.targets[0].bucket)],
    )
