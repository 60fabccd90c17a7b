"""What a shell can't read is found by the shell, which runs none of it."""

from __future__ import annotations

import shutil

import pytest

from rolecall.commands.syntax import mistakes
from rolecall.settings.documents import Commands

BASH, SH = shutil.which("bash") or "bash", shutil.which("sh") or "sh"


def found(*items, shell=(BASH,)):
    return list(mistakes(Commands(items, listed=True), shell))


@pytest.mark.parametrize("shell", [BASH, SH])
def test_each_command_that_cannot_be_read_is_named_with_what_the_shell_says(shell):
    wrong = found("echo a", "true\nfi", 'echo "x', "echo b", shell=(shell,))
    assert [number for number, _ in wrong] == [2, 3]
    assert wrong[0][1].startswith("line 2: ")
    assert "fi" in wrong[0][1]
    assert wrong[1][1].startswith("line ")


@pytest.mark.parametrize(
    "script",
    [
        "shopt -s extglob; rm -rf !(keep)",
        "cat <<END\nnever ended",
        "while read -r line; do echo $line; done < <(seq 3)",
        'declare -A of=([a]="1"); echo "${of[@]}"',
        "nothing-like-it --at-all",
        "\udcff\udcfe",
    ],
)
def test_what_bash_may_run_is_no_mistake(script):
    assert found(script) == []


def test_nothing_is_run_whatever_the_flags_of_the_shell(tmp_path, monkeypatch):
    mark = tmp_path / "mark"
    (tmp_path / "env").write_text(f"touch {mark}\n")
    monkeypatch.setenv("BASH_ENV", str(tmp_path / "env"))
    assert found(f"touch {mark}", shell=(BASH, "-i", "-l", "-e")) == []
    assert found(f"touch {mark}", "fi", shell=(BASH, "-i"))
    assert not mark.exists()


@pytest.mark.parametrize("shell", ["/usr/bin/python3", "/opt/fish", "/nowhere/bash"])
def test_other_programs_are_not_asked(shell):
    assert found("fi", shell=(shell,)) == []


def test_a_shell_that_does_not_answer_is_no_mistake(tmp_path, monkeypatch):
    monkeypatch.setattr("rolecall.commands.syntax._PATIENCE", 0.2)
    program = tmp_path / "bash"
    program.write_text("#!/bin/sh\nexec sleep 30\n")
    program.chmod(0o755)
    assert found("fi", shell=(str(program),)) == []
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    assert found("fi", shell=(str(program),)) == []
    program.write_text("#!/bin/sh\nexit 1\n")
    assert found("fi", shell=(str(program),)) == [(1, "it does not say what")]
