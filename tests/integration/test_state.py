"""STATE in a folder: a retry skips what succeeded, for as long as it is the same thing."""

from __future__ import annotations

import json
import re
import signal

import pytest

from support import logs_page
from support.command import ACCOUNTS, SOURCE_KEYS, TARGETS

KNOWN = {"ROLECALL_STATE": "state", "ROLECALL_RUN_ID": "release-42"}
BEFORE = "succeeded before"


@pytest.fixture
def ledger(tmp_path):
    """What was run, in order: a script that writes it down, and what it wrote."""
    path = tmp_path / "ledger"

    class Ledger:
        script = f'echo "$ROLECALL_TARGET" >>{path}'

        def take(self):
            found = path.read_text().split() if path.exists() else []
            path.write_text("")
            return found

    return Ledger()


@pytest.fixture
def failing(ledger, tmp_path):
    """A script that fails in prd until the file `mended` is there."""
    return f"test $ROLECALL_TARGET != prd -o -e {tmp_path}/mended; {ledger.script}"


def test_a_retry_runs_only_what_did_not_succeed(rolecall, sts, ledger, failing, tmp_path):
    first = rolecall.run(failing, **KNOWN)
    assert (first.code, first.statuses) == (1, ["succeeded", "succeeded", "failed"])
    assert ledger.take() == ["dev", "tst"]
    (tmp_path / "mended").touch()
    sts.calls.clear()
    done = rolecall.run(failing, **KNOWN)
    assert (done.code, done.statuses) == (0, [BEFORE, BEFORE, "succeeded"]), done.out
    assert ledger.take() == ["prd"]
    assert [call.role_arn.split(":")[4] for call in sts.assumed()] == [ACCOUNTS[2]]
    assert "State: 2 of 3 targets succeeded in an earlier try, 1 left to run" in done.out
    assert "Preflight: assuming 1 role\n" in done.out
    assert "1 succeeded, 2 succeeded before in" in done.out


def test_where_nothing_is_left_no_role_is_assumed_and_that_is_a_success(rolecall, sts):
    known = {**KNOWN, "ROLECALL_BEFORE": "echo prepared"}
    assert rolecall.run("true", **known).code == 0
    sts.calls.clear()
    done = rolecall.run("true", **known)
    assert (done.code, done.statuses) == (0, [BEFORE] * 3)
    assert sts.calls == []
    assert "nothing is left to run" in done.out
    assert "\nprepared" not in done.out


def test_every_report_tells_what_succeeded_before(rolecall, tmp_path):
    rolecall.run("true", **KNOWN)
    done = rolecall.run("true", **KNOWN)
    result = done.report["results"][0]
    assert (result["status"], result["started_at"], result["commands"]) == (BEFORE, None, [])
    assert re.fullmatch(r"in an earlier try, at .* UTC \(process \d+ on .*\)", result["reason"])
    assert done.report["counts"][BEFORE] == 3
    folder = tmp_path / "rolecall-report"
    junit = (folder / "junit.xml").read_text()
    assert 'tests="3" failures="0" errors="0"' in junit
    assert 'skipped="0"' in junit
    assert junit.count("succeeded before in an earlier try") == 3
    page = (folder / "report.html").read_text()
    assert "All 3 targets succeeded, in an earlier try" in page
    details = re.search(r'<script[^>]* id="details">(.*?)</script>', page, re.DOTALL)[1]
    assert [row[1] for row in json.loads(details)["rows"]] == [result["reason"]] * 3
    assert "## rolecall: 3 succeeded before" in (folder / "summary.md").read_text()
    exports = (folder / "exports.sh").read_text()
    assert "ROLECALL_SUCCEEDED_BEFORE=3\n" in exports
    assert "ROLECALL_SUCCEEDED_BEFORE_TARGETS='dev tst prd'\n" in exports
    again = rolecall("report", "rolecall-report", "--format", "json")
    assert json.loads(again.out)["results"] == done.report["results"]


def test_events_name_what_is_skipped(rolecall):
    rolecall.run("true", **KNOWN)
    done = rolecall.run("true", **KNOWN, ROLECALL_LOG_FORMAT="json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [wrong for event in events for wrong in logs_page.mistakes(event)] == []
    assert [e["target"] for e in events if e["event"] == "target_skipped"] == ["dev", "tst", "prd"]
    told = next(e for e in events if e["event"] == "targets_skipped")
    assert (told["skipped"], told["left"]) == (3, 0)


CHANGES = {
    "the commands": {"ROLECALL_COMMANDS": "true; true"},
    "the shell": {"ROLECALL_SHELL": "bash -e"},
    "the role": {"ROLECALL_TARGETS": TARGETS.split()[0].replace("deploy", "other")},
    "the session's policy": {"ROLECALL_SESSION_POLICY": '{"Statement": []}'},
    "the external id": {"ROLECALL_EXTERNAL_ID": "4711"},
    "the tags": {"ROLECALL_TAGS": "a=b"},
    "the duration": {"ROLECALL_DURATION": "30m"},
    "the region": {"ROLECALL_REGIONS": "eu-west-1"},
    "a region's variables": {"ROLECALL_REGION_VARIABLES": '{"eu-central-1": {"A": "1"}}'},
    "the source": {"CODEBUILD_RESOLVED_SOURCE_VERSION": "deadbeef"},
    "the run": {"ROLECALL_RUN_ID": "release-43"},
    "the shard": {"ROLECALL_SHARD": "1/2"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_success_counts_for_the_same_thing_only(rolecall, change):
    one = {**KNOWN, "ROLECALL_TARGETS": TARGETS.split()[0], "ROLECALL_COMMANDS": "true"}
    assert rolecall("run", **one).statuses == ["succeeded"]
    assert rolecall("run", **{**one, **change}).statuses == ["succeeded"]


HALF = {
    "other commands": {"ROLECALL_COMMANDS": "echo v2; test ! -e {}/broken"},
    "another revision": {"CODEBUILD_RESOLVED_SOURCE_VERSION": "v2"},
    "other variables": {"VERSION": "v2"},
    "another role": {"ROLECALL_TARGETS": TARGETS.split()[0].replace("deploy", "other")},
    "another name": {"ROLECALL_TARGETS": TARGETS.split()[0].replace("dev=", "new=")},
    "commands before": {"ROLECALL_BEFORE": "echo v2"},
}
NAMED = {"a run": KNOWN, "an execution": {"ROLECALL_STATE": "state", "ROLECALL_EXECUTION_ID": "7"}}


@pytest.mark.parametrize("known", NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("change", HALF.values(), ids=HALF)
def test_what_a_later_try_left_half_done_is_not_taken_for_done(rolecall, tmp_path, known, change):
    script = f"test ! -e {tmp_path}/broken"
    v1 = {**known, "ROLECALL_TARGETS": TARGETS.split()[0], "ROLECALL_COMMANDS": script}
    v2 = {**v1, **{name: value.format(tmp_path) for name, value in change.items()}}
    assert rolecall("run", **v1).statuses == ["succeeded"]
    (tmp_path / "broken").touch()
    assert rolecall("run", **v2).statuses == ["failed"]
    (tmp_path / "broken").unlink()
    assert "earlier try, and would" not in rolecall("plan", "--read", **v1).out
    assert rolecall("run", **v1).statuses == ["succeeded"]
    assert rolecall("run", **v1).statuses == [BEFORE]


def test_the_next_release_ends_what_an_earlier_one_has_done(rolecall, tmp_path):
    releases = [{**KNOWN, "ROLECALL_RUN_ID": name} for name in ("v1", "v2")]
    for known in (*releases, releases[0]):
        assert rolecall.run("true", **known).statuses == ["succeeded"] * 3
    assert rolecall.run("true", **releases[0]).statuses == [BEFORE] * 3


def test_what_ends_is_on_disk_before_the_first_command_begins(rolecall, tmp_path):
    path = tmp_path / "state/release-42/1-of-1.json"
    given = {**KNOWN, "ROLECALL_TARGETS": TARGETS.split()[0]}
    assert rolecall.run("true", **given).code == 0
    assert "dev" in path.read_text()
    assert rolecall.run(f"! grep dev {path}", **given).code == 0


def test_other_regions_of_a_target_end_too_and_those_of_the_same_try_stay(rolecall, tmp_path):
    script = f'test ! -e "{tmp_path}/$AWS_REGION"'
    v1 = {**KNOWN, "ROLECALL_TARGETS": TARGETS.split()[0], "ROLECALL_COMMANDS": script}
    v1["ROLECALL_REGIONS"] = "eu-west-1,eu-west-2"
    v2 = {**v1, "VERSION": "v2"}
    assert rolecall("run", **v1).statuses == ["succeeded", "succeeded"]
    (tmp_path / "eu-west-2").touch()
    assert rolecall("run", **v2).statuses == ["succeeded", "failed"]
    (tmp_path / "eu-west-2").unlink()
    assert rolecall("run", **v2).statuses == [BEFORE, "succeeded"]
    assert rolecall("run", **v1).statuses == ["succeeded", "succeeded"]


def test_what_no_later_try_has_begun_stays_done(rolecall, tmp_path):
    script = f"test ! -e {tmp_path}/$ROLECALL_TARGET"
    assert rolecall.run(script, **KNOWN).code == 0
    (tmp_path / "tst").touch()
    assert rolecall.run(script, **KNOWN, V="2").statuses == ["succeeded", "failed", "not run"]
    (tmp_path / "tst").unlink()
    assert rolecall.run(script, **KNOWN).statuses == ["succeeded", "succeeded", BEFORE]


def test_where_what_is_to_end_cannot_be_written_nothing_begins(rolecall, tmp_path):
    given = {**KNOWN, "ROLECALL_TARGETS": TARGETS.split()[0]}
    assert rolecall.run("true", **given).code == 0
    gone = f"mv {tmp_path}/state {tmp_path}/gone"
    done = rolecall.run("touch done", **given, ROLECALL_BEFORE=gone)
    assert (done.code, done.statuses) == (1, ["not run"]), done.out
    assert "could not be marked as undone" in done.report["results"][0]["reason"]
    assert not (tmp_path / "done").exists()


def test_commands_after_that_a_later_try_left_half_done_are_run_again(rolecall, tmp_path):
    v1, v2 = "true", f"test ! -e {tmp_path}/broken"
    assert rolecall.run("true", **KNOWN, ROLECALL_AFTER=v1).code == 0
    (tmp_path / "broken").touch()
    assert rolecall.run("true", **KNOWN, ROLECALL_AFTER=v2).code == 1
    done = rolecall.run("true", **KNOWN, ROLECALL_AFTER=v1)
    assert done.report["after"]["status"] == "succeeded"


def test_actions_of_one_execution_that_differ_in_a_variable_are_told_apart(rolecall, tmp_path):
    script = f"echo $SERVICE >>{tmp_path}/ledger"
    for service in ("api", "web"):
        assert rolecall.run(script, **PIPELINE, SERVICE=service).statuses == ["succeeded"] * 3
    assert (tmp_path / "ledger").read_text().split() == ["api"] * 3 + ["web"] * 3
    assert rolecall.run(script, **PIPELINE, SERVICE="web").statuses == [BEFORE] * 3


def test_actions_of_one_execution_that_run_at_once_keep_what_they_have_done(rolecall, tmp_path):
    meet = f"touch {tmp_path}/$SERVICE; until test -e {tmp_path}/api -a -e {tmp_path}/web; do"
    given = {**PIPELINE, "ROLECALL_TARGETS": TARGETS.split()[0]}
    given["ROLECALL_COMMANDS"] = f"{meet} sleep 0.05; done"
    both = [{**given, "SERVICE": s, "ROLECALL_REPORT_DIR": s} for s in ("api", "web")]
    started = [rolecall.start("run", **each) for each in both]
    assert [rolecall.finish(process).code for process in started] == [0, 0]
    for each in both:
        assert "1 succeeded before" in rolecall("run", **each).out


OF_A_TRY = {
    "CODEBUILD_BUILD_ID": "deploy:{}",
    "CODEBUILD_BUILD_NUMBER": "{}",
    "CODEBUILD_START_TIME": "170000000000{}",
    "CODEBUILD_SRC_DIR": "/codebuild/output/src10{}/src",
    "TOOLS": "/codebuild/output/src10{}/src/tools",
    "CODEBUILD_LOG_PATH": "0000-{}",
    "ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/{}",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/{}",
    "AWS_ACCESS_KEY_ID": "AKIASOURCEKEY000000{}",
    "AWS_SESSION_TOKEN": "token-EXAMPLE-000000{}",
    "CODEARTIFACT_AUTH_TOKEN": "token-EXAMPLE-000000{}",
    "HOSTNAME": "host-{}",
    "TERM": "xterm-{}",
    "SHLVL": "{}",
}


def test_what_differs_in_each_build_makes_no_other_try(rolecall):
    for number in ("1", "2"):
        given = {name: value.format(number) for name, value in OF_A_TRY.items()}
        done = rolecall.run("true", **{**PIPELINE, **given})
        assert done.statuses == ["succeeded" if number == "1" else BEFORE] * 3


def test_a_script_that_was_edited_is_run_again_where_no_revision_is_known(rolecall, tmp_path):
    script = tmp_path / "deploy.sh"
    for content, status in (("true", "succeeded"), ("true", BEFORE), ("true;", "succeeded")):
        script.write_text(content)
        assert rolecall.run("sh ./deploy.sh", **KNOWN).statuses == [status] * 3


def test_a_change_of_one_target_s_variables_makes_that_one_run_again(rolecall):
    def targets(stage):
        roles = [word.partition("=") for word in TARGETS.split()[:2]]
        listed = [{"name": name, "role_arn": role} for name, _, role in roles]
        return json.dumps([listed[0], {**listed[1], "variables": {"STAGE": stage}}])

    rolecall.run("true", **KNOWN, ROLECALL_TARGETS=targets("a"))
    done = rolecall.run("true", **KNOWN, ROLECALL_TARGETS=targets("b"))
    assert done.statuses == [BEFORE, "succeeded"]


SAME = {
    "how it is waited for": {"ROLECALL_MAX_PARALLEL": "3", "ROLECALL_TIMEOUT": "5m"},
    "another build": {"CODEBUILD_BUILD_ID": "deploy:2", "ROLECALL_LOG_LEVEL": "error"},
    "a part of them": {"ROLECALL_ONLY": "dev"},
    "another order": {"ROLECALL_TARGETS": " ".join(reversed(TARGETS.split()))},
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_what_is_not_done_to_a_target_makes_no_difference(rolecall, change):
    assert rolecall.run("true", **KNOWN).code == 0
    assert set(rolecall.run("true", **KNOWN, **change).statuses) == {BEFORE}


def test_each_region_of_a_target_is_remembered_by_itself(rolecall, tmp_path):
    script = f"test $AWS_REGION = eu-west-1 -o -e {tmp_path}/mended"
    given = {**KNOWN, "ROLECALL_REGIONS": "eu-west-1,eu-west-2", "ROLECALL_ON_FAILURE": "continue"}
    assert rolecall.run(script, **given).statuses == ["succeeded", "failed"] * 3
    (tmp_path / "mended").touch()
    done = rolecall.run(script, **given)
    assert (done.code, done.statuses) == (0, [BEFORE, "succeeded"] * 3)
    assert "skipped: dev/eu-west-1, tst/eu-west-1" in " ".join(done.out.split())


def test_a_share_that_may_fail_is_one_of_all_targets_also_in_a_retry(rolecall, tmp_path):
    targets = " ".join(f"t{n}=arn:aws:iam::{n:012}:role/deploy" for n in range(1, 7))
    given = {**KNOWN, "ROLECALL_TARGETS": targets, "ROLECALL_MAX_FAILURES": "34%"}
    script = "case $ROLECALL_TARGET in t1|t2|t3|t6) ;; *) false;; esac"
    assert rolecall.run(script, **given).statuses[-1] == "succeeded"
    done = rolecall.run(script, **given)
    assert done.statuses == [BEFORE] * 3 + ["failed"] * 2 + [BEFORE]


def test_waves_stay_what_they_were_and_a_wave_that_is_done_is_passed_over(rolecall, tmp_path):
    script = f"test $ROLECALL_TARGET = dev -o -e {tmp_path}/mended"
    given = {**KNOWN, "ROLECALL_WAVES": "1,rest"}
    assert rolecall.run(script, **given).code == 1
    (tmp_path / "mended").touch()
    done = rolecall.run(script, **given)
    assert (done.code, done.statuses) == (0, [BEFORE, "succeeded", "succeeded"])
    assert "Wave 1" not in done.out
    assert "Wave 2 of 2: 2 targets" in done.out


def test_before_and_after_run_each_time_that_something_is_left(rolecall, failing, tmp_path):
    once = {"ROLECALL_BEFORE": "echo prepared", "ROLECALL_AFTER": "echo tidied"}
    rolecall.run(failing, **KNOWN, **once)
    (tmp_path / "mended").touch()
    done = rolecall.run(failing, **KNOWN, **once)
    assert re.findall(r"^(prepared|tidied)$", done.out, re.MULTILINE) == ["prepared", "tidied"]
    last = rolecall.run(failing, **KNOWN, **once)
    assert re.findall(r"^(prepared|tidied)$", last.out, re.MULTILINE) == []
    assert (last.code, last.report["after"]) == (0, None)


def test_an_after_that_failed_is_tried_again_with_before_and_no_target(rolecall, tmp_path):
    once = {"ROLECALL_BEFORE": "echo prepared", "ROLECALL_AFTER": f"test -e {tmp_path}/mended"}
    assert rolecall.run("true", **KNOWN, **once).code == 1
    (tmp_path / "mended").touch()
    done = rolecall.run("true", **KNOWN, **once)
    assert (done.code, done.statuses) == (0, [BEFORE] * 3)
    assert done.report["after"]["status"] == "succeeded"
    assert "\nprepared\n" in done.out


PIPELINE = {
    "ROLECALL_STATE": "state",
    "ROLECALL_EXECUTION_ID": "1f0e-77",
    "CODEBUILD_INITIATOR": "codepipeline/site",
    "CODEBUILD_BUILD_ID": "deploy:1",
}


def test_a_stage_of_a_pipeline_that_is_retried_is_known_by_its_execution(rolecall):
    assert rolecall.run("true", **PIPELINE).code == 0
    again = {**PIPELINE, "CODEBUILD_BUILD_ID": "deploy:2"}
    assert rolecall.run("true", **again).statuses == [BEFORE] * 3
    other = {**PIPELINE, "ROLECALL_EXECUTION_ID": "2a11-78"}
    assert rolecall.run("true", **other).statuses == ["succeeded"] * 3


def test_stages_of_one_execution_have_a_state_each(rolecall, tmp_path):
    dev, tst, _ = TARGETS.split()
    for targets in (dev, tst):
        assert rolecall.run("true", **PIPELINE, ROLECALL_TARGETS=targets).statuses == ["succeeded"]
    assert len(list((tmp_path / "state").glob("*/1-of-1.json"))) == 2


def test_shards_of_one_run_have_a_state_each_and_run_at_once(rolecall, tmp_path):
    meet = f"touch {tmp_path}/$ROLECALL_TARGET.here; "
    meet += f"until test $(ls {tmp_path}/*.here | wc -l) = 3; do sleep .05; done"
    given = {**KNOWN, "ROLECALL_COMMANDS": meet, "ROLECALL_STATE_WAIT": "0"}
    shards = [f"{n}/3" for n in (1, 2, 3)]
    started = [
        rolecall.start("run", **given, ROLECALL_SHARD=s, ROLECALL_REPORT_DIR=s) for s in shards
    ]
    assert [rolecall.finish(process).code for process in started] == [0, 0, 0]
    for shard in shards:
        assert rolecall("run", **given, ROLECALL_SHARD=shard).statuses == [BEFORE]


@pytest.mark.parametrize("command", ["run", "plan"])
def test_where_no_run_can_be_known_nothing_is_done(rolecall, sts, command):
    done = rolecall(command, ROLECALL_COMMANDS="true", ROLECALL_STATE="state")
    assert done.code == 2
    assert "ROLECALL_STATE: needs to know which run this is" in done.message
    assert "#{codepipeline.PipelineExecutionId}, or set ROLECALL_RUN_ID" in done.message
    assert sts.calls == []


def test_a_bucket_that_is_misspelt_is_no_folder(rolecall):
    done = rolecall.run("true", ROLECALL_STATE="s3:/bucket/x", ROLECALL_RUN_ID="r")
    assert done.code == 2
    assert "'s3:/bucket/x' is no place in S3; write s3://bucket/prefix" in done.message


def test_a_place_that_is_none_and_an_id_that_is_none_are_mistakes(rolecall):
    done = rolecall.run("true", ROLECALL_STATE="s3://B", ROLECALL_RUN_ID="../x")
    assert done.code == 2
    assert "ROLECALL_STATE: 's3://B' is no place in S3; write s3://bucket/prefix" in done.message
    assert "ROLECALL_RUN_ID" in done.message


def test_exec_neither_skips_nor_remembers(rolecall, tmp_path):
    rolecall.run("true", **KNOWN)
    done = rolecall("exec", "dev", "--", "echo", "here", **KNOWN)
    assert (done.code, done.out) == (0, "here\n")


def test_plan_tells_what_would_be_skipped_where_it_may_read(rolecall, sts, failing):
    rolecall.run(failing, **KNOWN)
    sts.calls.clear()
    done = rolecall("plan", "--read", ROLECALL_COMMANDS=failing, **KNOWN)
    assert "state: 2 of 3 targets succeeded in an earlier try, and would be skipped: dev, tst" in (
        " ".join(done.out.split())
    )
    assert sts.calls == []
    assert "earlier try" not in rolecall("plan", ROLECALL_COMMANDS=failing, **KNOWN).out


HOLD = "echo up; until test -e go; do sleep .05; done"


@pytest.fixture
def holder(rolecall, tmp_path):
    """A run that holds the state until the file `go` is there."""
    process = rolecall.start(
        "run", **KNOWN, ROLECALL_COMMANDS=HOLD, ROLECALL_TARGETS=TARGETS.split()[0]
    )
    while "\nup" not in "\n" + process.stdout.readline():
        assert process.poll() is None
    yield process
    (tmp_path / "go").touch()
    process.communicate(timeout=30)


OTHER = {**KNOWN, "ROLECALL_COMMANDS": HOLD, "ROLECALL_TARGETS": TARGETS.split()[0]}


def test_a_second_run_is_refused_where_it_is_not_to_wait(rolecall, holder, tmp_path):
    done = rolecall("run", **OTHER, ROLECALL_STATE_WAIT="0", ROLECALL_REPORT_DIR="other")
    assert done.code == 2
    assert f"1-of-1.json is still held by process {holder.pid} on" in done.message
    assert "raise ROLECALL_STATE_WAIT" in done.message
    assert not (tmp_path / "other").exists()


def test_a_second_run_waits_for_the_first_and_skips_what_that_did(rolecall, holder, tmp_path):
    second = rolecall.start("run", **OTHER, ROLECALL_REPORT_DIR="other")
    while "state held" not in second.stdout.readline():
        assert second.poll() is None
    (tmp_path / "go").touch()
    done = rolecall.finish(second)
    assert (done.code, "1 succeeded before" in done.out) == (0, True)


def test_a_run_that_waits_ends_with_the_signal_that_it_gets(rolecall, holder):
    second = rolecall.start("run", **OTHER)
    while "state held" not in second.stdout.readline():
        assert second.poll() is None
    second.send_signal(signal.SIGTERM)
    done = rolecall.finish(second)
    assert (done.code, "interrupted by SIGTERM" in done.err) == (143, True)


def test_what_a_run_holds_is_cleared_only_where_that_is_forced(rolecall, holder, tmp_path):
    shown = rolecall("state", **KNOWN)
    assert f"held by process {holder.pid} on" in shown.out
    refused = rolecall("state", "clear", **KNOWN)
    assert (refused.code, "state clear --force" in refused.message) == (2, True)
    assert list((tmp_path / "state/release-42").glob("*.json"))
    assert rolecall("state", "clear", "--force", **KNOWN).code == 0
    assert not list((tmp_path / "state/release-42").glob("*.json"))


@pytest.mark.parametrize("again", [False, True])
def test_a_run_whose_state_was_cleared_begins_nothing_more(rolecall, tmp_path, again):
    script = "echo $ROLECALL_TARGET >> done; until test -e go; do sleep 0.1; done"
    process = rolecall.start("run", ROLECALL_COMMANDS=script, **KNOWN)
    rolecall.wait_for_file(process, "done")
    assert rolecall("state", "clear", "--force", **KNOWN).code == 0
    if again:
        other = rolecall.start("run", ROLECALL_COMMANDS="true", ROLECALL_REPORT_DIR="o", **KNOWN)
        assert rolecall.finish(other).code == 0
    (tmp_path / "go").touch()
    done = rolecall.finish(process)
    assert (done.code, done.statuses) == (1, ["succeeded", "not run", "not run"])
    why = "state/release-42/1-of-1.json was cleared, or is another run's"
    assert done.report["results"][1]["reason"].endswith(why)
    assert (tmp_path / "done").read_text() == "dev\n"


def test_what_is_never_remembered_is_said_at_the_end(rolecall, tmp_path):
    script = "rm -rf state; echo $ROLECALL_TARGET"
    done = rolecall.run(script, **KNOWN)
    assert (done.code, done.statuses) == (0, ["succeeded"] * 3)
    assert done.out.count("warning: state not written") == 2
    assert "a retry will run again what has succeeded since" in " ".join(done.out.split())
    assert rolecall.run("true", **KNOWN).statuses == ["succeeded"] * 3


def test_the_states_of_all_runs_are_shown_and_cleared_or_those_of_one(rolecall):
    for run in ("a", "b"):
        rolecall.run("true", ROLECALL_STATE="state", ROLECALL_RUN_ID=run, ROLECALL_AFTER="true")
    shown = rolecall("state", "--state", "state")
    assert "run a: 3 targets succeeded, and the commands after them" in shown.out
    known = json.loads(rolecall("state", "--state", "state", "--format", "json").out)
    assert [(each["run_id"], each["held"], len(each["succeeded"])) for each in known] == [
        ("a", False, 3),
        ("b", False, 3),
    ]
    assert rolecall("state", "clear", "--state", "state", "--run-id", "a").code == 0
    assert [e["run_id"] for e in _shown(rolecall)] == ["b"]
    assert rolecall("state", "clear", "--state", "state").code == 0
    assert _shown(rolecall) == []
    assert rolecall("state", "clear", "--state", "state").code == 3
    assert "state remembers nothing" in rolecall("state", "--state", "state").out
    assert "ROLECALL_STATE: is not set" in rolecall("state").message


def _shown(rolecall):
    return json.loads(rolecall("state", "--state", "state", "--format", "json").out)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is damaged: it is no state that rolecall wrote, or was cut off"),
        ('{"version": 1}', "is damaged"),
        ('{"version": 99}', "is a state of version 99, and this rolecall knows 1"),
    ],
)
def test_a_damaged_state_is_said_and_can_be_cleared(rolecall, tmp_path, content, said):
    rolecall.run("true", **KNOWN)
    path = tmp_path / "state/release-42/1-of-1.json"
    path.write_text(content)
    done = rolecall.run("true", **KNOWN)
    assert (done.code, said in done.message) == (2, True), done.err
    assert "rolecall state clear" in done.message
    assert said in " ".join(rolecall("state", **KNOWN).out.split())
    assert rolecall("state", "clear", **KNOWN).code == 0
    assert rolecall.run("true", **KNOWN).statuses == ["succeeded"] * 3


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_done(rolecall, sts, tmp_path):
    (tmp_path / "state").write_text("a file")
    done = rolecall.run("true", **KNOWN)
    assert done.code == 2
    assert "cannot be made: Not a directory" in done.message
    assert "What to do: name a folder in ROLECALL_STATE that this user may write" in done.message
    assert sts.calls == []


def test_a_state_that_cannot_be_written_any_more_ends_no_run_and_is_said(rolecall, tmp_path):
    script = f"test $ROLECALL_TARGET != tst || mv {tmp_path}/state {tmp_path}/gone"
    done = rolecall.run(script, **KNOWN)
    assert (done.code, done.statuses) == (0, ["succeeded"] * 3), done.out
    assert "warning: state not written" in done.out
    (tmp_path / "gone").rename(tmp_path / "state")
    assert rolecall.run(script, **KNOWN).statuses == [BEFORE, "succeeded", "succeeded"]


def test_what_could_not_be_written_for_a_while_goes_along_with_what_is(rolecall, tmp_path):
    script = (
        f"case $ROLECALL_TARGET in tst) mv {tmp_path}/state {tmp_path}/gone;;"
        f" prd) mv {tmp_path}/gone {tmp_path}/state;; esac"
    )
    assert rolecall.run(script, **KNOWN).code == 0
    assert rolecall.run(script, **KNOWN).statuses == [BEFORE] * 3


def test_no_secret_and_no_variable_s_value_is_in_the_state(rolecall, sts, tmp_path):
    target = {
        "name": "dev",
        "role_arn": f"arn:aws:iam::{ACCOUNTS[0]}:role/deploy",
        "variables": {"TOKEN": "hunter2-hunter2"},
    }
    rolecall.run("echo $TOKEN", **KNOWN, ROLECALL_TARGETS=json.dumps([target]))
    found = [p for p in (tmp_path / "state").rglob("*") if p.is_file()]
    assert {path.suffix for path in found} == {".json", ".lock", ""}
    kept = [*sts.secrets, SOURCE_KEYS["AWS_SECRET_ACCESS_KEY"], "hunter2", "echo $TOKEN"]
    assert not [s for s in kept for path in found if s in path.read_text()]
    assert {oct(path.stat().st_mode & 0o777) for path in found} == {"0o600"}
