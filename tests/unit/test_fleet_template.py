"""The fleet's template, synthesised: what its roles may do, and what starts what."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase

import pytest

from support import policies, templates
from support.buildspec_file import parse
from support.templates import HUB, PIPELINE, TARGET_ROLE

ARN = f"arn:aws:{{}}:eu-central-1:{HUB}:{{}}"
BUCKET = f"arn:aws:s3:::rolecall-artifacts-{HUB}-eu-central-1"


def synthesise(**parameters):
    return templates.synthesise("fleet.yaml", HUB, **parameters)


def definition(**parameters):
    return json.loads(synthesise(**parameters)["Fleet"]["Properties"]["DefinitionString"])


def allowed(policy):
    """Each action that a policy allows, with its resource."""
    for statement in synthesise()[policy]["Properties"]["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            yield action, statement["Resource"]


def resources_of(policy, action):
    return [resource for each, resource in allowed(policy) if fnmatchcase(action, each)]


def test_parameters_reach_the_state_machine_as_numbers():
    wave = definition(MaxConcurrency="7", ToleratedFailurePercentage="12")["States"]["Wave"]
    assert (wave["MaxConcurrency"], wave["ToleratedFailurePercentage"]) == (7, 12)
    assert wave["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"


def test_no_state_catches_the_failure_of_a_wave_or_there_would_be_nothing_to_redrive():
    assert "Catch" not in json.dumps(definition())


def test_every_state_is_reached():
    states = definition()["States"]
    named = {definition()["StartAt"], states["More waves?"]["Default"]}
    named |= {choice["Next"] for choice in states["More waves?"]["Choices"]}
    named |= {state["Next"] for state in states.values() if "Next" in state}
    assert named == set(states)


def test_an_input_chooses_the_share_of_a_build_and_no_other_variable():
    build = definition()["States"]["Wave"]["ItemProcessor"]["States"]["Build"]
    names = [v["Name"] for v in build["Parameters"]["EnvironmentVariablesOverride"]]
    assert names == ["ROLECALL_ONLY", "ROLECALL_SHARD", "ROLECALL_EXECUTION_ID"]
    assert not {"BuildspecOverride", "ImageOverride", "ServiceRoleOverride"} & set(
        build["Parameters"]
    )


def test_the_state_machine_starts_builds_of_the_deploy_project_alone():
    project = ARN.format("codebuild", "project/rolecall-deploy")
    assert resources_of("StatesPolicy", "codebuild:StartBuild") == [project]
    assert resources_of("StatesPolicy", "codebuild:StopBuild") == [project]
    children = ARN.format("states", "execution:rolecall-fleet/builds:*")
    assert resources_of("StatesPolicy", "states:RedriveExecution") == [children]
    assert definition()["States"]["Wave"]["Label"] == "builds"


VARIABLES = "codebuild:environment.environmentVariables.name"


def starts(policy, project, keys):
    return policies.effect(
        synthesise()[policy]["Properties"]["PolicyDocument"],
        action="codebuild:StartBuild",
        resource=ARN.format("codebuild", f"project/rolecall-{project}"),
        keys=keys,
    )


def given_to_builds():
    """The condition keys of what the state machine asks for."""
    build = definition()["States"]["Wave"]["ItemProcessor"]["States"]["Build"]["Parameters"]
    names = [v["Name"] for v in build["EnvironmentVariablesOverride"]]
    return {VARIABLES: names, "codebuild:source.location": build["SourceLocationOverride"]}


@pytest.mark.parametrize(
    "changed",
    [
        *({key: "other"} for key in templates.OVERRIDES),
        {VARIABLES: ["ROLECALL_ONLY", "ROLECALL_COMMANDS"]},
        {"codebuild:source.location": "rolecall-artifacts-1/fleet/runs/a.zip"},
    ],
    ids=str,
)
def test_the_fleets_builds_are_started_as_the_state_machine_does_it_alone(changed):
    usual = given_to_builds()
    assert starts("StatesPolicy", "deploy", usual) == "Allow"
    assert starts("StatesPolicy", "deploy", {**usual, **changed}) == ""
    without = {VARIABLES: usual[VARIABLES]}
    assert starts("StatesPolicy", "deploy", without) == ""


@pytest.mark.parametrize(
    "changed",
    [
        *({key: "other"} for key in (*templates.OVERRIDES, "codebuild:source.location")),
        {VARIABLES: ["EXECUTION", "BUCKET"]},
    ],
    ids=str,
)
def test_the_merge_is_started_with_an_execution_and_nothing_else(changed):
    usual = {VARIABLES: ["EXECUTION"]}
    assert starts("EventsPolicy", "merge", usual) == "Allow"
    assert starts("EventsPolicy", "merge", {**usual, **changed}) == ""


@pytest.mark.parametrize("wrong", ["fleet/runs/a.zip", "fleet/a.zip", "fleet/source*.zip", "a.zip"])
def test_the_source_lies_where_no_build_may_write(wrong):
    allowed = templates.load("fleet.yaml")["Parameters"]["SourceKey"]["AllowedPattern"]
    assert re.fullmatch(allowed, "fleet/source.zip")
    assert re.fullmatch(allowed, "fleet/source/main.zip")
    assert not re.fullmatch(allowed, wrong)
    assert resources_of("BuildsPolicy", "s3:PutObject") == [f"{BUCKET}/fleet/runs/*"]
    assert resources_of("BuildsPolicy", "s3:GetObject") == [f"{BUCKET}/fleet/source.zip"]


@pytest.mark.parametrize("policy", ["StatesPolicy", "MergePolicy", "EventsPolicy"])
@pytest.mark.parametrize("action", ["sts:AssumeRole", "iam:PassRole", "s3:DeleteObject"])
def test_no_role_of_the_fleet_reaches_an_account_or_removes_anything(policy, action):
    assert resources_of(policy, action) == []


def test_each_role_writes_below_its_own_prefix():
    assert resources_of("StatesPolicy", "s3:PutObject") == [f"{BUCKET}/fleet/results/*"]
    assert resources_of("MergePolicy", "s3:PutObject") == [f"{BUCKET}/fleet/merged/*"]
    assert resources_of("MergePolicy", "s3:GetObject") == [f"{BUCKET}/fleet/runs/*"]
    assert resources_of("StatesPolicy", "s3:GetObject")[0] == f"{BUCKET}/fleet/source.zip"
    assert list(allowed("EventsPolicy")) == [
        ("codebuild:StartBuild", ARN.format("codebuild", "project/rolecall-merge"))
    ]


def test_the_rule_hears_of_every_end_of_an_execution_and_starts_the_merge():
    rule = synthesise()["Ended"]["Properties"]
    assert rule["EventPattern"]["detail"] == {
        "stateMachineArn": ["<Fleet>"],
        "status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
    }
    target = rule["Targets"][0]
    assert target["Arn"] == ARN.format("codebuild", "project/rolecall-merge")
    asked = json.loads(target["InputTransformer"]["InputTemplate"].replace("<execution>", '"x"'))
    assert asked == {
        "environmentVariablesOverride": [{"name": "EXECUTION", "type": "PLAINTEXT", "value": "x"}]
    }


def test_the_merging_build_reads_what_the_builds_wrote():
    project = synthesise()["MergeProject"]["Properties"]
    spec = parse(project["Source"]["BuildSpec"])
    fetched = spec.phases["build"].commands[0]
    build = definition()["States"]["Wave"]["ItemProcessor"]["States"]["Build"]["Parameters"]
    path = build["ArtifactsOverride"]["Path.$"]
    assert path == "States.Format('fleet/runs/{}', $.execution)"
    assert '"s3://$BUCKET/fleet/runs/$EXECUTION/"' in fetched
    assert spec.artifacts[0].name == "$EXECUTION"
    assert project["Artifacts"]["OverrideArtifactName"] == "true"


def test_the_names_are_those_of_the_pipeline():
    pipeline = templates.synthesise("pipeline.yaml", HUB, **PIPELINE)
    bucket = pipeline["ArtifactBucket"]["Properties"]["BucketName"]
    assert f"arn:aws:s3:::{bucket}" == BUCKET
    deploy = pipeline["DeployProject"]["Properties"]["Name"]
    build = definition()["States"]["Wave"]["ItemProcessor"]["States"]["Build"]["Parameters"]
    assert build["ProjectName"] == deploy
    assert pipeline["KeyAlias"]["Properties"]["AliasName"] in json.dumps(synthesise())
    source = templates.synthesise("source-role.yaml", HUB, TargetRoleArns=TARGET_ROLE)
    name = source["SourceRole"]["Properties"]["RoleName"]
    assert synthesise()["BuildsPolicy"]["Properties"]["Roles"] == [name]
