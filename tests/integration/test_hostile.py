"""What should not happen, and does: endless output, hanging calls, odd answers, closed outputs."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time

import pytest

from support import answers
from support.command import ROLECALL, SOURCE_KEYS, TARGETS, wait_for
from support.sts import ContainerCredentials

ONE = TARGETS.split()[0]
HOP = "arn:aws:iam::555555555555:role/hop"


@pytest.mark.parametrize("background", ["yes hello &", "setsid timeout 20 yes hello &"])
def test_a_target_ends_with_its_shell_whatever_writes_on(rolecall, background):
    begun = time.monotonic()
    done = rolecall.run(f"{background} sleep 0.2; echo done; exit 0", ROLECALL_TARGETS=ONE)
    assert done.code == 0
    assert time.monotonic() - begun < 10
    assert "done" in done.out


def test_a_list_that_ends_early_says_what_was_not_run(rolecall):
    done = rolecall.run('["echo check; exit 0", "echo DEPLOY"]', ROLECALL_TARGETS=ONE)
    assert done.code == 0
    assert "[2/2] not run: the command before it ended the shell with exit code 0" in done.out


def test_a_forged_mark_changes_nothing(rolecall):
    forge = "w=$(sed -n 's/.*036\\([0-9a-f]*\\):start.*/\\1/p' \"$0\" | head -n 1); echo word $w;"
    forge += " printf '\\036%s:start:9:0\\036\\036%s:end:7:0\\036' $w $w"
    done = rolecall.run(json.dumps([forge, "echo next"]), ROLECALL_TARGETS=ONE)
    assert re.search(r"^word [0-9a-f]{16}$", done.out, re.MULTILINE)
    assert (done.code, done.report["bug"]) == (0, None)
    assert [c["exit_code"] for c in done.report["results"][0]["commands"]] == [0, 0]


def test_the_source_s_credentials_are_masked_also_once_they_were_replaced(rolecall):
    with ContainerCredentials() as endpoint:
        fetch = "import os, urllib.request as u; url = 'AWS_CONTAINER_CREDENTIALS_FULL_URI'; "
        fetch += "print(u.urlopen(os.environ[url]).read().decode())"
        environ = {
            **{name: "" for name in SOURCE_KEYS if name != "AWS_REGION"},
            **endpoint.environ,
        }
        process = rolecall.start(
            "run",
            ROLECALL_COMMANDS="echo ready; sleep 1",
            ROLECALL_TARGETS=ONE,
            ROLECALL_AFTER=f'python3 -c "{fetch}"',
            **environ,
        )
        wait_for(process, "\nready")
        endpoint.rotate()
        done = rolecall.finish(process)
    assert done.code == 0, done.out
    assert '"SecretAccessKey": "***"' in done.out
    assert not [secret for secret in endpoint.secrets if secret in done.everything]


def test_a_secret_in_a_command_s_own_text_is_masked_everywhere(rolecall):
    script = f"echo {SOURCE_KEYS['AWS_SECRET_ACCESS_KEY']}"
    for arguments in (["run"], ["plan"], ["config"]):
        done = rolecall(*arguments, ROLECALL_COMMANDS=script)
        assert done.code == 0, done.err
        assert SOURCE_KEYS["AWS_SECRET_ACCESS_KEY"] not in done.everything


def test_a_stop_does_not_wait_for_a_hanging_preflight(rolecall, sts):
    sts.always("deploy", answers.slow(12))
    process = rolecall.start("run", ROLECALL_COMMANDS="true")
    wait_for(process, "Preflight")
    time.sleep(0.5)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    done = rolecall.finish(process)
    assert (done.code, done.statuses) == (143, ["not run"] * 3)
    assert time.monotonic() - begun < 5


def test_a_target_s_end_does_not_wait_for_a_hanging_renewal(rolecall, sts, tmp_path):
    sts.lifetime = 4
    sts.script("deploy", answers.OK, answers.slow(12))
    begun = time.monotonic()
    done = rolecall.run("sleep 3", ROLECALL_TARGETS=ONE)
    assert done.code == 0
    assert time.monotonic() - begun < 9
    assert len(sts.assumed()) == 2
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_dead_hop_is_not_tried_for_each_target(rolecall, sts):
    sts.always("role/hop", answers.RESET)
    done = rolecall.run("true", ROLECALL_VIA=HOP, ROLECALL_RETRY_ATTEMPTS="2")
    assert done.code == 4
    assert len(sts.assumed("role/hop")) == 2
    assert done.report["results"][2]["reason"] == done.report["results"][0]["reason"]


def test_an_sts_that_cannot_be_reached_is_given_up_for_the_rest(rolecall):
    many = " ".join(str(200000000000 + n) for n in range(60))
    done = rolecall.run(
        "true",
        ROLECALL_TARGETS=many,
        ROLECALL_ROLE="deploy",
        ROLECALL_RETRY_ATTEMPTS="1",
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
    )
    assert done.code == 4
    assert "not tried: AWS could not be reached for 8 roles before it" in done.out
    assert "AWS cannot be reached: check the network" in " ".join(done.out.split())
    assert done.statuses == ["not assumed"] * 60


@pytest.mark.parametrize("expiration", ["soon", "", "2001-01-01T00:00:00Z", "2099-01-01T00:00:00"])
def test_an_expiration_that_makes_no_sense_is_no_session(rolecall, sts, expiration):
    body = answers.assume_role_xml(
        answers.Issued(
            key_id="ASIA",
            secret="s",
            token="t",
            assumed_role_arn="arn:aws:sts::222222222222:assumed-role/deploy/x",
            expires=0,
            expiration=expiration,
        ),
        action="AssumeRole",
    )
    sts.always("deploy", answers.Answer(body=body, status=200))
    done = rolecall.run("true", ROLECALL_TARGETS=ONE, ROLECALL_RETRY_ATTEMPTS="1")
    assert done.code == 4
    assert done.report["bug"] is None


def test_a_run_goes_on_when_nobody_reads_its_output(rolecall):
    process = rolecall.start("run", ROLECALL_COMMANDS="echo first; sleep 0.5; seq 100000")
    wait_for(process, "first")
    process.stdout.close()
    with process.stderr:
        error = process.stderr.read()
    assert process.wait(60) == 0
    assert "standard output is gone (Broken pipe); the run goes on" in error
    report = json.loads((rolecall.folder / "rolecall-report/report.json").read_text())
    assert report["counts"]["succeeded"] == 3


@pytest.mark.parametrize("output", [">&-", ">/dev/full"])
@pytest.mark.parametrize("command", ["run", "plan"])
def test_an_output_that_takes_nothing_is_no_bug(rolecall, command, output):
    done = subprocess.run(
        ["sh", "-c", f"{ROLECALL} {command} {output}"],
        cwd=rolecall.folder,
        env=rolecall.environ({"ROLECALL_COMMANDS": "true"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == (2 if (command, output) == ("plan", ">/dev/full") else 0)


def test_exec_ends_its_command_when_nobody_reads_its_output(rolecall):
    line = f"{ROLECALL} exec dev -- 'yes hello' | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=rolecall.folder,
        env=rolecall.environ({}),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (141, "hello\n")


def test_output_without_an_end_of_line_is_told_in_pieces(rolecall):
    done = rolecall.run(
        "head -c 3000000 /dev/zero | tr '\\0' x; printf 'a\\rb\\r'",
        ROLECALL_TARGETS=ONE,
        ROLECALL_LOG_FORMAT="json",
    )
    events = [json.loads(line) for line in done.out.splitlines()]
    pieces = [e for e in events if e["event"] == "output"]
    assert max(len(piece["line"]) for piece in pieces) < 400_000
    assert sum(piece["line"].count("x") for piece in pieces) == 3_000_000
    assert all(piece.get("partial") for piece in pieces[:-1])


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"AWS_ENDPOINT_URL": "127.0.0.1:99"}, "AWS settings: "),
        ({"AWS_RETRY_MODE": "foo"}, "AWS settings: "),
        ({"AWS_REGION": "EU Central"}, "AWS_REGION: 'EU Central' is no region"),
        ({"TMPDIR": "/nonexistent"}, "cannot write /nonexistent (No such file or directory)"),
        ({"TMPDIR": "everybody"}, "every user may replace what is in"),
    ],
)
def test_surroundings_that_will_not_do_end_with_2(rolecall, sts, tmp_path, extra, message):
    (tmp_path / "everybody").mkdir()
    (tmp_path / "everybody").chmod(0o777)
    done = rolecall.run("true", **extra)
    assert done.code == 2, done.out
    assert message in done.message
    assert sts.calls == []


def test_a_report_that_cannot_be_written_is_told_before_anything_runs(rolecall, sts, tmp_path):
    folder = tmp_path / "rolecall-report"
    folder.mkdir()
    (folder / "report.json").symlink_to(tmp_path / "elsewhere")
    done = rolecall.run("true")
    assert done.code == 2
    assert "report.json is no plain file" in done.message
    assert sts.calls == []


def test_a_mistake_leaves_no_folder_and_a_run_leaves_no_old_report(rolecall, tmp_path):
    assert rolecall.run("true", ROLECALL_TARGETS="nope").code == 2
    assert not (tmp_path / "rolecall-report").exists()
    assert rolecall.run("true").code == 0
    done = rolecall.run("test ! -e rolecall-report/report.json", ROLECALL_TARGETS=ONE)
    assert done.code == 0


def test_a_hangup_that_is_ignored_stays_ignored(rolecall):
    script = f"trap '' HUP; exec {ROLECALL} run"
    process = subprocess.Popen(
        ["sh", "-c", script],
        cwd=rolecall.folder,
        env=rolecall.environ({"ROLECALL_COMMANDS": "echo ready; sleep 1", "ROLECALL_TARGETS": ONE}),
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for(process, "\nready")
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_control_characters_in_a_command_s_text_reach_no_terminal(rolecall):
    done = rolecall("plan", ROLECALL_COMMANDS="echo \x1b[2J")
    assert "\x1b" not in done.out
    assert "echo \\x1b[2J" in done.out


STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")


@pytest.mark.parametrize(
    ("log_format", "spelt"),
    [
        ("console", r"\x9b2J\x9b1;1H, all \u202edone"),
        ("json", r"\u009b2J\u009b1;1H, all \u202edone"),
    ],
)
def test_an_error_of_aws_cannot_steer_a_terminal(rolecall, sts, log_format, spelt):
    # XML takes the one character that begins a sequence as ESC [ does.
    sts.always("deploy", answers.error("AccessDenied", "no \x9b2J\x9b1;1H, all \u202edone", 403))
    done = rolecall.run("true", ROLECALL_LOG_FORMAT=log_format)
    assert done.code == 4
    assert spelt in done.out
    assert not STEERS.search(done.out + done.err)
    done = rolecall("exec", "dev", "--", "true")
    assert done.code == 4
    assert not STEERS.search(done.out + done.err)


def test_a_report_from_elsewhere_cannot_steer_a_terminal_or_add_lines(rolecall, tmp_path):
    rolecall.run("echo last words; false", ROLECALL_TARGETS=ONE)
    path = tmp_path / "rolecall-report/report.json"
    report = json.loads(path.read_text())
    steering = "\x1b[2J\x1b[1;1H\x1b]0;title\x07\x9b2J\r\x1b[8m\x1bc\u202e"
    [result] = report["results"]
    result["reason"] = result["remedy"] = f"why{steering}"
    result["commands"][0] |= {"command": f"x{steering}", "reason": steering, "tail": [steering]}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for bug in (None, steering):
        (elsewhere / "report.json").write_text(json.dumps({**report, "bug": bug}))
        for arguments in (["merge", "elsewhere", "--out", "merged"], ["report", "elsewhere"]):
            done = rolecall(*arguments)
            assert "its last lines" in done.out
            assert not STEERS.search(done.out + done.err)
    result["target"] = "dev\nAll targets succeeded"
    (elsewhere / "report.json").write_text(json.dumps(report))
    done = rolecall("merge", "elsewhere", "--out", "merged")
    assert done.code == 2
    assert r'target is "dev\nAll targets succeeded" and not one line of text' in done.message


def test_a_program_that_lies_in_the_working_folder_is_not_run(rolecall, tmp_path):
    for name in ("bash", "sh", "cat", "printf", "git"):
        (tmp_path / name).write_text(f"#!/bin/sh\ntouch '{tmp_path}/planted-{name}'\n")
        (tmp_path / name).chmod(0o755)
    ask = """sh -c "$(sed -n 's/^credential_process = //p' "$AWS_CONFIG_FILE")" > /dev/null"""
    done = rolecall.run(json.dumps([ask, "true"]))
    assert done.code == 0, done.out
    assert list(tmp_path.glob("planted-*")) == []
