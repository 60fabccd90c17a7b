"""The user's own Python beside rolecall's: neither changes what the other runs."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import needs
from support.command import ROLECALL, SOURCE_KEYS

SCRIPTS = Path(__file__).parents[2] / "src/bin"
# What rolecall, Python itself as it starts, and an installer's script would import.
SHADOWED = (
    "argparse",
    "botocore",
    "encodings",
    "gc",
    "re",
    "rolecall",
    "sitecustomize",
    "usercustomize",
    "yaml",
)


@pytest.fixture
def theirs(tmp_path):
    """A folder of modules that end whatever imports them, with 0."""
    folder = tmp_path / "lib"
    folder.mkdir()
    for name in SHADOWED:
        (folder / f"{name}.py").write_text("import os\nos._exit(0)\n")
    return str(folder)


def test_modules_on_the_pythonpath_do_not_reach_rolecall_and_its_commands_have_them(
    rolecall, theirs, sts
):
    done = rolecall.run('echo "path=$PYTHONPATH"; exit 3', PYTHONPATH=theirs)
    assert done.code == 1, done.err
    assert f"path={theirs}" in done.out
    assert sts.calls


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PYTHONHOME", "/nonexistent"),
        ("PYTHONWARNINGS", "error"),
        ("PYTHONINSPECT", "1"),
        ("PYTHONUSERBASE", "/nonexistent"),
        ("PYTHONPLATLIBDIR", "nowhere"),
    ],
)
def test_variables_of_python_s_reach_the_commands_alone(rolecall, name, value):
    done = rolecall.run(f'echo "value=${name}"', **{name: value})
    assert (done.code, done.err) == (0, "")
    assert done.out.count(f"value={value}\n") == 3


@pytest.mark.parametrize("argv", [(ROLECALL,), (sys.executable, "-m", "rolecall")])
def test_modules_in_the_working_folder_do_not_reach_rolecall(rolecall, theirs, argv):
    for path in Path(theirs).glob("*.py"):
        if path.stem != "rolecall":  # `-m` looks for that there itself
            shutil.copy(path, rolecall.folder)
    done = subprocess.run(
        [*argv, "exec", "dev", "--", "exit 7"],
        cwd=rolecall.folder,
        env=rolecall.environ({}),
        check=False,
    )
    assert done.returncode == 7


def test_it_finds_its_python_through_links_and_by_a_relative_path(tmp_path):
    (tmp_path / "link").symlink_to(ROLECALL)
    for command in ("./link --version", f"cd {Path(ROLECALL).parent}; ./rolecall --version"):
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith("rolecall ")


def test_without_an_environment_of_its_own_it_runs_the_python_that_the_installer_wrote(tmp_path):
    for name in ("rolecall", ".rolecall-python"):
        shutil.copy(SCRIPTS / name, tmp_path)
    text = (tmp_path / ".rolecall-python").read_text()
    assert text.startswith("#!python\n")  # what installers look for
    fake = tmp_path / "a python"
    fake.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    fake.chmod(0o755)
    (tmp_path / ".rolecall-python").write_text(text.replace("#!python", f"#!{fake}"))
    done = subprocess.run(
        [tmp_path / "rolecall", "run", "a b"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "-EP|-m|rolecall|run|a b|"


def test_what_a_command_starts_of_rolecall_is_isolated_too(rolecall, theirs):
    inner = f"{shlex.quote(ROLECALL)} --version"
    done = rolecall("exec", "dev", "--", inner, PYTHONPATH=theirs)
    assert done.out.startswith("rolecall ")


def test_the_installed_command_is_the_script_of_the_sources():
    assert Path(ROLECALL).read_bytes() == (SCRIPTS / "rolecall").read_bytes()
    assert os.access(ROLECALL, os.X_OK)


def test_another_botocore_is_not_taken(rolecall, tmp_path, sts):
    """As `pip install --target lib boto3` brings one: it must not send the calls elsewhere."""
    botocore = tmp_path / "lib/botocore"
    botocore.mkdir(parents=True)
    (botocore / "__init__.py").write_text("raise SystemExit(0)\n")
    done = rolecall.run("true", PYTHONPATH=str(tmp_path / "lib"), **SOURCE_KEYS)
    assert (done.code, done.statuses) == (0, ["succeeded"] * 3)
    assert sts.calls


@pytest.mark.parametrize("shell", ["bash", "dash", "zsh"])
def test_who_sources_it_keeps_the_shell_and_is_told(shell, rolecall):
    if not shutil.which(shell):
        needs.skip(shell)
    done = subprocess.run(
        [shell, "-c", f". {ROLECALL} assume dev client; echo ended with $?"],
        cwd=rolecall.folder, env=rolecall.environ({}), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "ended with 2\n"
    assert "leave out the `.` or `source` before it" in done.stderr
