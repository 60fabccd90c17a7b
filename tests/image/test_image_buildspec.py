"""The buildspec of the deploy step, in a container that is started as CodeBuild starts it."""

from __future__ import annotations

import pytest

from support import engine
from support.buildspec import BuildspecRun, spawn_in
from support.buildspec_file import parse
from support.command import SOURCE_KEYS, TARGETS

DEPLOY = parse((engine.ROOT / "buildspec.yml").read_text())


@pytest.fixture
def build(image, sts, tmp_path, background):
    """Runs buildspec.yml in the image, with the variables of an action."""

    def run(commands):
        for name in ("source", "state"):
            (tmp_path / name).mkdir()
        options = ("--volume", f"{tmp_path}:{tmp_path}", "--entrypoint", "/bin/sh")
        container = background(image, "-c", "sleep 600", options=options)
        return BuildspecRun(
            spec=DEPLOY,
            source=tmp_path / "source",
            state=tmp_path / "state",
            image={"AWS_ENDPOINT_URL": sts.url, "HOME": "/root", **SOURCE_KEYS},
            start={"ROLECALL_TARGETS": TARGETS, "ROLECALL_COMMANDS": commands},
            spawn=spawn_in("docker", "exec", container),
        ).run()

    return run


def test_a_deploy_that_succeeds_in_the_image(build):
    done = build("aws sts get-caller-identity --query Account --output text")
    assert done.succeeded, done.output
    assert [number in done.output for number in ("222222222222", "444444444444")] == [True, True]
    assert done.exported["ROLECALL_SUCCEEDED_TARGETS"] == "dev tst prd"


def test_a_deploy_that_fails_in_the_image_still_tells_everything(build):
    done = build('test "$ROLECALL_TARGET" != tst')
    assert done.ran == ["build"]
    assert not done.succeeded
    assert done.exported["ROLECALL_SUCCEEDED_TARGETS"] == "dev"
    assert done.exported["ROLECALL_FAILED_TARGETS"] == "tst"
    assert done.exported["ROLECALL_EXIT_CODE"] == "1"
    assert done.reports == {"rolecall": ("rolecall-report/junit.xml",)}
    assert "rolecall-report/report.json" in done.artifacts["artifacts"]
