"""`rolecall exec`: what is piped in, files for several targets, and a person at a terminal."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from support.command import ROLECALL
from support.watched import Watched

MANY = " ".join(f"t{n}=arn:aws:iam::{n:012}:role/deploy" for n in range(1, 5))


@pytest.fixture
def fed(rolecall):
    """Runs `rolecall exec` with an input: bytes for a pipe, or what Popen takes."""

    def run(*arguments, stdin, **extra):
        given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
        return subprocess.run(
            [ROLECALL, "exec", *arguments],
            cwd=rolecall.folder,
            env=rolecall.environ(extra),
            capture_output=True,
            check=False,
            timeout=60,
            **given,
        )

    return run


@pytest.fixture
def idle():
    """A pipe that is open, and nothing ever comes."""
    reader, writer = os.pipe()
    yield reader
    os.close(reader)
    os.close(writer)


def test_what_is_piped_in_reaches_the_command(fed):
    data = os.urandom(300_000)
    done = fed("dev", "--", "cksum; echo", stdin=data)
    plain = subprocess.run(["cksum"], input=data, capture_output=True, check=True)
    assert (done.returncode, done.stdout.strip()) == (0, plain.stdout.strip())


def test_a_file_reaches_the_command_and_what_it_leaves_is_the_next_one_s(rolecall):
    (rolecall.folder / "list").write_text("one\ntwo\nthree\n")
    read = f"{ROLECALL} exec dev -- 'read -r line; echo read $line'"
    done = subprocess.run(
        ["bash", "-c", f"{{ {ROLECALL} exec dev -- true; {read}; {read}; cat; }} < list"],
        cwd=rolecall.folder,
        env=rolecall.environ({}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["read one", "read two", "three"]


def test_a_command_that_reads_nothing_is_not_hurt_by_an_input_without_end(fed, idle):
    done = fed("dev", "--", "echo hi", stdin=idle)
    assert (done.returncode, done.stdout) == (0, b"hi\n")


def test_without_any_standard_input_a_command_reads_nothing(rolecall):
    line = f"exec {ROLECALL} exec dev -- 'wc -c' <&-"
    environ = rolecall.environ({})
    done = subprocess.run(["sh", "-c", line], env=environ, capture_output=True, check=True)
    assert done.stdout == b"0\n"


def test_run_gives_its_commands_nothing(rolecall):
    done = subprocess.run(
        [ROLECALL, "run"],
        cwd=rolecall.folder,
        env=rolecall.environ({"ROLECALL_COMMANDS": "wc -c"}),
        input="typed",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("\n0\n") == 3


@pytest.mark.parametrize("parallel", ["1", "4"])
def test_each_of_several_targets_reads_a_file_as_a_whole(fed, rolecall, parallel):
    path = rolecall.folder / "input"
    path.write_bytes(b"skipped\n" + b"0123456789" * 100_000)
    with path.open("rb", buffering=0) as file:
        file.seek(8)
        done = fed(
            "--all", "--parallel", parallel, "--", "wc -c", stdin=file, ROLECALL_TARGETS=MANY
        )
        assert file.tell() == 8  # the loop that it stands in goes on
    assert (done.returncode, done.stdout.count(b"\n1000000\n")) == (0, 4), done.stderr


@pytest.mark.parametrize("data", [b"some", None])
def test_what_can_be_read_only_once_is_refused_for_several_targets(fed, idle, sts, data):
    done = fed("--all", "--", "cat", stdin=data or idle)
    assert done.returncode == 2
    assert b"standard input: can be read only once" in done.stderr
    assert b"< /dev/null" in done.stderr
    assert sts.calls == []


@pytest.mark.parametrize("stdin", [b"", subprocess.DEVNULL])
def test_nothing_at_all_is_no_input_for_several_targets(fed, stdin):
    done = fed("--all", "--", "wc -c", stdin=stdin)
    assert (done.returncode, done.stdout.count(b"\n0\n")) == (0, 3), done.stderr


def test_a_script_that_is_piped_in_is_run_where_there_is_no_command(fed, rolecall):
    done = fed("tst", stdin=b"echo in $ROLECALL_TARGET\nfalse\necho not here\n")
    assert (done.returncode, done.stdout) == (1, b"in tst\n")
    path = rolecall.folder / "script"
    path.write_text("echo in $ROLECALL_TARGET; exit 5")
    with path.open("rb") as file:
        done = fed("dev", stdin=file)
    assert (done.returncode, done.stdout) == (5, b"in dev\n")


@pytest.mark.parametrize("stdin", [b"", subprocess.DEVNULL])
def test_no_command_and_no_script_is_no_success(fed, sts, stdin):
    done = fed("dev", stdin=stdin)
    assert done.returncode == 2
    assert b"standard input: has no script" in done.stderr
    assert b"exec needs a command after `--`" in b" ".join(done.stderr.split())
    done = fed("dev", stdin=stdin, ROLECALL_SHELL="bash '")
    assert b"2 mistakes" in done.stderr
    assert sts.calls == []


def test_a_script_that_never_begins_is_not_waited_for_without_end(fed, idle, sts):
    done = fed("dev", stdin=idle)
    assert done.returncode == 2
    assert b"standard input: has no script" in done.stderr
    assert sts.calls == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--"], b"exec needs a command"),
        (["--", ""], b"COMMAND is '', of which a shell does nothing"),
        (["--", " "], b"COMMAND is ' ', of which a shell does nothing"),
    ],
)
def test_a_command_that_is_given_and_empty_is_no_shell(fed, sts, words, said):
    done = fed("dev", *words, stdin=b"echo hi")
    assert done.returncode == 2
    assert said in done.stderr
    assert sts.calls == []


@pytest.mark.parametrize("data", [b"abc", b"", b"a\n", bytes(range(256)) * 500])
def test_what_a_command_writes_is_passed_on_byte_by_byte(fed, data):
    done = fed("dev", "--", "cat; echo -n e >&2", stdin=data)
    assert (done.returncode, done.stdout, done.stderr) == (0, data, b"e")


@pytest.fixture
def at_terminal(rolecall):
    """Runs `rolecall exec` at a terminal, within bash where a line is given."""

    def start(*arguments, line="", **extra):
        argv = ["bash", "--norc", "-c", line] if line else [ROLECALL, "exec", *arguments]
        environ = rolecall.environ({"TERM": "xterm", "SHELL": "/bin/sh", **extra})
        return Watched(argv, folder=rolecall.folder, environ=environ)

    return start


def test_alone_it_is_a_shell_in_the_target(at_terminal):
    with at_terminal("tst") as seen:
        seen.until(lambda seen: {"#", "$"} & set(seen.lines))
        seen.type(
            "echo in $ROLECALL_TARGET; test -t 0 && test -t 1 && test -t 2 && echo terminal\r"
        )
        seen.until(lambda seen: {"in tst", "terminal"} <= set(seen.lines))
        seen.type("stty size\r")
        seen.until(lambda seen: "24 80" in seen.lines)
        seen.resize(100, 30)
        seen.until(lambda seen: not seen.type("stty size\r") and "30 100" in seen.lines)
        seen.type("exit 7\r")
        assert seen.end() == 7
    assert "still running" not in seen.text


def test_ctrl_c_is_the_command_s_and_the_terminal_is_as_it_was(at_terminal):
    line = f"""before=$(stty -g)
        {ROLECALL} exec dev -- "trap 'echo caught; exit 9' INT; echo up; while :; do sleep .1; done"
        echo "code $?"; [ "$(stty -g)" = "$before" ] && echo same"""
    with at_terminal(line=line) as seen:
        seen.until(lambda seen: "up" in seen.lines)
        seen.type("\x03")
        assert seen.end() == 0
    assert {"^Ccaught", "code 9", "same"} <= set(seen.lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_shell_and_the_terminal_is_as_it_was(at_terminal, tmp_path, number):
    line = f"""before=$(stty -g)
        sh -c 'echo $$ > pid; exec {ROLECALL} exec dev --grace 1 -- "echo up; sleep 60"'
        echo "code $?"; [ "$(stty -g)" = "$before" ] && echo same"""
    with at_terminal(line=line) as seen:
        seen.until(lambda seen: "up" in seen.lines)
        os.kill(int((tmp_path / "pid").read_text()), number)
        assert seen.end() == 0
    assert {f"code {128 + number}", "same"} <= set(seen.lines)


def test_a_secret_that_is_shown_at_a_terminal_is_masked(at_terminal, sts):
    script = (
        "cat $(dirname $AWS_CONFIG_FILE)/*; printf 'AK'; sleep 1; echo; printf 'done '; sleep 60"
    )
    with at_terminal("dev", "--", script) as seen:
        seen.until(lambda seen: "done" in seen.text)
        seen.type("\x03")
        seen.end()
    assert b"***" in seen.raw
    assert not [secret for secret in sts.secrets if secret.encode() in seen.raw]


def test_what_is_redirected_stays_apart_at_a_terminal(at_terminal, tmp_path):
    line = (
        f"{ROLECALL} exec dev -- 'echo out; echo err >&2; read -r x; echo got $x' > out; echo ended"
    )
    with at_terminal(line=line) as seen:
        seen.until(lambda seen: "err" in seen.lines)
        seen.type("typed\r")
        seen.until(lambda seen: "ended" in seen.lines)
        seen.end()
    assert (tmp_path / "out").read_text() == "out\ngot typed\n"
    line = f"{ROLECALL} exec dev -- 'test -t 1 && echo out; echo err >&2' 2> err; echo ended"
    with at_terminal(line=line) as seen:
        seen.until(lambda seen: "ended" in seen.lines)
        assert "out" in seen.lines
        seen.end()
    assert (tmp_path / "err").read_text() == "err\n"


def test_a_job_in_the_background_is_not_stopped_by_its_terminal(at_terminal):
    line = f"set -m; {ROLECALL} exec dev -- 'wc -c; echo done' & wait; echo ended"
    with at_terminal(line=line) as seen:
        seen.until(lambda seen: {"0", "done", "ended"} <= set(seen.lines))
        seen.end()


def test_without_terminals_to_give_the_command_has_the_user_s_input(rolecall):
    bug = "import os\ndef none(): raise OSError(2, 'No such file or directory')\nos.openpty = none"
    command = rolecall.patched(bug)
    argv = [*command.argv, "exec", "dev", "--", "read -r x; echo got $x; test -t 1 || echo pipe"]
    with Watched(argv, folder=rolecall.folder, environ=rolecall.environ({})) as seen:
        seen.type("typed\r")
        seen.until(lambda seen: {"got typed", "pipe"} <= set(seen.lines))
        assert seen.end() == 0
    assert "no terminal can be had for the command" in seen.text


def test_a_large_paste_arrives_whole(at_terminal):
    script = "stty raw -echo; echo up; head -c 100000 | cksum; stty sane"
    with at_terminal("dev", "--", script) as seen:
        seen.until(lambda seen: "up" in seen.text)
        for _ in range(100):
            seen.type("0123456789" * 100)
            seen.until(lambda seen: True)
        assert seen.end() == 0
    expected = subprocess.run(
        ["cksum"], input=b"0123456789" * 10_000, capture_output=True, check=True
    )
    assert expected.stdout.decode().split()[0] in seen.text
