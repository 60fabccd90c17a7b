"""The buildspecs, run as CodeBuild runs them: what a pipeline gets of a success and a failure."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from rolecall.report.folder import FILES
from support import answers
from support.buildspec import BuildspecRun
from support.buildspec_file import parse
from support.command import ROLECALL, SOURCE_KEYS

ROOT = Path(__file__).parents[2]
DEPLOY = parse((ROOT / "buildspec.yml").read_text())
IMAGE = parse((ROOT / "pipeline" / "buildspec-image.yml").read_text())
FAILS_IN_TST = "echo in $ROLECALL_TARGET; test $ROLECALL_TARGET != tst"


@pytest.fixture
def deploy(rolecall, tmp_path):
    """Runs buildspec.yml with the variables of an action."""

    def run(commands, *, spec=DEPLOY, **variables):
        environ = rolecall.environ({})
        del environ["ROLECALL_TARGETS"]
        path = f"{Path(ROLECALL).parent}{os.pathsep}{environ['PATH']}"
        targets = rolecall.environ({})["ROLECALL_TARGETS"]
        for folder in ("source", "state"):
            (tmp_path / folder).mkdir(exist_ok=True)
        return BuildspecRun(
            spec=spec,
            source=tmp_path / "source",
            state=tmp_path / "state",
            image={**environ, "PATH": path},
            start={"ROLECALL_TARGETS": targets, "ROLECALL_COMMANDS": commands, **variables},
        ).run()

    return run


def suite(tmp_path):
    return ET.parse(tmp_path / "source/rolecall-report/junit.xml").getroot().find("testsuite")


def test_a_deploy_that_succeeds_succeeds_and_tells_the_pipeline(deploy):
    done = deploy("echo in $ROLECALL_TARGET")
    assert done.succeeded, done.output
    assert done.exported == {
        "ROLECALL_SUCCEEDED": "3",
        "ROLECALL_SUCCEEDED_TARGETS": "dev tst prd",
        "ROLECALL_SUCCEEDED_BEFORE": "0",
        "ROLECALL_SUCCEEDED_BEFORE_TARGETS": "",
        "ROLECALL_FAILED": "0",
        "ROLECALL_FAILED_TARGETS": "",
        "ROLECALL_NOT_ASSUMED": "0",
        "ROLECALL_NOT_ASSUMED_TARGETS": "",
        "ROLECALL_NOT_RUN": "0",
        "ROLECALL_NOT_RUN_TARGETS": "",
        "ROLECALL_EXIT_CODE": "0",
        "ROLECALL_REPORT_FILE": "rolecall-report/report.json",
    }
    assert done.reports == {"rolecall": ("rolecall-report/junit.xml",)}
    assert "rolecall-report/report.json" in done.artifacts["artifacts"]


def test_a_deploy_that_fails_fails_the_build_and_still_tells_everything(deploy, tmp_path):
    done = deploy(FAILS_IN_TST, ROLECALL_REPORT_DIR="elsewhere")
    assert not done.succeeded
    assert (done.phases[0].exit_code, done.phases[0].failed_command[:12]) == (1, "rolecall run")
    counts = ("SUCCEEDED", "FAILED", "NOT_RUN")
    assert [done.exported[f"ROLECALL_{name}"] for name in counts] == ["1", "1", "1"]
    names = [done.exported[f"ROLECALL_{name}_TARGETS"] for name in counts]
    assert names == ["dev", "tst", "prd"]
    assert done.missing == []
    found = suite(tmp_path)
    assert [found.get(n) for n in ("tests", "failures", "errors", "skipped")] == list("3101")
    assert found.find(".//failure").text == "in tst"


def test_a_role_not_assumed_is_an_error_in_the_report_group(deploy, sts, tmp_path):
    sts.always("333333333333", answers.access_denied("arn:aws:iam::333333333333:role/deploy"))
    done = deploy("true")
    assert done.phases[0].exit_code == 4
    assert done.exported["ROLECALL_NOT_ASSUMED_TARGETS"] == "tst"
    assert done.exported["ROLECALL_NOT_RUN_TARGETS"] == "dev prd"
    found = suite(tmp_path)
    assert [found.get(n) for n in ("tests", "failures", "errors", "skipped")] == list("4013")


def test_a_configuration_that_is_wrong_fails_the_build_and_exports_nothing(deploy, sts):
    done = deploy("")
    assert done.phases[0].exit_code == 2
    assert done.exported == {}
    assert "ROLECALL_COMMANDS: is not set" in done.output
    assert "exports.sh" not in done.output
    assert sts.calls == []


def test_nothing_of_an_earlier_run_or_action_is_exported_as_this_one_s(deploy, tmp_path):
    first = deploy("true")
    assert first.exported["ROLECALL_EXIT_CODE"] == "0"
    done = deploy("", **first.exported)
    assert done.phases[0].exit_code == 2
    assert done.exported == {}
    assert done.missing == ["rolecall", "artifacts"]


def test_what_one_action_puts_out_may_be_handed_on_to_the_next(deploy):
    first = deploy(FAILS_IN_TST)
    done = deploy("true", **first.exported)
    assert done.succeeded, done.output
    assert done.exported["ROLECALL_SUCCEEDED"] == "3"


def readme_block(language):
    readme = (ROOT / "README.md").read_text("utf-8")
    return (
        readme.partition("## In a pipeline\n")[2]
        .partition(f"```{language}\n")[2]
        .partition("```")[0]
    )


@pytest.mark.parametrize(("commands", "code"), [("echo in $ROLECALL_TARGET", 0), (FAILS_IN_TST, 1)])
def test_the_five_lines_of_the_readme_deploy_and_fail_where_a_target_fails(deploy, commands, code):
    shown = readme_block("yaml")
    assert len(shown.splitlines()) == 5
    done = deploy(commands, spec=parse(shown))
    assert done.phases[0].exit_code == code, done.output
    assert done.succeeded is (code == 0)


def test_the_variables_beside_them_are_all_that_a_run_needs(rolecall):
    names, last = {}, ""
    for line in readme_block("text").splitlines():
        name, value = re.fullmatch(r"(ROLECALL_\w+)? +(.*)", line).groups()
        last = name or last
        names[last] = f"{names.get(last, '')} {value}".strip()
    done = rolecall("plan", **names)
    assert done.code == 0, done.err
    assert "rolecall: 2 targets, in sequence" in done.out
    assert "npm run build" in done.out.partition("before")[2]
    assert "--no-progress" in done.out


def test_no_secret_is_in_any_file_of_the_report(rolecall, sts):
    leak = "cat $(dirname $AWS_CONFIG_FILE)/session.json; cat $(dirname $AWS_CONFIG_FILE)/*; exit 1"
    done = rolecall.run(
        json.dumps([leak]),
        ROLECALL_BEFORE=f"echo {SOURCE_KEYS['AWS_SECRET_ACCESS_KEY']} $AWS_ACCESS_KEY_ID",
    )
    assert done.code == 1
    folder = done.folder / "rolecall-report"
    found = filter(Path.is_file, folder.rglob("*"))
    files = {str(path.relative_to(folder)): path.read_text() for path in found}
    logs = {"logs/before.log", "logs/dev-eu-central-1.log"}
    assert set(files) == {*FILES, *logs}
    assert all("***" in files[log] for log in logs)
    assert "SecretAccessKey" in files["junit.xml"]
    known = [*sts.secrets, *sts.issued, *SOURCE_KEYS.values()][:-1]
    assert [name for name, text in files.items() for secret in known if secret in text] == []


TOOL = """#!/bin/sh
echo "$(basename "$0") $*" >> "$LOG"
case "$(basename "$0") $*" in
  "$FAILING"*) exit 9 ;;
  "aws ecr get-login-password") echo pass-word ;;
  "docker login"*) printf 'stdin: %s\\n' "$(cat)" >> "$LOG" ;;
  "docker image inspect"*)
    echo "other.example/x@sha256:0000"
    echo "111111111111.dkr.ecr.eu-central-1.amazonaws.com/rolecall@sha256:abcd" ;;
esac
"""
REPOSITORY = "111111111111.dkr.ecr.eu-central-1.amazonaws.com/rolecall"
COMMIT = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"
TAG = "c0ffee00c0ff-7"


@pytest.fixture
def publish(tmp_path):
    """Runs the image's buildspec with tools that write down how they were called."""

    def run(*, failing="none", **variables):
        for folder in ("source/build", "state", "bin"):
            (tmp_path / folder).mkdir(exist_ok=True, parents=True)
        for name in ("sbom.cdx.json", "image-tests.xml"):
            (tmp_path / "source/build" / name).touch()
        for name in ("aws", "docker", "make"):
            (tmp_path / "bin" / name).write_text(TOOL)
            (tmp_path / "bin" / name).chmod(0o755)
        log = tmp_path / "log"
        log.write_text("")
        done = BuildspecRun(
            spec=IMAGE,
            source=tmp_path / "source",
            state=tmp_path / "state",
            image={
                "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
                "LOG": str(log),
                "FAILING": failing,
            },
            project={"REPOSITORY_URI": REPOSITORY},
            start=variables,
            codebuild={"CODEBUILD_RESOLVED_SOURCE_VERSION": COMMIT},
        ).run()
        return done, log.read_text().splitlines()

    return run


def test_the_image_is_built_tested_scanned_and_pushed_by_tag_and_digest(publish):
    done, calls = publish()
    assert done.succeeded, done.output
    image = f"{REPOSITORY}:{TAG}"
    made = [
        f"make image IMAGE={image}",
        f"make test-image IMAGE={image} PYTEST_ARGS=--junitxml=build/image-tests.xml",
        "make audit",
        f"make sbom IMAGE={image}",
    ]
    assert [call for call in calls if call.startswith("make")] == made
    pushed = calls[calls.index(made[-1]) + 1 :]
    assert pushed[:3] == [
        f"docker push {image}",
        f"docker tag {image} {REPOSITORY}:latest",
        f"docker push {REPOSITORY}:latest",
    ]
    assert f"docker manifest inspect {REPOSITORY}@sha256:abcd" in pushed
    assert done.exported == {
        "IMAGE_TAG": TAG,
        "IMAGE_DIGEST": "sha256:abcd",
        "IMAGE_URI": f"{REPOSITORY}@sha256:abcd",
    }
    assert done.reports == {"tests": ("build/image-tests.xml",)}


def test_the_makefile_has_what_the_buildspec_makes():
    commands = " ".join(command for phase in IMAGE.phases.values() for command in phase.commands)
    targets = re.findall(r"make ([a-z-]+)", commands)
    assert len(targets) == 4
    makefile = (ROOT / "Makefile").read_text()
    assert [t for t in targets if not re.search(rf"^{t}:", makefile, re.MULTILINE)] == []


def test_the_registry_s_password_goes_through_a_pipe_only(publish):
    done, calls = publish()
    assert "stdin: pass-word" in calls
    assert [call for call in calls if "pass-word" in call] == ["stdin: pass-word"]
    assert "pass-word" not in done.output
    assert calls[-1] == f"docker logout {REPOSITORY.partition('/')[0]}"


@pytest.mark.parametrize(
    "failing", ["make image", "make test-image", "make audit", "make sbom", "aws", "docker login"]
)
def test_an_image_that_did_not_pass_is_not_pushed(publish, failing):
    done, calls = publish(failing=failing)
    assert not done.succeeded
    assert not [call for call in calls if call.startswith("docker push")]
    assert "IMAGE_DIGEST" not in done.exported


@pytest.mark.parametrize(
    "tag", ["v1;docker ps", "v1 v2", "$(shell docker ps)", "v1\nv2", "-v1", "é"]
)
def test_a_tag_that_would_be_read_as_commands_is_refused_before_anything_is_done(publish, tag):
    done, calls = publish(IMAGE_TAG=tag)
    assert (done.ran, calls) == (["pre_build"], [])
    assert f"IMAGE_TAG is no tag of an image: {tag.splitlines()[0]}" in done.output


def test_the_tag_may_be_given_and_the_repository_has_to_be(publish):
    assert publish(IMAGE_TAG="v1")[0].exported["IMAGE_TAG"] == "v1"
    done, calls = publish(REPOSITORY_URI="")
    assert done.ran == ["pre_build"]
    assert "REPOSITORY_URI" in done.output
    assert calls == []
