"""What commands may do without confusing the run."""

from __future__ import annotations

import json
import os
import subprocess
import time

import pytest

from support.command import ROLECALL, TARGETS
from support.watched import Watched

ONE = {"ROLECALL_TARGETS": TARGETS.split()[0]}


def commands(done):
    return [(c["status"], c["exit_code"]) for c in done.report["results"][0]["commands"]]


OK, NOT_RUN = ("succeeded", 0), ("not run", None)


@pytest.mark.parametrize(
    ("items", "code", "expected"),
    [
        (["true", "false", "true"], 1, [OK, ("failed", 1), NOT_RUN]),
        (["exit 0", "true"], 0, [OK, NOT_RUN]),
        (["exit 9", "true"], 1, [("failed", 9), NOT_RUN]),
        (["exec true", "true"], 0, [OK, NOT_RUN]),
        (["exec sh -c 'exit 4'", "true"], 1, [("failed", 4), NOT_RUN]),
        (["set +e; false; true", "false", "true"], 1, [OK, ("failed", 1), NOT_RUN]),
        (["trap 'echo bye' EXIT", "true"], 0, [OK, OK]),
        (["trap 'exit 5' EXIT", "true"], 1, [OK, ("failed", 5)]),
        (["read x || true", "cat"], 0, [OK, OK]),
        (["exec >/dev/null", "echo silent"], 0, [OK, OK]),
        (["return 3", "true"], 1, [("failed", 3), NOT_RUN]),
        (["printf() { echo mine; }", "printf"], 0, [OK, OK]),
        (["set -u; echo ${none:-}", "unset PATH", "set -- a b"], 0, [OK, OK, OK]),
        (["kill -9 $$", "true"], 1, [("failed", 137), NOT_RUN]),
        (["false | true", "true"], 1, [("failed", 1), NOT_RUN]),
        (["if then", "true"], 1, [("failed", 1), NOT_RUN]),
    ],
    ids=lambda value: (
        value[0][:20] if isinstance(value, list) and isinstance(value[0], str) else ""
    ),
)
def test_a_list_s_items_have_their_own_results(rolecall, items, code, expected):
    done = rolecall.run(json.dumps(items), **ONE)
    found = commands(done)
    if items[0] == "if then":  # shells differ in the code of a syntax error
        assert found[0][0] == "failed"
        found[0] = expected[0]
    assert (done.code, found) == (code, expected), done.out
    assert "\x1e" not in done.out


@pytest.mark.parametrize(("words", "times"), [(["run"], 3), (["exec", "--all"], 1)])
def test_what_asks_at_the_terminal_is_refused_at_once(rolecall, words, times):
    """As ssh, sudo and git do. In the background of that terminal it would be stopped for ever."""
    ask = "read -r answer < /dev/tty"
    variables = {"ROLECALL_BEFORE": f"{ask} || true", "ROLECALL_AFTER": ask, **ONE}
    if words[0] == "run":
        variables["ROLECALL_COMMANDS"] = ask
    else:
        words = [*words, "--", ask]
    environ = rolecall.environ({"ROLECALL_COMMAND_TIMEOUT": "10s", **variables})
    argv, folder = [ROLECALL, *words], rolecall.folder
    with Watched(argv, folder=folder, environ=environ, columns=200, rows=100) as seen:
        code = seen.end()
    assert code == 1
    refused = "/dev/tty: No such device or address"
    assert sum(line.endswith(refused) for line in seen.scrolled) >= times
    assert "timed out" not in "\n".join(seen.scrolled)


@pytest.mark.parametrize("shell", ["sh -e", "bash", "dash -eu"])
def test_a_list_runs_in_any_posix_shell(rolecall, shell):
    done = rolecall.run('["A=1", "echo $A", "false", "true"]', ROLECALL_SHELL=shell, **ONE)
    assert [c[0] for c in commands(done)] == ["succeeded", "succeeded", "failed", "not run"]


def test_marks_stay_hidden_under_set_x_and_v(rolecall):
    done = rolecall.run('["set -xv", "echo shown", "true"]', **ONE)
    assert done.code == 0
    assert "+ echo shown" in done.out
    assert "rolecall_status=" not in done.out.replace("{ rolecall_status=$?;", "")


def test_the_reason_of_what_was_not_run_is_given(rolecall):
    done = rolecall.run('["exit 0", "echo x"]', **ONE)
    reason = done.report["results"][0]["commands"][1]["reason"]
    assert reason == "the command before it ended the shell with exit code 0"


def test_a_background_job_does_not_hold_the_run(rolecall):
    begun = time.monotonic()
    done = rolecall.run("sleep 30 & echo started", **ONE)
    assert done.code == 0
    assert time.monotonic() - begun < 25
    assert "started" in done.out


def test_a_background_job_ends_with_its_target(rolecall, tmp_path):
    mark = tmp_path / "alive"
    job = f"(trap '' TERM; while :; do date > {mark}; sleep 0.1; done) & "
    job += f"until [ -s {mark} ]; do sleep 0.05; done"
    done = rolecall.run(job, ROLECALL_GRACE="0.5", **ONE)
    assert done.code == 0
    before = mark.stat().st_mtime_ns
    time.sleep(0.5)
    assert mark.stat().st_mtime_ns == before


def test_binary_and_unfinished_lines_pass(rolecall):
    script = r"""printf '\377\376\000x\n'; printf 'no newline'"""
    done = rolecall.run(script, **ONE)
    assert done.code == 0
    assert "\0x\n" in done.out
    assert "no newline\n" in done.out


def test_much_output_passes_whole(rolecall):
    done = rolecall.run("seq 1 300000", **ONE)
    assert "\n300000\n" in done.out
    numbers = [line for line in done.out.splitlines() if line.isdigit()]
    assert numbers == [str(n) for n in range(1, 300001)]


def test_a_line_without_end_passes(rolecall):
    done = rolecall.run("head -c 3000000 /dev/zero | tr '\\0' x", **ONE)
    assert done.out.count("x") >= 3000000


def test_a_prompt_is_shown_before_its_line_ends(rolecall):
    wait = "until [ -e seen ]; do sleep 0.05; done"
    process = rolecall.start(
        "run", ROLECALL_COMMANDS=f"printf 'work%s' ing...; {wait}; echo done", **ONE
    )
    seen = ""
    while "working..." not in seen.rpartition("\n")[2]:
        seen += process.stdout.read(1)
    (rolecall.folder / "seen").touch()
    done = rolecall.finish(process)
    assert done.code == 0
    assert done.out.startswith("done\n")


def test_closing_its_output_does_not_end_a_script(rolecall, tmp_path):
    script = f"exec >&- 2>&-; sleep 0.5; touch {tmp_path}/finished"
    assert rolecall.run(script, **ONE).code == 0
    assert (tmp_path / "finished").exists()


def test_a_command_that_takes_too_long_is_ended(rolecall):
    done = rolecall.run('["true", "sleep 30"]', ROLECALL_COMMAND_TIMEOUT="1s", **ONE)
    assert done.code == 1
    failed = done.report["results"][0]["commands"][1]
    assert failed["reason"] == "timed out: over COMMAND_TIMEOUT, 1.0 s"


def test_a_target_that_takes_too_long_is_ended_and_killed_if_it_must_be(rolecall):
    stubborn = "trap '' TERM; while :; do sleep 0.1; done"
    done = rolecall.run(stubborn, ROLECALL_TIMEOUT="1s", ROLECALL_GRACE="1s", **ONE)
    assert done.code == 1
    failed = done.report["results"][0]["commands"][0]
    assert failed["reason"] == "timed out: over TIMEOUT, 1.0 s"
    assert failed["exit_code"] == 137


def test_a_script_is_run_by_any_program(rolecall):
    done = rolecall.run("import os\nprint(os.environ['AWS_PROFILE'] * 2)", ROLECALL_SHELL="python3")
    assert "devdev" in done.out


def test_a_shell_that_cannot_start_fails_its_target(rolecall, tmp_path):
    shell = tmp_path / "shell"
    shell.write_text("#!/nonexistent\n")
    shell.chmod(0o755)
    done = rolecall.run("true", ROLECALL_SHELL=str(shell), **ONE)
    assert done.code == 1
    failed = done.report["results"][0]["commands"][0]
    assert (failed["exit_code"], "cannot be started" in failed["reason"]) == (127, True)


@pytest.mark.parametrize("shell", ["bash -n", "sh -c :"])
def test_a_shell_that_runs_nothing_of_a_list_has_not_succeeded(rolecall, shell):
    done = rolecall.run('["echo one", "echo two"]', ROLECALL_SHELL=shell)
    assert done.code == 1
    assert "had run none of the commands (SHELL)" in " ".join(done.out.split())


@pytest.mark.parametrize(("command", "code"), [("true", 0), ("false", 1)])
def test_a_reader_that_has_gone_changes_no_exit_code(rolecall, command, code):
    reader, writer = os.pipe()
    os.close(reader)
    given = {"ROLECALL_COMMANDS": command, "ROLECALL_ON_FAILURE": "continue"}
    done = subprocess.run(
        [ROLECALL, "run"],
        cwd=rolecall.folder,
        env=rolecall.environ(given),
        stdout=writer,
        stderr=writer,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert done.returncode == code
