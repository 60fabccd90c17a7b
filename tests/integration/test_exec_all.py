"""`rolecall exec --all`: one command in every target."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time

import pytest

from support import answers
from support.command import ROLECALL

MANY = " ".join(f"t{n}=arn:aws:iam::{n:012}:role/deploy" for n in range(1, 7))


def everywhere(rolecall, script, *options, **extra):
    return rolecall("exec", "--all", *options, "--", script, **{"ROLECALL_TARGETS": MANY, **extra})


def blocks(out):
    """The output of each target, by the name above it."""
    parts = re.split(r"^=== (\S+) .*\n", out, flags=re.MULTILINE)
    assert parts[0] == ""
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_output_of_each_target_is_one_block(rolecall):
    script = "for i in 1 2 3; do echo $ROLECALL_TARGET-$i; sleep .1; done; echo wrong >&2"
    done = everywhere(rolecall, script, "--parallel", "6")
    assert done.code == 0, done.err
    assert "=== t1  000000000001  eu-central-1\n" in done.out
    assert blocks(done.out) == {f"t{n}": f"t{n}-1\nt{n}-2\nt{n}-3\nwrong\n" for n in range(1, 7)}
    assert re.fullmatch(r"rolecall: 6 succeeded in [\d.]+ s; exit code 0\n", done.err)
    assert not (rolecall.folder / "rolecall-report").exists()


def test_a_block_is_there_as_soon_as_its_target_is_done(rolecall, tmp_path):
    script = (
        f"echo hi; test $ROLECALL_TARGET = t2 || until test -e {tmp_path}/go; do sleep .05; done"
    )
    process = rolecall.start(
        "exec", "--all", "--parallel", "6", "--", script, ROLECALL_TARGETS=MANY
    )
    assert process.stdout.readline().startswith("=== t2 ")
    assert process.stdout.readline() == "hi\n"
    (tmp_path / "go").touch()
    done = rolecall.finish(process)
    assert (done.code, len(blocks(done.out))) == (0, 5)


def test_large_output_is_kept_in_files_that_have_no_name(rolecall, tmp_path):
    script = "head -c 3000000 /dev/zero | tr '\\0' x | fold -w 99; echo; ls -A $TMPDIR | wc -l"
    done = everywhere(rolecall, script, "--parallel", "3", "--only", "t1,t2,t3")
    assert done.code == 0, done.err
    assert [len(text) > 3_000_000 for text in blocks(done.out).values()] == [True] * 3
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_target_that_fails_keeps_no_other_from_its_turn(rolecall, sts):
    sts.always("000000000002", answers.access_denied("x"))
    done = everywhere(rolecall, 'echo hi; test "$ROLECALL_TARGET" != t3 || exit 7')
    assert done.code == 1
    found = blocks(done.out)
    assert (found["t2"], found["t3"], len(found)) == ("", "hi\n", 6)
    assert "=== t2  000000000002  eu-central-1  not assumed\n" in done.out
    assert "=== t3  000000000003  eu-central-1  failed: exit code 7\n" in done.out
    assert "rolecall: t2: not assumed\n  AccessDenied" in done.err
    assert "What to do:" in done.err
    assert "More: rolecall explain access-denied\n" in done.err
    assert "rolecall: failed: t3 eu-central-1\n" in done.err
    assert "4 succeeded, 1 failed, 1 not assumed" in done.err


def test_roles_that_cannot_be_assumed_alone_end_with_4(rolecall, sts):
    sts.always("000000000002", answers.access_denied("x"))
    assert everywhere(rolecall, "true").code == 4


def test_without_credentials_no_target_is_assumed(rolecall):
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    done = everywhere(rolecall, "true", "--format", "json", **nothing)
    assert done.code == 4
    assert [json.loads(line)["status"] for line in done.out.splitlines()] == ["not assumed"] * 6
    assert done.err.count("no AWS credentials were found") == 1


@pytest.mark.parametrize("limit", ["ROLECALL_ON_FAILURE=stop", "ROLECALL_MAX_FAILURES=0"])
def test_how_many_may_fail_is_kept_to_where_it_was_said(rolecall, limit):
    done = everywhere(rolecall, "false", **dict([limit.split("=")]))
    assert (done.code, list(blocks(done.out))) == (1, ["t1"])
    assert "rolecall: 5 not run: an earlier target failed" in done.err


def test_json_lines_are_one_object_a_target(rolecall):
    done = everywhere(rolecall, "echo $ROLECALL_TARGET; test $ROLECALL_TARGET != t2",
                      "--format", "json", "--parallel", "50%")  # fmt: skip
    assert done.code == 1
    found = {entry["target"]: entry for entry in map(json.loads, done.out.splitlines())}
    assert set(found) == {f"t{n}" for n in range(1, 7)}
    assert found["t1"] == {
        "target": "t1",
        "account_id": "000000000001",
        "region": "eu-central-1",
        "status": "succeeded",
        "exit_code": 0,
        "reason": "",
        "remedy": "",
        "output": "t1\n",
        "truncated": False,
        "seconds": found["t1"]["seconds"],
    }
    assert (found["t2"]["status"], found["t2"]["exit_code"]) == ("failed", 1)


def test_secrets_are_masked_in_both_forms(rolecall, sts):
    script = "cat $(dirname $AWS_CONFIG_FILE)/*"
    for options in ((), ("--format", "json")):
        done = everywhere(rolecall, script, *options)
        assert "***" in done.out
        assert not [secret for secret in sts.secrets if secret in done.out + done.err]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_what_runs_and_the_rest_is_not_run(rolecall, tmp_path, number, code):
    script = f"echo up; touch {tmp_path}/$ROLECALL_TARGET.up; sleep 60"
    process = rolecall.start(
        "exec", "--all", "--parallel", "2", "--", script, ROLECALL_TARGETS=MANY
    )
    while len(list(tmp_path.glob("*.up"))) < 2:
        time.sleep(0.05)
    process.send_signal(number)
    done = rolecall.finish(process)
    assert (done.code, blocks(done.out)) == (code, {"t1": "up\n", "t2": "up\n"})
    assert "rolecall: 4 not run: interrupted" in done.err


def test_when_the_reader_goes_the_commands_end(rolecall):
    line = f"{ROLECALL} exec --all -- 'seq 100000' | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        check=True,
        env=rolecall.environ({"ROLECALL_TARGETS": MANY}),
    )
    assert done.stdout.splitlines() == ["=== t1  000000000001  eu-central-1", "141"]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--", "true"], "exec needs one TARGET, or --all"),
        (["dev", "--all", "--", "true"], "exec needs one TARGET, or --all"),
        (["dev", "--format", "json", "--", "true"], "--format goes with --all"),
        (["--all"], "exec needs a command after `--`"),
        (
            ["--all", "--parallel", "x", "--", "true"],
            "done --parallel: 'x' is neither a count",
        ),
        (
            ["--all", "--max-parallel", "0", "--", "true"],
            "done --max-parallel: '0' is neither",
        ),
        (["--all", "--parallel", "2", "--max-parallel", "3", "--", "true"], "give one of them"),
        (
            ["--all"],
            "COMMAND… rolecall exec: error: exec needs",
        ),
        (["--all", "--only", "x", "--", "true"], "--only: 'x' means no target"),
    ],
)
def test_what_exec_cannot_do_is_told(rolecall, sts, arguments, message):
    done = rolecall("exec", *arguments)
    assert done.code == 2
    assert message in done.message
    assert sts.calls == []
