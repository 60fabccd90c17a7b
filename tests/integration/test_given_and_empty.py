"""What is given and empty, or was resolved by nobody: nothing is called, and nothing is green."""

from __future__ import annotations

import json

import pytest

EXEC = ("--", "touch deployed")
NOTHING = ("--only", "")
REFERENCE = "#{variables.DeployCommands}"


def untouched(done, sts):
    assert not sts.assumed()
    assert not (done.folder / "deployed").exists()
    return done


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["run", "--only", ""], "--only"),
        (["run", "--only", " , "], "--only"),
        (["run", "--shard", ""], "--shard"),
        (["run", "--targets", ""], "--targets"),
        (["plan", "--check", "--only", ""], "--only"),
        (["plan", "--batch", "--only", ""], "--only"),
        (["exec", "--all", "--only", "", *EXEC], "--only"),
        (["exec", "dev", "--only", "", *EXEC], "--only"),
        (["assume", "--only", ""], "--only"),
        (["--only", ""], "--only"),
    ],
)
def test_what_narrows_and_is_empty_leaves_nothing_to_do(rolecall, sts, words, place):
    done = untouched(rolecall(*words, ROLECALL_COMMANDS="touch deployed"), sts)
    assert done.code == 3
    assert f"nothing to do: {place} is given and empty, which leaves no target" in done.message


def test_the_failed_targets_of_a_run_in_which_none_failed_are_nothing_to_do(rolecall, sts):
    done = untouched(rolecall.run("touch deployed", ROLECALL_ONLY=""), sts)
    assert done.code == 3
    assert "ROLECALL_ONLY is given and empty" in done.message


def test_a_mistake_comes_before_nothing_to_do_and_no_list_is_read_for_it(rolecall):
    done = rolecall.run("true", ROLECALL_ONLY="", ROLECALL_TIMEOUT="x")
    assert (done.code, "1 mistake" in done.err) == (2, True)
    assert rolecall.run("true", ROLECALL_ONLY="", ROLECALL_TARGETS="ssm:/nowhere").code == 3


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--plan", ""],
        ["run", "--allowed-accounts", ""],
        ["run", "--config", ""],
        ["run", "--regions", " "],
        ["exec", "--all", "--allowed-accounts", ",", *EXEC],
        ["exec", "", *EXEC],
        ["exec", "", "--all", *EXEC],
        ["exec", "dev", "--", " "],
        ["exec", "dev", "--", "# touch deployed"],
        ["exec", "--all", "--parallel", "", *EXEC],
        ["assume", ""],
        ["assume", "", "profile"],
        ["assume", "arn:aws:iam::222222222222:role/x", ""],
        ["plan", "--out", ""],
        ["plan", "--batch", "--shards", ""],
        ["plan", "--batch", "--buildspec", ""],
        ["merge", ""],
        ["merge", ".", " "],
        ["merge", ".", "--out", ""],
        ["report", ""],
        ["report", "--compare", ""],
        ["report", "--out", ""],
        ["explain", ""],
        ["state", "clear", "--run-id", ""],
    ],
)
def test_any_other_argument_that_is_empty_is_a_mistake(rolecall, sts, words):
    done = untouched(rolecall(*words, ROLECALL_COMMANDS="touch deployed"), sts)
    assert done.code == 2
    said = ("is given and empty", "is empty, which would", "a shell does nothing")
    assert any(text in done.message for text in said)


@pytest.mark.parametrize("name", ["PLAN", "ALLOWED_ACCOUNTS", "CONFIG", "SESSION_POLICY"])
def test_an_empty_variable_is_a_mistake_where_it_guards(rolecall, sts, name):
    done = untouched(rolecall.run("touch deployed", **{f"ROLECALL_{name}": ""}), sts)
    assert done.code == 2
    assert f"ROLECALL_{name}: is" in done.message


@pytest.mark.parametrize("name", ["RUN_ID", "EXECUTION_ID"])
def test_the_states_of_every_run_are_not_cleared_for_one_that_is_empty(rolecall, name):
    given = {"ROLECALL_STATE": "state", f"ROLECALL_{name}": ""}
    assert rolecall.run("true", ROLECALL_STATE="state", ROLECALL_RUN_ID="a").code == 0
    done = rolecall("state", "clear", **given)
    assert done.code == 2
    assert f"ROLECALL_{name}: is empty, which would clear the states of every run" in done.message
    assert rolecall("state", **given).out.startswith("run a")
    assert rolecall("state", "clear", ROLECALL_STATE="state").code == 0


@pytest.mark.parametrize(
    "variables",
    [
        {"ROLECALL_COMMANDS": REFERENCE},
        {"ROLECALL_COMMANDS": f"touch deployed\n{REFERENCE}"},
        {"ROLECALL_BEFORE": REFERENCE},
        {"ROLECALL_RUN_ID": REFERENCE},
        {"ROLECALL_EXECUTION_ID": "#{codepipeline.PipelineExecutionId}"},
        {"ROLECALL_TARGET_NEW": REFERENCE},
        {
            "ROLECALL_TARGETS": json.dumps(
                [{"role_arn": "arn:aws:iam::222222222222:role/x", "variables": {"A": REFERENCE}}]
            )
        },
    ],
)
def test_what_no_pipeline_has_resolved_is_refused_with_where_pipelines_do(rolecall, sts, variables):
    given = {"ROLECALL_COMMANDS": "touch deployed", "ROLECALL_STATE": "state"}
    given |= {"ROLECALL_RUN_ID": "a", **variables}
    done = untouched(rolecall("run", **given), sts)
    assert done.code == 2
    assert "which nothing has resolved" in done.message
    assert "an action's configuration alone" in done.message
    assert "give the action" not in done.message
    assert not (rolecall.folder / "state").exists()


def test_the_report_of_another_folder_than_was_meant_is_not_shown(rolecall):
    assert rolecall.run("true").code == 0
    done = rolecall("report", ROLECALL_REPORT_DIR="#{variables.Folder}")
    assert (done.code, done.out) == (2, "")
    assert "ROLECALL_REPORT_DIR: holds #{variables.Folder}" in done.message
    assert rolecall("report", "rolecall-report", ROLECALL_REPORT_DIR="#{x.y}").code == 0
    assert rolecall("merge", ".", ROLECALL_REPORT_DIR="#{variables.Folder}").code == 2


FLAGS_OF_NO_USE = [
    (["exec", "dev"], ["--plan", "p"], "run and plan"),
    (["exec", "--all"], ["--plan", "p"], "run and plan"),
    (["exec", "--all"], ["--commands", "make"], "run and plan"),
    (["exec", "dev"], ["--state", "s"], "run and plan"),
    (["exec", "dev"], ["--shard", "1/2"], "--all"),
    (["assume", "dev"], ["--max-parallel", "2"], "run and plan"),
    (["state", "clear"], ["--shard", "1/2"], "run and plan"),
]


@pytest.mark.parametrize(("words", "flag", "goes_with"), FLAGS_OF_NO_USE)
def test_a_flag_that_a_command_would_pass_over_is_refused(rolecall, sts, words, flag, goes_with):
    rest = EXEC if words[0] == "exec" else ()
    done = untouched(rolecall(*words, *flag, *rest), sts)
    assert done.code == 2
    said = f"{flag[0]} changes nothing about {words[0]}; it goes with {goes_with}"
    assert said in done.message


def test_exec_runs_where_a_target_and_its_regions_are_named_and_only_allows(rolecall):
    given = {"ROLECALL_REGIONS": "eu-west-1,us-east-1"}
    script = ("--", 'echo "$ROLECALL_TARGET $ROLECALL_REGION"')
    assert rolecall("exec", "tst/us-east-1", *script, **given).out == "tst us-east-1\n"
    both = "tst eu-west-1\ntst us-east-1\n"
    assert rolecall("exec", "tst", *script, **given).out == both
    only = rolecall("exec", "tst", "--only", "tst/us-east-1", *script, **given)
    assert only.out == "tst us-east-1\n"
    done = rolecall("exec", "tst", *script, ROLECALL_ONLY="dev", **given)
    assert (done.code, done.out) == (2, "")
    assert "TARGET: 'tst' is not among the targets that ONLY leaves" in done.message


def test_a_plan_in_the_regions_of_a_flag_is_run_with_that_flag_and_not_without(rolecall, sts):
    target = {"role_arn": "arn:aws:iam::222222222222:role/x", "regions": ["eu-west-1", "us-east-1"]}
    given = {"ROLECALL_TARGETS": json.dumps([target]), "ROLECALL_COMMANDS": "touch deployed"}
    flag = ("--regions", "us-east-1")
    assert rolecall("plan", "--out", "p.json", *flag, **given).code == 0
    assert untouched(rolecall("run", "--plan", "p.json", **given), sts).code == 2
    done = rolecall("run", "--plan", "p.json", *flag, **given)
    assert done.code == 0, done.err
    assert [result["region"] for result in done.report["results"]] == ["us-east-1"]


def test_which_of_two_policies_counts_is_said(rolecall):
    (rolecall.folder / "rolecall.yml").write_text("max_failures: 1\ncommands: exit 1\n")
    done = rolecall("run", "--on-failure", "continue")
    assert (done.code, done.statuses) == (1, ["failed"] * 3)
    assert "rolecall.yml:1: gives way to --on-failure" in done.message


def test_a_batch_deploys_to_no_other_region_than_was_asked_for(rolecall):
    (rolecall.folder / "buildspec.yml").write_text("phases: {build: {commands: [rolecall run]}}\n")
    given = {"ROLECALL_REGIONS": "eu-west-1,us-east-1", "ROLECALL_COMMANDS": "true"}
    batch = ("plan", "--batch")
    out = rolecall(*batch, "target", "--only", "dev/us-east-1,tst", **given).out
    assert out.count("ROLECALL_ONLY") == 2
    assert 'ROLECALL_ONLY: "dev/us-east-1"' in out
    assert 'ROLECALL_ONLY: "tst"' in out
    out = rolecall(*batch, "wave", "--only", "*/us-east-1", **given).out
    assert 'ROLECALL_ONLY: "dev/us-east-1 tst/us-east-1 prd/us-east-1"' in out


def test_a_batch_does_not_hand_on_a_flag_that_would_lose_there(rolecall):
    (rolecall.folder / "buildspec.yml").write_text("phases: {build: {commands: [rolecall run]}}\n")
    targets = json.dumps([{"role_arn": "arn:aws:iam::222222222222:role/x", "duration": "15m"}])
    done = rolecall(
        "plan", "--batch", "--duration", "1h", ROLECALL_TARGETS=targets, ROLECALL_COMMANDS="true"
    )
    assert (done.code, done.out) == (2, "")
    assert "has a duration of its own, which --duration goes before" in done.message
