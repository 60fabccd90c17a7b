"""`plan`, `exec`, `config`, `--help`, lists in AWS, and what is loaded for each."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from rolecall.settings.options import options
from support import answers
from support.command import ROLECALL, TARGETS


def test_plan_prints_what_run_would_do_and_calls_nothing(rolecall, sts):
    done = rolecall("plan", ROLECALL_COMMANDS='["make a\\nmake b", "make c"]', ROLECALL_AFTER="x")
    assert done.code == 0
    assert sts.calls == []
    assert re.search(r"1 +dev +222222222222 +eu-central-1 +deploy", done.out)
    assert "  $ make a\n    make b\n  $ make c\nafter:\n  $ x\n" in done.out
    assert "session name: rolecall-" in done.out
    assert not (done.folder / "rolecall-report").exists()


def test_plan_shows_what_was_set_and_what_a_target_has_of_its_own(rolecall):
    own = '[{"name": "a", "account": 222222222222, "regions": "us-east-1,eu-west-1", "tags": "k=v",'
    own += ' "variables": {"A": "1"}}, 333333333333]'
    more = {"ROLECALL_TARGETS": own, "ROLECALL_ROLE": "r", "ROLECALL_COMMANDS": "x"}
    done = rolecall("plan", "--duration", "30m", **more)
    shown = "  duration = 30m (--duration)\noptions of a:\n  regions = us-east-1,eu-west-1\n"
    assert f"{shown}  tags = k=v\n  variables = A=1\nsession name" in done.out


def test_plan_says_which_lists_it_has_not_read(rolecall, sts):
    done = rolecall("plan", ROLECALL_TARGETS="ssm:/list", ROLECALL_COMMANDS="x")
    assert done.code == 0
    assert "what ssm:/list lists; `rolecall plan --read` reads it" in done.out
    assert sts.calls == []


def test_plan_lists_every_target_and_session_name(rolecall):
    accounts = " ".join(str(200000000000 + n) for n in range(60))
    more = {"ROLECALL_ROLE": "r", "ROLECALL_COMMANDS": "x", "ROLECALL_SESSION_NAME": "s-{target}"}
    done = rolecall("plan", ROLECALL_TARGETS=accounts, **more)
    assert "200000000059" in done.out
    assert "session name: s-200000000000 and 59 others" in done.out
    assert "… and 10 more" in rolecall("run", ROLECALL_TARGETS=accounts, **more).out


def test_plan_check_assumes_every_role(rolecall, sts):
    sts.always("333333333333", answers.access_denied("arn:aws:iam::333333333333:role/deploy"))
    done = rolecall("plan", "--check", ROLECALL_COMMANDS="x")
    assert done.code == 4
    assert "caller: arn:aws:iam::111111111111:user/hub" in done.out
    assert "dev: ok, account 222222222222" in done.out
    assert "tst: not assumed" in done.out
    assert "2 of 3 roles can be assumed" in done.out
    assert "  What to do: the trust policy of" in done.out
    assert "can be assumed\nMore: rolecall explain access-denied\n" in done.out


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_plan_check_explains_what_is_wrong_with_the_source(rolecall, sts, code):
    sts.script("", answers.error(code, "no"))
    done = rolecall("plan", "--check", ROLECALL_COMMANDS="x")
    assert done.code == 4
    assert f"rolecall: {code}: no\n  What to do: " in done.err


def test_exec_says_that_there_are_no_credentials(rolecall):
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    done = rolecall("exec", "dev", "--", "true", **nothing)
    assert (done.code, done.out) == (4, "")
    assert "dev: not assumed: no AWS credentials were found" in done.err


def test_exec_prints_the_command_s_output_and_nothing_else(rolecall):
    done = rolecall("exec", "tst", "--", "printf", "%s|", "$ROLECALL_TARGET", "a b")
    assert (done.code, done.out, done.err) == (0, "$ROLECALL_TARGET|a b|", "")


def test_exec_keeps_stderr_of_the_command_apart_and_masks_both(rolecall, sts):
    show = "cat $(dirname $AWS_CONFIG_FILE)/session.json"
    script = f"echo '[1]'; echo warning >&2; {show}; {show} >&2; exit 7"
    done = rolecall("exec", "tst", "--", script)
    assert done.out.startswith("[1]\n")
    assert "warning" not in done.out
    assert done.err.startswith("warning\n")
    assert ("***" in done.out, "***" in done.err, done.code) == (True, True, 7)
    assert not [secret for secret in sts.secrets if secret in done.out + done.err]


def test_exec_keeps_the_order_of_the_lines_where_both_streams_are_one(rolecall):
    script = "for n in $(seq 50); do echo $n; echo $n >&2; done"
    command = [ROLECALL, "exec", "tst", "--", script]
    done = subprocess.run(
        command,
        env=rolecall.environ({}),
        cwd=rolecall.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    assert done.stdout == "".join(f"{n}\n{n}\n" for n in range(1, 51))


def test_exec_goes_on_where_nobody_reads_stderr(rolecall):
    script = f"{shlex.quote(ROLECALL)} exec tst -- 'seq 9999 >&2; echo done' 2> >(true)"
    done = subprocess.run(
        ["bash", "-c", script],
        env=rolecall.environ({}),
        cwd=rolecall.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_exec_takes_one_word_as_a_script_and_gives_its_exit_code(rolecall):
    done = rolecall("exec", "444444444444", "--", "echo $ROLECALL_TARGET | tr a-z A-Z; exit 9")
    assert (done.code, done.out) == (9, "PRD\n")
    assert done.err == "rolecall: exit code 9\n"


def test_exec_assumes_one_role_only(rolecall, sts):
    sts.always("222222222222", answers.access_denied("x"))
    assert rolecall("exec", "prd", "--", "true").code == 0
    assert rolecall("exec", "arn:aws:iam::333333333333:role/deploy", "--", "true").code == 0
    assert len(sts.assumed()) == 2
    done = rolecall("exec", "dev", "--", "true")
    assert done.code == 4
    assert "rolecall: dev: not assumed: AccessDenied" in done.err
    assert "What to do:" in done.err


@pytest.mark.parametrize(
    ("arguments", "targets", "message"),
    [
        (["nope", "--", "true"], TARGETS, "'nope' is no target; there are dev, tst, prd"),
        (["dev"], TARGETS, "exec needs a command after `--`"),
        (
            ["222222222222", "--", "true"],
            "arn:aws:iam::222222222222:role/a arn:aws:iam::222222222222:role/b",
            "is the account of several targets",
        ),
    ],
)
def test_exec_needs_one_target_and_a_command(rolecall, sts, arguments, targets, message):
    done = rolecall("exec", *arguments, ROLECALL_TARGETS=targets)
    assert done.code == 2
    assert message in done.message
    assert sts.calls == []


def test_config_shows_what_is_set_and_where_it_came_from(rolecall):
    (rolecall.folder / "rolecall.yml").write_text("timeout: 2m\nretry_attempts: 3\n")
    given = {"ROLECALL_TARGETS": "", "ROLECALL_TARGET_DEV": TARGETS.split()[0].partition("=")[2]}
    done = rolecall("config", "--grace", "3", ROLECALL_TIMEOUT="1m", **given)
    assert done.code == 0
    assert done.out.splitlines()[:-2] == [
        "# rolecall.yml was read",
        "ROLECALL_TARGETS = (empty)  (from ROLECALL_TARGETS)",
        "ROLECALL_RETRY_ATTEMPTS = 3  (from rolecall.yml:2)",
        "ROLECALL_TIMEOUT = 1m  (from ROLECALL_TIMEOUT)",
        "ROLECALL_GRACE = 3s  (from --grace)",
        "ROLECALL_TARGET_DEV = arn:aws:iam::222222222222:role/deploy  (from ROLECALL_TARGET_DEV)",
    ]
    left = len(list(options())) - 4
    assert f"# {left} of {left + 4} options are not set: `rolecall config --all` shows" in done.out


def test_config_all_shows_every_option_with_what_it_is_for(rolecall):
    done = rolecall("config", "--all", "--grace", "3")
    assert done.code == 0
    assert "ROLECALL_GRACE = 3s  (from --grace)\n    time, default 10s. Time between" in done.out
    for option in options():
        assert f"\n{option.variable} = " in done.out


@pytest.mark.parametrize("words", [[], ["--all"]])
def test_config_ends_with_2_where_an_option_is_wrong(rolecall, words):
    done = rolecall("config", *words, ROLECALL_TIMEOUT="x", ROLECALL_GRACE="y")
    assert done.code == 2
    assert "ROLECALL_TIMEOUT = (wrong)  (from ROLECALL_TIMEOUT)\n" in done.out
    assert "2 mistakes in the configuration" in done.err


def test_a_mistyped_flag_is_told_with_the_nearest_right_one(rolecall):
    done = rolecall("run", "--region", "eu-west-1")
    assert done.code == 2
    assert "'--region' is no argument of run; did you mean --regions?" in done.err
    done = rolecall("plan", "--zzz")
    assert "usage: rolecall plan [options]\n" in done.err
    assert "'--zzz' is no argument of plan\n" in done.err
    assert "did you mean --check?" in rolecall("plan", "--chek").err
    assert "exec needs a command after `--`" in rolecall("exec", "dev", "ls").err


def test_exec_takes_the_arn_of_a_role_where_no_target_is_configured(rolecall, sts):
    arn = "arn:aws:iam::555555555555:role/some-role"
    show = ("--", "echo $ROLECALL_ROLE_ARN $ROLECALL_ACCOUNT_ID")
    done = rolecall("exec", arn, *show, ROLECALL_TARGETS="")
    assert (done.code, done.out, done.err) == (0, f"{arn} 555555555555\n", "")
    assert len(sts.assumed()) == 1
    kept_in = {"ROLECALL_TARGETS": "", "ROLECALL_ALLOWED_ACCOUNTS": "222222222222"}
    done = rolecall("exec", arn, *show, **kept_in)
    assert done.code == 2
    assert "TARGET, entry 1: account 555555555555 is not among ALLOWED_ACCOUNTS" in done.message
    done = rolecall("exec", arn, *show)
    assert f"TARGET: '{arn}' is no target; there are dev, tst, prd" in done.message
    assert rolecall("exec", "dev", *show, ROLECALL_TARGETS="").code == 3
    assert len(sts.assumed()) == 1


def test_every_mistyped_flag_is_told_and_none_of_their_values(rolecall):
    done = rolecall("run", "--comands", "x", "--max-paralel", "3", "--zzz=1")
    assert done.code == 2
    assert done.err.endswith(
        "'--comands' is no argument of run; did you mean --commands?\n"
        "  '--max-paralel' is no argument of run; did you mean --max-parallel?\n"
        "  '--zzz=1' is no argument of run\n"
    )
    assert "'stray' is no argument of run\n" in rolecall("run", "stray", "word").err


def test_what_goes_with_no_command_is_near_where_none_was_given(rolecall):
    assert "did you mean --version?" in rolecall("--verison").err
    assert "did you mean --version?" not in rolecall("run", "--version").err


def test_help_is_also_a_word(rolecall):
    for words, as_flag in ((("help",), ("--help",)), (("help", "plan"), ("plan", "--help"))):
        done, wanted = rolecall(*words), rolecall(*as_flag)
        assert (done.code, done.out) == (0, wanted.out)
        assert wanted.out
    assert "'rum' is no command; did you mean run?" in rolecall("help", "rum").err


@pytest.mark.parametrize("file", ["", "targets:\n\t- x\n"])
def test_what_a_file_that_could_not_be_read_may_hold_is_not_told_as_missing(rolecall, file):
    if file:
        (rolecall.folder / "nope.yml").write_text(file)
    done = rolecall(
        "plan",
        ROLECALL_CONFIG="nope.yml",
        ROLECALL_TARGETS="dev=222222222222",
        ROLECALL_STATE="s",
        ROLECALL_GRACE="x",
        ROLECALL_REGIONS="",
        AWS_REGION="",
    )
    assert done.code == 2
    assert done.err.startswith("rolecall: 2 mistakes in the configuration")
    assert ("nope.yml:2: is not YAML" if file else "'nope.yml' is no file") in done.err
    assert "ROLECALL_GRACE: 'x'" in done.err


def test_what_a_file_that_was_read_does_not_hold_is_told_as_missing(rolecall):
    (rolecall.folder / "rolecall.yml").write_text("grace: 3s\n")
    done = rolecall("plan", ROLECALL_TARGETS="222222222222")
    assert "ROLECALL_COMMANDS: is not set" in done.err
    assert "set ROLECALL_ROLE to the role's name" in " ".join(done.err.split())


def test_a_mistyped_command_is_told_with_the_nearest_or_with_all_of_them(rolecall):
    done = rolecall("rum")
    assert (done.code, done.out) == (2, "")
    assert "'rum' is no command; did you mean run?" in done.err
    assert "'zzz' is no command; the commands are init, run, plan, " in rolecall("zzz").err


def test_help_shows_the_settings_that_a_command_uses(rolecall):
    assert "--on-failure {stop,continue,abort}" in rolecall("run", "--help").out
    shown = rolecall("assume", "--help").out
    assert "--external-id" in shown
    assert "--commands" not in shown
    assert "--duration" not in rolecall("config", "--help").out


def test_no_command_means_run(rolecall):
    done = rolecall("--commands", "echo hi", "--no-preflight", "--targets", TARGETS.split()[0])
    assert done.code == 0
    assert "\nhi\n" in done.out
    assert "Preflight" not in done.out
    assert rolecall(ROLECALL_COMMANDS="true").code == 0


def test_help_and_version_exit_with_0(rolecall):
    for arguments in (["--help"], ["run", "--help"], ["--version"], ["-h"], ["--help-all"]):
        done = rolecall(*arguments)
        assert done.code == 0
        assert done.out
    assert rolecall("nonsense").code == 2
    assert "  assume " in rolecall("--help").out


def test_all_of_the_help_is_that_of_run_where_no_command_is_named(rolecall):
    everything = rolecall("run", "--help-all").out
    assert rolecall("--help-all").out == everything
    assert "--session-policy" in everything
    assert "--session-policy" not in rolecall("run", "--help").out


def test_help_that_nobody_reads_to_its_end_is_no_mistake(rolecall):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [ROLECALL, "run", "--help-all"], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (
            ["--help"],
            {"botocore", "structlog", "tenacity", "yaml", "wcwidth"}
            | {"rolecall.settings.options", "rolecall.targets"},
        ),
        (["plan"], {"botocore", "structlog", "tenacity", "yaml"}),
        (["config"], {"botocore", "structlog", "tenacity"}),
    ],
)
def test_what_is_slow_to_load_is_loaded_only_where_it_is_needed(rolecall, arguments, unwanted):
    done = rolecall.telling_imports(*arguments, ROLECALL_COMMANDS="x")
    loaded = {line.rpartition("|")[2].strip() for line in done.err.splitlines()}
    assert "rolecall.cli.main" in loaded
    assert not unwanted & loaded


def test_what_log_lines_need_is_loaded_before_the_first_target(rolecall):
    # The first line may be of a machine that can open no file any more.
    done = rolecall.telling_imports.run("true")
    loaded = [line.rpartition("|")[2].strip() for line in done.err.splitlines()]
    assert (done.code, "structlog" in loaded) == (0, True)


def test_it_runs_as_a_module(rolecall):
    done = subprocess.run(
        [sys.executable, "-m", "rolecall", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("rolecall 0.")


def test_a_reader_that_goes_away_is_no_bug(rolecall):
    line = f"{ROLECALL} config | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1] in ("0", "141")


@pytest.fixture
def stored(moto_url):
    """Puts lists of targets where the hub account keeps them."""
    keys = {
        "aws_access_key_id": "AKIASOURCEKEY0000000",
        "aws_secret_access_key": "x",
        "region_name": "eu-central-1",
        "endpoint_url": moto_url,
    }
    ssm, s3 = boto3.client("ssm", **keys), boto3.client("s3", **keys)

    def store(text):
        ssm.put_parameter(Name="/list", Value=text, Type="SecureString", Overwrite=True)
        where = {"LocationConstraint": "eu-central-1"}
        if not s3.list_buckets()["Buckets"]:
            s3.create_bucket(Bucket="lists", CreateBucketConfiguration=where)
        s3.put_object(Bucket="lists", Key="a/targets.json", Body=text.encode())

    return store


@pytest.mark.parametrize("where", ["ssm:/list", "s3://lists/a/targets.json", "file:targets.txt"])
def test_lists_are_read_from_ssm_s3_or_a_file(on_moto, stored, tmp_path, where):
    stored(TARGETS)
    (tmp_path / "targets.txt").write_text(TARGETS)
    done = on_moto.run("aws sts get-caller-identity", ROLECALL_TARGETS=where)
    assert done.code == 0, done.out + done.err
    assert re.findall(r'"Account": "(\d+)"', done.out) == [
        "222222222222",
        "333333333333",
        "444444444444",
    ]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("ssm:/none", "'ssm:/none' cannot be read: ParameterNotFound"),
        ("s3://lists/none", "cannot be read: NoSuchKey"),
        ("s3://lists", "has no bucket or no key"),
    ],
)
def test_a_list_that_is_not_there_is_told(on_moto, stored, where, message):
    stored("x")
    done = on_moto.run("true", ROLECALL_TARGETS=where)
    assert done.code == 2
    assert message in done.message


def test_a_bug_still_ends_with_a_report_and_70(rolecall, tmp_path):
    done = rolecall.patched(
        "import rolecall.deploy as r\n"
        "def broken(*a, **k): raise RuntimeError('boom')\n"
        "r.environment.of_target = broken\n"
    ).run("true")
    assert done.code == 70
    assert done.statuses == ["failed", "not run", "not run"]
    assert "boom" in done.report["bug"]
    assert "please report" in done.err
    assert not list(Path(tmp_path / "tmp").rglob("session.json"))


def test_a_bug_at_the_edge_ends_with_70(rolecall):
    done = rolecall.patched(
        "import rolecall.cli.config as c\ndef broken(x): raise RuntimeError('boom')\n"
        "c.command = broken\n"
    )("config")
    assert done.code == 70
    assert "this is a bug" in done.err
