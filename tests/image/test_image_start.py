"""What the entrypoint makes of the words it is given, and what is in the image."""

from __future__ import annotations

import re

import pytest

from rolecall import __version__
from support import engine
from support.engine import Image

VERSION = f"rolecall {__version__}\n"


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["--version"], VERSION),
        (["rolecall", "--version"], VERSION),
        (["run", "--help"], "usage: rolecall run"),
        (["sh", "-c", "echo $0 $1", "a", "b c"], "a b c\n"),
        (["bash", "-c", "cat /proc/1/comm"], "tini\n"),
        (["aws", "--version"], "aws-cli/2."),
        (["sh", "-c", "echo $HOME $PWD"], "/root /work\n"),
    ],
)
def test_a_command_or_a_flag_is_for_rolecall_and_all_else_is_run_as_given(bare, words, out):
    done = bare(*words)
    assert done.code == 0, done.err
    assert done.out.startswith(out)


def test_nothing_at_all_is_the_main_job(bare):
    done = bare()
    assert done.code == 2
    assert "ROLECALL_COMMANDS: is not set" in done.err
    assert "nothing was done" in done.err


@pytest.mark.parametrize(("words", "code"), [(["sh", "-c", "exit 7"], 7), (["nosuch"], 127)])
def test_exit_codes_come_through(bare, words, code):
    assert bare(*words).code == code


def test_it_starts_without_its_entrypoint_as_in_codebuild(bare):
    done = bare("-c", "rolecall --version", options=("--entrypoint", "/bin/sh"))
    assert (done.code, done.out) == (0, VERSION)


def test_the_user_s_python_and_path_change_nothing_of_rolecall_s(bare, folder):
    for name in ("sitecustomize", "re", "yaml", "botocore", "rolecall"):
        (folder / f"{name}.py").write_text("import os\nos._exit(0)\n")
    (folder / "rolecall").write_text("#!/bin/sh\nexit 0\n")
    (folder / "rolecall").chmod(0o755)
    variables = {"PYTHONPATH": "/work", "PYTHONHOME": "/nowhere"}
    assert bare("--version", **variables, PATH="/work").out == VERSION
    assert bare("sh", "-c", "rolecall --version; echo $PYTHONHOME", **variables).out == (
        f"{VERSION}/nowhere\n"
    )
    assert bare("run", **variables).code == 2


def test_a_second_init_above_it_is_no_trouble(bare):
    done = bare("--version", options=("--init",))
    assert (done.code, done.out, done.err) == (0, VERSION, "")


def test_what_commands_leave_behind_is_reaped(bare):
    script = "sh -c 'sleep 0.2 & exec true'; sleep 1; grep -h State /proc/[0-9]*/status"
    assert "Z" not in re.findall(r"State:\t(\S)", bare("bash", "-c", script).out)


def test_it_has_what_deployments_use_and_nothing_to_build_with(bare):
    script = "for each; do command -v $each || echo no $each; done"
    there = ["bash", "git", "jq", "zip", "unzip", "curl", "python3", "aws", "rolecall", "tini"]
    absent = ["gcc", "make", "pip", "pip3", "hatchling"]
    out = bare("sh", "-c", script, "sh", *there, *absent).out
    assert re.findall(r"^no (\S+)", out, re.MULTILINE) == absent
    assert bare("curl", "--version").code == 0
    assert bare("test", "-s", "/etc/ssl/certs/ca-certificates.crt").code == 0


def test_the_template_of_the_page_is_compiled(bare):
    find = "find /opt/rolecall -path '*/template/compiled-*/tmpl_*.py'"
    compiled = bare("sh", "-c", find).out.strip()
    loaded = "from rolecall.report import page; t = page._environment().get_template(page.TEMPLATE)"
    done = bare("/opt/rolecall/bin/python", "-c", f"{loaded}; print(t.filename)")
    assert compiled
    assert done.out.strip() == compiled


def test_slim_lacks_the_aws_cli_alone(slim, folder):
    image = Image(name=slim, folder=folder, variables={})
    assert image("--version").out == VERSION
    assert image("aws", "--version").code == 127
    assert image("git", "--version").code == 0


def test_labels_say_what_it_is(full):
    template = "{{json .Config.Labels}}|{{.Config.StopSignal}}"
    shown = engine.docker("image", "inspect", "--format", template, full).stdout
    assert '"org.opencontainers.image.title":"rolecall"' in shown
    assert '"org.opencontainers.image.licenses":"Apache-2.0"' in shown
    assert f'"org.opencontainers.image.version":"{__version__}"' in shown
    assert shown.endswith("|SIGTERM\n")
