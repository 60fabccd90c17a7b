"""`rolecall run` end to end: order, failure, what is printed, what is reported."""

from __future__ import annotations

import json
import re
import shlex
import stat
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from support import answers
from support.command import ACCOUNTS, SOURCE_KEYS, TARGETS

NAMES = ("dev", "tst", "prd")
SCHEMA = Path(__file__).parents[2] / "docs" / "report.schema.json"
DENIED = answers.access_denied("arn:aws:iam::333333333333:role/deploy")


def leaks(sts, finished):
    """The secrets that can be read anywhere in what a run has shown."""
    known = [*sts.secrets, SOURCE_KEYS["AWS_SECRET_ACCESS_KEY"]]
    return [secret for secret in known if secret in finished.everything]


def test_each_target_is_deployed_in_turn_with_its_own_credentials(rolecall, sts):
    script = 'echo "$ROLECALL_INDEX/$ROLECALL_COUNT $ROLECALL_TARGET $ROLECALL_ACCOUNT_ID"'
    done = rolecall.run(script)
    assert done.code == 0, done.out + done.err
    assert re.findall(r"^\d/3 .*", done.out, re.MULTILINE) == [
        f"{i}/3 {n} {a}" for i, (n, a) in enumerate(zip(NAMES, ACCOUNTS, strict=True), 1)
    ]
    assert done.statuses == ["succeeded"] * 3
    assert len(sts.assumed()) == 3
    assert sts.assumed("222222222222")[0].params["RoleSessionName"].startswith("rolecall-")


def test_the_environment_of_commands_is_the_target_s_and_not_the_source_s(rolecall):
    listed = "env | sort; ls -ld $(dirname $AWS_CONFIG_FILE); ls -l $(dirname $AWS_CONFIG_FILE)"
    done = rolecall.run(listed, ROLECALL_TARGETS=TARGETS.split()[0], KEPT="yes")
    names = dict(re.findall(r"^(\w+)=(.*)$", done.out, re.MULTILINE))
    assert names["AWS_PROFILE"] == names["ROLECALL_TARGET"] == "dev"
    assert names["AWS_REGION"] == names["AWS_DEFAULT_REGION"] == names["ROLECALL_REGION"]
    assert names["ROLECALL_ROLE_ARN"] == "arn:aws:iam::222222222222:role/deploy"
    assert names["KEPT"] == "yes"
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} & set(names)
    modes = re.findall(r"^([d-][rwx-]{9})", done.out, re.MULTILINE)
    assert modes[0] == "drwx------"
    assert set(modes[1:]) == {"-rw-------"}


def test_a_target_s_own_variables_reach_its_commands_only(rolecall):
    own = [
        {"name": "a", "role_arn": "arn:aws:iam::222222222222:role/x", "variables": {"STAGE": "A"}},
        {"name": "b", "role_arn": "arn:aws:iam::333333333333:role/x"},
    ]
    done = rolecall.run('echo "<${STAGE:-none}>"', ROLECALL_TARGETS=json.dumps(own))
    assert re.findall(r"^<\w+>", done.out, re.MULTILINE) == ["<A>", "<none>"]


def test_the_commands_of_a_list_share_a_shell_and_have_results_of_their_own(rolecall):
    commands = json.dumps(["export A=1; cd /; f() { echo f$A; }", "f; pwd", "echo end"])
    done = rolecall.run(commands, ROLECALL_TARGETS=TARGETS.split()[0])
    assert done.code == 0, done.out
    assert "f1\n/\n" in done.out
    results = done.report["results"][0]["commands"]
    assert [c["exit_code"] for c in results] == [0, 0, 0]
    assert [c["command"] for c in results] == json.loads(commands)


def test_a_failure_stops_the_run_and_leaves_the_rest_not_run(rolecall):
    script = "echo at $ROLECALL_TARGET; test $ROLECALL_TARGET != tst || { echo broken; exit 7; }"
    done = rolecall.run(script)
    assert done.code == 1
    assert done.statuses == ["succeeded", "failed", "not run"]
    failed = done.report["results"][1]["commands"][0]
    assert (failed["exit_code"], failed["tail"]) == (7, ["at tst", "broken"])
    assert "exit code 7" in done.out
    assert "  | broken" in done.out
    assert "1 not run: an earlier target failed" in done.out


def test_with_continue_the_rest_is_deployed(rolecall):
    done = rolecall.run("test $ROLECALL_TARGET != tst", ROLECALL_ON_FAILURE="continue")
    assert done.code == 1
    assert done.statuses == ["succeeded", "failed", "succeeded"]


def test_regions_are_deployed_in_turn_within_a_target(rolecall):
    done = rolecall.run(
        'echo "<$ROLECALL_TARGET $AWS_REGION>"', ROLECALL_REGIONS="eu-west-1,eu-west-2"
    )
    assert re.findall(r"^<(.*)>", done.out, re.MULTILINE)[:3] == [
        "dev eu-west-1",
        "dev eu-west-2",
        "tst eu-west-1",
    ]
    assert len(done.statuses) == 6


def test_preflight_stops_everything_where_one_role_denies(rolecall, sts):
    sts.always("333333333333", DENIED)
    done = rolecall.run("echo deployed", ROLECALL_BEFORE="echo before")
    assert done.code == 4
    assert "\ndeployed" not in done.out
    assert done.statuses == ["not run", "not assumed", "not run"]
    assert "1 of 3 roles could not be assumed; nothing was deployed" in done.out
    assert (
        "the trust policy of arn:aws:iam::333333333333:role/deploy"
        in done.report["results"][1]["remedy"]
    )
    assert "arn:aws:iam::111111111111:user/hub" in done.report["results"][1]["remedy"]
    assert done.report["preflight_failed"] is True


def test_without_preflight_a_role_that_denies_fails_its_target_alone(rolecall, sts):
    sts.always("333333333333", DENIED)
    done = rolecall.run("true", ROLECALL_PREFLIGHT="false", ROLECALL_ON_FAILURE="continue")
    assert done.code == 4
    assert done.statuses == ["succeeded", "not assumed", "succeeded"]


def test_a_failed_command_weighs_more_than_a_role_not_assumed(rolecall, sts):
    sts.always("333333333333", DENIED)
    done = rolecall.run("false", ROLECALL_PREFLIGHT="false", ROLECALL_ON_FAILURE="continue")
    assert done.code == 1
    assert done.statuses == ["failed", "not assumed", "failed"]


def test_before_and_after_run_once_with_the_source_s_credentials(rolecall):
    done = rolecall.run(
        "echo in $ROLECALL_TARGET",
        ROLECALL_BEFORE="echo first $AWS_ACCESS_KEY_ID",
        ROLECALL_AFTER='["echo last", "test -n $AWS_SECRET_ACCESS_KEY"]',
    )
    assert done.code == 0, done.out
    said = re.findall(r"^(?:first|in|last).*", done.out, re.MULTILINE)
    assert said == ["first ***", "in dev", "in tst", "in prd", "last"]
    assert done.report["before"]["status"] == done.report["after"]["status"] == "succeeded"


def test_nothing_is_deployed_where_before_fails(rolecall):
    done = rolecall.run("true", ROLECALL_BEFORE="exit 3", ROLECALL_AFTER="true")
    assert done.code == 1
    assert done.statuses == ["not run"] * 3
    assert done.report["after"] is None


def test_after_runs_also_when_a_target_failed(rolecall):
    done = rolecall.run("false", ROLECALL_AFTER="echo cleaned")
    assert done.code == 1
    assert "\ncleaned\n" in done.out


def test_no_secret_is_shown_whatever_commands_print(rolecall, sts):
    script = json.dumps(
        [
            "set -x; cat $(dirname $AWS_CONFIG_FILE)/session.json",
            'X=$(cat $(dirname $AWS_CONFIG_FILE)/session.json); echo "$X"; printf %s "$X"',
            "env; for c in $(seq 1 50); do cat $(dirname $AWS_CONFIG_FILE)/session.json; done",
            "exit 3",
        ]
    )
    done = rolecall.run(script, ROLECALL_BEFORE="env; set -x; echo $AWS_SECRET_ACCESS_KEY; false")
    assert leaks(sts, done) == []
    done = rolecall.run(script)
    assert done.code == 1
    assert '"SecretAccessKey": "***"' in done.out
    assert leaks(sts, done) == []
    assert not any(key in done.everything for key in sts.issued)


def test_a_secret_that_arrives_in_two_pieces_is_masked(rolecall, sts):
    slowly = (
        "import json,os,sys,time\n"
        "d=os.path.dirname(os.environ['AWS_CONFIG_FILE'])\n"
        "k=json.load(open(d+'/session.json'))['SecretAccessKey']\n"
        "sys.stdout.write('a '+k[:9]); sys.stdout.flush(); time.sleep(1.6)\n"
        "sys.stdout.write(k[9:]+' z'); sys.stdout.flush()\n"
    )
    done = rolecall.run(slowly, ROLECALL_SHELL="python3", ROLECALL_TARGETS=TARGETS.split()[0])
    assert "a *** z" in done.out
    assert leaks(sts, done) == []


def test_json_logs_are_one_event_a_line_and_hold_the_output(rolecall, sts):
    sts.script("222222222222", answers.THROTTLE)
    done = rolecall.run(
        'printf "one\\ntwo"; test $ROLECALL_TARGET != tst',
        ROLECALL_LOG_FORMAT="json",
        ROLECALL_BEFORE="true",
    )
    events = [json.loads(line) for line in done.out.splitlines()]
    names = [event["event"] for event in events]
    assert names[:4] == ["run_planned", "target_planned", "target_planned", "target_planned"]
    assert {"retry", "preflight_ended", "command_ended", "target_ended"} <= set(names)
    lines = [e["line"] for e in events if e["event"] == "output" and e["target"] == "dev"]
    assert lines == ["one", "two"]
    assert names[-1] == "run_finished"
    assert events[-1]["counts"] == {"succeeded": 1, "failed": 1, "not run": 1}
    assert all("timestamp" in event for event in events)


def test_json_logs_tell_which_role_was_not_assumed(rolecall, sts):
    sts.always("333333333333", DENIED)
    done = rolecall.run("true", ROLECALL_LOG_FORMAT="json")
    events = [json.loads(line) for line in done.out.splitlines()]
    failed = [event for event in events if event["event"] == "role_not_assumed"]
    assert [event["target"] for event in failed] == ["tst"]


def test_the_log_fits_80_columns_without_colour(rolecall, sts):
    sts.always("333333333333", DENIED)
    done = rolecall.run("echo x")
    lines = [line for line in done.out.splitlines() if "arn:" not in line]
    assert max(map(len, lines)) <= 80
    assert "\033" not in done.out


def test_the_report_is_what_its_schema_says(rolecall, sts):
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    sts.always("333333333333", DENIED)
    runs = [
        rolecall.run("true", ROLECALL_BEFORE="true", ROLECALL_AFTER="exit 2"),
        rolecall.run("false", ROLECALL_PREFLIGHT="no"),
    ]
    for done in runs:
        Draft202012Validator(schema).validate(done.report)
    mode = (runs[0].folder / "rolecall-report/report.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o644


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"ROLECALL_COMMANDS": ""}, "ROLECALL_COMMANDS: is not set"),
        ({"ROLECALL_TARGETS": "arn:aws:iam::1:role/x"}, "an account id has 12 digits"),
        ({"ROLECALL_SHELL": "nosuchshell"}, "ROLECALL_SHELL: 'nosuchshell' is not on the PATH"),
        ({"ROLECALL_SHELL": "sh '"}, "No closing quotation"),
        (
            {"ROLECALL_SHELL": "python3", "ROLECALL_COMMANDS": '["a"]'},
            "a list of commands needs sh, bash",
        ),
        ({"ROLECALL_REPORT_DIR": "/dev/null/x"}, "ROLECALL_REPORT_DIR: /dev/null/x cannot be made"),
    ],
)
def test_bad_configuration_ends_with_2_before_any_call(rolecall, sts, extra, message):
    done = rolecall("run", **{"ROLECALL_COMMANDS": "true", **extra})
    assert done.code == 2
    assert message in done.message
    assert "nothing was done" in done.err
    assert sts.calls == []


@pytest.mark.parametrize("words", [["run"], ["plan"], ["plan", "--check"], ["plan", "--batch"]])
def test_an_empty_folder_is_told_all_that_it_lacks_and_how_to_begin(rolecall, sts, words):
    done = rolecall(*words, ROLECALL_TARGETS="")
    assert (done.code, done.out, sts.calls) == (2, "", [])
    assert done.err.startswith("rolecall: 2 mistakes in the configuration; nothing was done\n")
    assert "ROLECALL_TARGETS: is not set: name the roles to deploy with" in done.message
    assert "ROLECALL_COMMANDS: is not set: write what to run in each target" in done.message
    assert done.message.count("`rolecall init` writes one") == 1


def test_init_is_named_where_no_file_is_there_that_it_would_write_over(rolecall):
    given = {"ROLECALL_COMMANDS": "true", "ROLECALL_TARGETS": ""}
    done = rolecall("plan", **given)
    assert done.code == 3
    assert f"(no rolecall.yml in {rolecall.folder}; `rolecall init` writes one)" in done.message
    (rolecall.folder / "rolecall.yml").write_text("grace: 1s\n")
    assert "rolecall init" not in rolecall("plan", **given).message
    (rolecall.folder / "rolecall.yml").rename(rolecall.folder / "rolecall.yaml")
    assert "there is a rolecall.yaml)" in rolecall("plan", **given).message


def test_targets_that_are_missing_are_told_beside_any_other_mistake(rolecall):
    given = {"ROLECALL_TARGETS": "", "ROLECALL_COMMANDS": "true"}
    done = rolecall("run", "--grace", "x", **given)
    assert "2 mistakes" in done.err
    assert "ROLECALL_TARGETS: is not set" in done.err
    # Where something names them, or may, none are missing.
    target = TARGETS.split()[0].partition("=")[2]
    for more in ({"ROLECALL_CONFIG": "nope.yml"}, {"ROLECALL_TARGET_DEV": target}):
        done = rolecall("run", "--grace", "x", **given, **more)
        assert (done.code, "ROLECALL_TARGETS: is not set" in done.err) == (2, False)
    assert "ROLECALL_TARGETS: is not set" not in rolecall("init", "--grace", "x", **given).err


def test_no_target_is_nothing_to_do(rolecall):
    done = rolecall.run("true", ROLECALL_TARGETS="")
    assert done.code == 3
    assert "nothing to do" in done.err


def test_a_report_that_cannot_be_written_is_told_and_the_code_stays(rolecall):
    done = rolecall.run("rm -rf rolecall-report; echo x > rolecall-report")
    assert done.code == 0
    assert "no report" in done.err


def test_without_credentials_it_ends_with_4_and_says_what_to_do(rolecall):
    done = rolecall.run("true", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert done.code == 4
    assert done.out.count("no AWS credentials were found") == 1
    assert "dev, tst, prd: not assumed" in done.out
    assert done.statuses == ["not assumed"] * 3


def pairs(words):
    """Flags and their values, in whatever order."""
    return dict(zip(words[1::2], words[2::2], strict=True))


def test_the_line_that_runs_the_rest_repeats_the_flags(rolecall):
    line = [
        "run",
        "--only",
        "dev,tst",
        "--max-parallel",
        "2",
        "--commands",
        "test -e $ROLECALL_TARGET",
    ]
    (rolecall.folder / "dev").touch()
    done = rolecall(*line, ROLECALL_COMMANDS="touch another")
    [left] = re.findall(r"^To run all that is left: rolecall (.*)$", done.out, re.MULTILINE)
    assert pairs(shlex.split(left)) == {**pairs(line), "--only": "tst"}
    (rolecall.folder / "tst").touch()
    again = rolecall(*shlex.split(left), ROLECALL_COMMANDS="touch another")
    assert [result["target"] for result in again.report["results"]] == ["tst"]
    assert (again.code, (rolecall.folder / "another").exists()) == (0, False)


def test_with_a_state_that_line_is_the_same_command_once_more(rolecall):
    line = ["run", "--only", "dev,tst", "--state", "st", "--run-id", "r1"]
    (rolecall.folder / "dev").touch()
    done = rolecall(*line, ROLECALL_COMMANDS="test -e $ROLECALL_TARGET")
    [left] = re.findall(r"^To run all that is left: rolecall (.*)$", done.out, re.MULTILINE)
    assert pairs(shlex.split(left)) == pairs(line)
    (rolecall.folder / "tst").touch()
    again = rolecall(*shlex.split(left), ROLECALL_COMMANDS="test -e $ROLECALL_TARGET")
    assert again.statuses == ["succeeded before", "succeeded"]


@pytest.mark.parametrize("flag", ["sEcReT0123456789", "two\nlines"])
def test_flags_that_nobody_can_copy_leave_no_line(rolecall, flag):
    done = rolecall(
        "run", "--commands", f"echo {flag}; false",
        SERVICE_TOKEN="sEcReT0123456789", ROLECALL_MASK="SERVICE_TOKEN",
    )  # fmt: skip
    assert done.code == 1
    assert "To run all that is left" not in done.out
    assert done.report["plan"]["flags"] is None
