"""`make run-image`: what a path of the user's machine means in the container."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.engine import ROOT

DOCKER = '#!/bin/sh\nprintf "%s\\n" "$@" > "$CALLED"\n'


@dataclass(frozen=True, kw_only=True)
class Called:
    """How `docker` was called. Empty where it was not."""

    code: int
    message: str
    words: list[str]

    def after(self, option):
        pairs = zip(self.words, self.words[1:], strict=False)
        return [value for word, value in pairs if word == option]


@pytest.fixture
def start(tmp_path):
    """Runs `make run-image` with a client that writes down how it was called."""
    for name in ("bin", "home/.aws", "sources", "outside"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)

    def run(args="", *, options="", **variables):
        called = tmp_path / "called"
        environ = {
            "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path / "home"),
            "CALLED": str(called),
            **variables,
        }
        words = ["IMAGE=some", f"SOURCES={tmp_path}/sources", f"ARGS={args}"]
        done = subprocess.run(
            ["make", "--directory", ROOT, "run-image", *words, f"RUN_OPTIONS={options}"],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Called(
            code=done.returncode,
            message=done.stderr,
            words=called.read_text().splitlines() if called.exists() else [],
        )

    return run


def bound(path, how=",readonly"):
    return f"type=bind,source={path},target={path}{how}"


def test_variables_profiles_and_sources_go_along(start, tmp_path):
    done = start("run --log-format json", options="--network host", AWS_PROFILE="hub", OTHER="x",
                 ROLECALL_TARGETS="dev=arn:aws:iam::222222222222:role/d")  # fmt: skip
    assert done.code == 0, done.message
    assert done.words[:2] == ["run", "--rm"]
    assert done.words[-4:] == ["some", "run", "--log-format", "json"]
    assert set(done.after("--env")) == {"HOME=/tmp", "AWS_PROFILE", "ROLECALL_TARGETS"}
    assert done.after("--volume") == [
        f"{tmp_path}/sources:/work",
        f"{tmp_path}/home/.aws:/tmp/.aws:ro",
    ]
    assert (done.after("--network"), done.after("--mount")) == (["host"], [])
    assert done.after("--user") == [f"{os.getuid()}:{os.getgid()}"]


def test_without_profiles_none_are_made_on_the_user_s_machine(start, tmp_path):
    (tmp_path / "home/.aws").rmdir()
    assert len(start().after("--volume")) == 1


@pytest.mark.parametrize(
    "name",
    [
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CA_BUNDLE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "ROLECALL_CONFIG",
        "ROLECALL_PLAN",
    ],
)
def test_a_file_that_a_variable_names_is_there_under_its_name_or_nothing_starts(
    start, tmp_path, name
):
    path = tmp_path / "outside/a file"
    path.touch()
    done = start(**{name: str(path)})
    assert (done.code, done.after("--mount")) == (0, [bound(path)])
    assert name in done.after("--env")
    path.unlink()
    (tmp_path / "called").unlink()
    done = start(**{name: str(path)})
    assert done.words == []
    assert f"run-image: {name}: {path} is not there" in done.message


@pytest.mark.parametrize("name", ["ROLECALL_STATE", "ROLECALL_REPORT_DIR"])
def test_a_folder_that_is_written_stays_on_the_machine(start, tmp_path, name):
    path = tmp_path / "outside/new/folder"
    done = start(**{name: str(path)})
    assert (done.code, done.after("--mount")) == (0, [bound(path, "")])
    assert path.is_dir()
    assert path.stat().st_uid == os.getuid()


@pytest.mark.parametrize("value", ["state", "s3://bucket/prefix"])
def test_what_is_in_the_sources_or_in_aws_needs_no_mount(start, value):
    done = start(ROLECALL_STATE=value, ROLECALL_REPORT_DIR="out/report")
    assert (done.code, done.after("--mount")) == (0, [])


@pytest.mark.parametrize("form", ["--report-dir {}", "--report-dir={}", "--state {}"])
def test_a_flag_s_path_is_mounted_as_a_variable_s(start, tmp_path, form):
    path = tmp_path / "outside/x"
    done = start(f"run {form.format(path)}", ROLECALL_REPORT_DIR="/work/no", ROLECALL_STATE="here")
    if "report" in form:
        assert done.after("--mount") == [bound(path, "")]
    else:
        assert "ROLECALL_REPORT_DIR: /work/no is in /work" in done.message
    assert start(f"run -- {form.format(path)}").after("--mount") == []


def test_the_lists_of_targets_are_there(start, tmp_path):
    one, two = tmp_path / "outside/one", tmp_path / "outside/two"
    one.touch()
    two.touch()
    done = start(ROLECALL_TARGETS=f"file:{one},file:{two} ssm:/x file:here")
    assert f"ROLECALL_TARGETS: here is not there, in {tmp_path}/sources" in done.message
    (tmp_path / "sources/here").touch()
    done = start(ROLECALL_TARGETS=f"file:{one},file:{two} ssm:/x file:here")
    assert done.after("--mount") == [bound(one), bound(two)]


def test_what_cannot_be_mounted_is_told_all_at_once_and_nothing_starts(start, tmp_path):
    (tmp_path / "sources/rolecall.yml").write_text("commands: true\nreport_dir: /var/report\n")
    done = start(
        AWS_CONFIG_FILE="~/elsewhere",
        AWS_CA_BUNDLE="/a,b",
        ROLECALL_STATE="../state",
        ROLECALL_PLAN="/work/plan.json",
    )
    assert done.words == []
    lines = [line for line in done.message.splitlines() if line.startswith("run-image: ")]
    assert [line.split(": ")[1] for line in lines] == [
        "AWS_CONFIG_FILE",
        "AWS_CA_BUNDLE",
        "ROLECALL_STATE",
        "ROLECALL_PLAN",
        f"{tmp_path}/sources/rolecall.yml:2",
        "nothing was started",
    ]
    assert not (tmp_path / "state").exists()


def test_profiles_may_be_named_as_in_the_home_folder_and_be_none_at_all(start, tmp_path):
    (tmp_path / "home/.aws/other").touch()
    done = start(AWS_CONFIG_FILE="~/.aws/other", AWS_SHARED_CREDENTIALS_FILE="/dev/null")
    assert (done.code, done.after("--mount")) == (0, [])


def test_a_key_that_looks_like_a_path_is_never_shown(start):
    done = start(AWS_SECRET_ACCESS_KEY="/EXAMPLE/000000/none", AWS_SESSION_TOKEN="/EXAMPLE000000")
    assert (done.code, done.after("--mount")) == (0, [])
    assert "EXAMPLE" not in done.message + " ".join(done.words)


def test_exec_has_the_input_and_run_does_not(start):
    assert "--interactive" in start("exec dev -- cat").words
    assert "--interactive" not in start("run").words
    assert Path(ROOT / "pipeline/image/run").stat().st_mode & 0o111
