"""`rolecall init`: what it writes is right as it stands, and it writes over nothing."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
import yaml
from jsonschema import Draft202012Validator

from rolecall.settings import reference
from support.buildspec import BuildspecRun
from support.buildspec_file import parse
from support.command import ROLECALL, TARGETS
from support.templates import FOLDER

ROLE = "arn:aws:iam::222222222222:role/deploy"
WRITTEN = {"rolecall.yml", "buildspec.yml", "rolecall-stage.yml", ".rolecall.schema.json"}


@pytest.fixture
def init(tmp_path):
    def run(*words, code=0, **environ):
        given = {**os.environ, "AWS_REGION": "eu-central-1", **environ}
        done = subprocess.run(
            [ROLECALL, *words],
            cwd=tmp_path, env=given, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def settings(folder):
    """What was written, which the editors' schema and `rolecall plan` agree with."""
    found = yaml.safe_load((folder / "rolecall.yml").read_text())
    Draft202012Validator(reference.json_schema()).validate(found)
    return found


def test_without_anything_told_an_example_is_written_that_plan_takes(init, tmp_path):
    done = init("init")
    assert {path.name for path in tmp_path.iterdir()} == WRITTEN
    assert [target["name"] for target in settings(tmp_path)["targets"]] == ["dev"]
    assert "one target as an example" in done.stdout
    assert "rolecall plan --check" in done.stdout
    assert "aws sts get-caller-identity" in init("plan").stdout


@pytest.mark.parametrize(
    ("flags", "environ"),
    [
        (["--targets", TARGETS], {}),
        ([], {"ROLECALL_TARGETS": TARGETS}),
        (
            ["--role", "deploy", "--targets", "dev=222222222222 tst=333333333333 prd=444444444444"],
            {},
        ),
        (
            [],
            {f"ROLECALL_TARGET_{e.upper()}": a for e, a in (t.split("=") for t in TARGETS.split())},
        ),
    ],
)
def test_targets_are_those_that_were_told_in_whatever_way(init, tmp_path, flags, environ):
    init("init", *flags, **environ)
    found = {target["role_arn"] for target in settings(tmp_path)["targets"]}
    assert found == {entry.partition("=")[2] for entry in TARGETS.split()}
    init("plan")


def test_each_option_that_was_told_means_the_same_in_the_file(init, tmp_path):
    flags = {
        "--commands": '["make", "echo \\"a: b\\" # c"]',
        "--regions": "eu-west-1,eu-west-2",
        "--waves": "1,10%,rest",
        "--max-parallel": "25%",
        "--retry-attempts": "3",
        "--preflight": "no",
        "--timeout": "1h30m",
        "--tags": "team=a,stage=b",
        "--region-variables": '{"eu-west-1": {"A": "1"}}',
        "--session-policy": '{"Version": "2012-10-17", "Statement": []}',
        "--max-failures": "2",
        "--external-id": "4711",
    }
    words = [word for pair in flags.items() for word in pair]
    init("init", "--targets", TARGETS, *words)
    settings(tmp_path)

    def shown(*more):
        lines = init("config", *more).stdout.splitlines()
        values = [line.partition("  (from")[0] for line in lines if line.startswith("ROLECALL_")]
        return [line for line in values if not line.startswith("ROLECALL_TARGETS")]

    assert shown() == shown(*words)


def test_targets_with_options_of_their_own_keep_them(init, tmp_path):
    given = [
        {"name": "dev", "role_arn": ROLE, "variables": {"A": "1"}, "wave": "2"},
        f"tst={ROLE}2",
    ]
    init("init", "--targets", json.dumps(given))
    assert yaml.safe_load((tmp_path / "rolecall.yml").read_text())["targets"] == given
    assert "variables = A=1" in init("plan").stdout


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--targets", "ssm:/deploy/targets"], "ssm:/deploy/targets"),
        (["--organization", '{"units": ["Dev"], "role_name": "deploy"}'], "AWS Organizations"),
    ],
)
def test_a_list_that_is_elsewhere_stays_there(init, tmp_path, flags, said):
    assert said in init("init", *flags).stdout
    assert ("targets" in settings(tmp_path)) == ("--targets" in flags)
    assert said in init("plan").stdout


def test_profiles_that_assume_a_role_are_found(init, tmp_path):
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text(
        f"[default]\nregion=x\n[profile my dev]\nrole_arn = {ROLE}\nexternal_id = 12:3\n"
        f"region = eu-west-1\n[profile keys]\n[profile bad]\nrole_arn = nonsense\n"
    )
    done = init("init", HOME=str(home), AWS_CONFIG_FILE="")
    [target] = settings(tmp_path)["targets"]
    assert target == {
        "name": "my-dev", "role_arn": ROLE, "external_id": "12:3", "regions": ["eu-west-1"],
    }  # fmt: skip
    assert "1 target, found among your AWS profiles" in done.stdout
    init("plan")


@pytest.mark.parametrize(
    ("name", "content", "command"),
    [
        ("cdk.json", "{}", "npx cdk deploy"),
        ("samconfig.toml", "", "sam deploy"),
        ("template.yaml", "", "aws cloudformation deploy"),
        ("main.tf", "", "terraform apply"),
        ("serverless.yml", "", "npx serverless deploy"),
        ("package.json", '{"scripts": {"build": "x"}}', "npm run build"),
        ("package.json", "[", "npm ci"),
    ],
)
def test_what_lies_in_the_folder_suggests_commands_that_do_nothing_yet(
    init, tmp_path, name, content, command
):
    (tmp_path / name).write_text(content)
    init("init")
    assert f"  # - {command}" in (tmp_path / "rolecall.yml").read_text()
    assert settings(tmp_path)["commands"] == ["aws sts get-caller-identity"]


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_nothing_is_written_where_one_of_the_files_is_there(init, tmp_path, name):
    (tmp_path / name).write_text("# mine\n")
    done = init("init", code=2)
    assert f"{name}: there already" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "# mine\n"
    init("init", "--force")
    assert "# mine" not in (tmp_path / name).read_text()


def test_a_symbolic_link_is_not_followed_even_by_force(init, tmp_path):
    (tmp_path / "buildspec.yml").symlink_to(tmp_path / "elsewhere")
    assert "symbolic link" in init("init", "--force", code=2).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["buildspec.yml"]


def test_a_mistake_in_what_was_told_ends_with_2_and_nothing_is_written(init, tmp_path):
    done = init("init", "--targets", "dev=nonsense", code=2)
    assert "--targets" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_printed_it_is_the_settings_file_alone_and_nothing_is_written(init, tmp_path):
    done = init("init", "--print", "--targets", TARGETS)
    assert len(yaml.safe_load(done.stdout)["targets"]) == 3
    assert list(tmp_path.iterdir()) == []


def test_the_address_of_a_webhook_is_written_into_no_file(init, tmp_path):
    init("init", ROLECALL_NOTIFY="https://hooks.example.com/sEcReT0123456789")
    assert "sEcReT" not in "".join(path.read_text() for path in tmp_path.iterdir())


def test_the_buildspec_is_the_repository_s_and_deploys_with_the_settings(rolecall, sts, tmp_path):
    environ = {**rolecall.environ({}), "PATH": os.environ["PATH"]}
    commands = "echo in $ROLECALL_TARGET"
    subprocess.run(
        [ROLECALL, "init", "--commands", commands], cwd=tmp_path, env=environ, check=True
    )
    text = (tmp_path / "buildspec.yml").read_text()
    assert text == (FOLDER.parent / "buildspec.yml").read_text()
    state = tmp_path / "harness"
    state.mkdir()
    del environ["ROLECALL_TARGETS"]
    build = BuildspecRun(spec=parse(text), source=tmp_path, state=state, image=environ).run()
    assert build.succeeded, build.output
    assert build.exported["ROLECALL_SUCCEEDED"] == "3"
    assert len(sts.assumed()) == 3


def test_the_stage_is_one_of_the_pipeline_s_kind(init, tmp_path):
    init("init")
    text = (tmp_path / "rolecall-stage.yml").read_text().replace("!Ref ", "")
    [stage] = yaml.safe_load(text)
    [action] = stage["Actions"]
    assert action["ActionTypeId"]["Provider"] == "CodeBuild"
    [variable] = json.loads(action["Configuration"]["EnvironmentVariables"])
    assert variable["name"] == "ROLECALL_EXECUTION_ID"
