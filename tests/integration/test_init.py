"""`rolecall init`: what it writes is right as it stands, and it writes over nothing."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil

import pytest
import yaml
from jsonschema import Draft202012Validator

from rolecall.settings import reference
from support.batch import BatchRun
from support.buildspec import BuildspecRun
from support.buildspec_file import parse
from support.command import SOURCE_KEYS, TARGETS, forked
from support.templates import FOLDER

ROLE = "arn:aws:iam::222222222222:role/deploy"
WRITTEN = {"rolecall.yml", "buildspec.yml", "rolecall-stage.yml", ".rolecall.schema.json"}


@pytest.fixture
def init(tmp_path):
    def run(*words, code=0, **environ):
        given = {**os.environ, "AWS_REGION": "eu-central-1", **environ}
        done = forked(words, folder=tmp_path, environ=given)
        assert done.code == code, done.out + done.err
        return done

    return run


class Bare:
    """rolecall where the environment has a PATH and an empty home, and nothing else."""

    def __init__(self, folder, home) -> None:
        self.folder, self.home = folder, home

    def configure(self, text):
        (self.home / ".aws").mkdir()
        (self.home / ".aws" / "config").write_text(text)

    def run(self, *words, **environ):
        given = {"PATH": os.environ["PATH"], "HOME": str(self.home), **environ}
        done = forked(words, folder=self.folder, environ=given)
        assert done.code == 0, done.out + done.err
        return done


@pytest.fixture
def bare(tmp_path):
    for name in ("work", "home"):
        (tmp_path / name).mkdir()
    return Bare(tmp_path / "work", tmp_path / "home")


def settings(folder):
    """What was written, which the editors' schema and `rolecall plan` agree with."""
    found = yaml.safe_load((folder / "rolecall.yml").read_text())
    Draft202012Validator(reference.json_schema()).validate(found)
    return found


def test_without_anything_told_an_example_is_written_that_plan_takes(init, tmp_path):
    done = init("init")
    assert {path.name for path in tmp_path.iterdir()} == WRITTEN
    assert [target["name"] for target in settings(tmp_path)["targets"]] == ["dev"]
    assert "one target as an example" in done.out
    assert "rolecall plan --check" in done.out
    assert "aws sts get-caller-identity" in init("plan").out


@pytest.mark.parametrize(
    ("flags", "region"),
    [
        ([], "us-east-1"),
        (["--targets", TARGETS], "us-east-1"),
        (["--targets", "arn:aws-cn:iam::222222222222:role/deploy"], "cn-north-1"),
        (["--targets", "ssm:/deploy/targets"], "us-east-1"),
    ],
)
def test_where_no_region_is_known_an_example_stands_in_and_plan_takes_it(bare, flags, region):
    done = bare.run("init", *flags)
    assert settings(bare.folder)["regions"] == [region]
    assert "An example, as no region is known" in (bare.folder / "rolecall.yml").read_text()
    assert f"regions is {region} as an example" in done.out
    bare.run("plan")


@pytest.mark.parametrize("environ", [{}, {"AWS_PROFILE": "mine"}])
def test_the_region_of_the_profile_in_use_is_no_example(bare, environ):
    config = "[default]\nregion = eu-west-1\n[profile mine]\nregion = eu-west-3\n"
    bare.configure(config)
    done = bare.run("init", **environ)
    assert settings(bare.folder)["regions"] == ["eu-west-3" if environ else "eu-west-1"]
    assert "example: no region" not in done.out
    bare.run("plan")


@pytest.mark.parametrize("name", ["nonsense", "cn-north-1"])
def test_a_profile_s_region_where_no_target_can_be_is_not_taken(bare, name):
    bare.configure(f"[default]\nregion = {name}\n")
    bare.run("init")
    assert settings(bare.folder)["regions"] == ["us-east-1"]
    if name == "nonsense":
        (bare.home / ".aws/config").unlink()  # else every other command says that it is none
    bare.run("plan")


OWN_REGION = json.dumps([{"name": "dev", "role_arn": ROLE, "regions": ["eu-west-3"]}])


@pytest.mark.parametrize(
    ("flags", "environ", "config", "regions"),
    [
        ([], {"AWS_REGION": "eu-west-1"}, "", None),
        (["--regions", "eu-west-2"], {}, "", "eu-west-2"),
        (["--targets", OWN_REGION], {}, "", None),
        ([], {}, f"[profile dev]\nrole_arn = {ROLE}\nregion = eu-west-3\n", None),
    ],
)
def test_where_each_target_has_a_region_there_is_no_example(bare, flags, environ, config, regions):
    bare.configure(config)
    done = bare.run("init", *flags, **environ)
    assert "example: no region" not in done.out
    assert "AWS_REGION" not in (bare.folder / "rolecall.yml").read_text()
    assert settings(bare.folder).get("regions") == regions
    bare.run("plan", **environ)


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
        lines = init("config", "--all", *more).out.splitlines()
        values = [line.partition("  (from")[0] for line in lines if line.startswith("ROLECALL_")]
        return [line for line in values if not line.startswith("ROLECALL_TARGETS")]

    assert shown() == shown(*words)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("- make\n- >-\n  echo\n  'a: b'\n", ["make", "echo 'a: b'"]),
        ('["make",\n"echo \\"a\\" # c", "a\\nb", "true", "-x"]', None),
        ("make\n\nif x; then\n  y # z\nfi", "make\n\nif x; then\n  y # z\nfi"),
        ("  # a\nmake", None),
    ],
)
def test_commands_are_those_that_were_told_in_either_form(init, tmp_path, given, written):
    init("init", "--targets", TARGETS, "--commands", given)
    if written:
        assert settings(tmp_path)["commands"] in (written, f"{written}\n")

    def shown(*more):
        lines = init("plan", *more).out.split("commands:\n")[1].split("session name")[0]
        return lines.split("options:")[0]

    assert shown() == shown("--commands", given)


def test_targets_with_options_of_their_own_keep_them(init, tmp_path):
    given = [
        {"name": "dev", "role_arn": ROLE, "variables": {"A": "1"}, "wave": "2"},
        f"tst={ROLE}2",
    ]
    init("init", "--targets", json.dumps(given))
    assert yaml.safe_load((tmp_path / "rolecall.yml").read_text())["targets"] == given
    assert "variables = A=1" in init("plan").out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--targets", "ssm:/deploy/targets"], "ssm:/deploy/targets"),
        (["--organization", '{"units": ["Dev"], "role_name": "deploy"}'], "AWS Organizations"),
    ],
)
def test_a_list_that_is_elsewhere_stays_there(init, tmp_path, flags, said):
    assert said in init("init", *flags).out
    assert ("targets" in settings(tmp_path)) == ("--targets" in flags)
    assert said in init("plan").out


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
    assert "1 target, found among your AWS profiles" in done.out
    init("plan")


@pytest.mark.parametrize(
    ("name", "content", "command"),
    [
        ("cdk.json", "{}", "npx cdk deploy"),
        ("samconfig.toml", "", "sam deploy"),
        ("template.yaml", "", "aws cloudformation deploy"),
        ("main.tf", "", "terraform apply"),
        ("serverless.yml", "", "npx serverless deploy"),
        ("package.json", '{"scripts": {"deploy": "x"}}', "npm run deploy"),
    ],
)
def test_what_lies_in_the_folder_suggests_commands_that_do_nothing_yet(
    init, tmp_path, name, content, command
):
    (tmp_path / name).write_text(content)
    done = init("init")
    assert f"found {name}: its commands are in rolecall.yml, commented out\n" in done.out
    assert f"  # - {command}" in (tmp_path / "rolecall.yml").read_text()
    assert settings(tmp_path)["commands"] == ["aws sts get-caller-identity"]


@pytest.mark.parametrize(
    ("content", "builds"),
    [('{"scripts": {"build": "x"}}', ["npm ci", "npm run build"]), ("[", ["npm ci"])],
)
def test_what_builds_is_suggested_to_run_once(init, tmp_path, content, builds):
    (tmp_path / "package.json").write_text(content)
    init("init")
    text = (tmp_path / "rolecall.yml").read_text()
    assert "# before:\n" + "".join(f"#   - {build}\n" for build in builds) in text
    assert "  # - npm" not in text


def test_terraform_s_state_is_each_account_s_own_side_by_side_and_in_turn(
    init, sts, tmp_path, tmp_path_factory
):
    """With a `terraform` that remembers its backend where the real one does."""
    (tmp_path / "main.tf").write_text('terraform {\n  backend "s3" {}\n}\n')
    init("init", "--targets", TARGETS, "--regions", "eu-central-1,us-east-1")
    path = tmp_path / "rolecall.yml"
    text = path.read_text()
    assert "no backend" not in text
    path.write_text(text.replace("  # - ", "  - "))
    programs, states = tmp_path_factory.mktemp("bin"), tmp_path_factory.mktemp("states")
    (programs / "terraform").write_text(
        "#!/bin/sh\ndata=${TF_DATA_DIR:-.terraform}\nmkdir -p $data\n"
        'case "$*" in init*) for word; do case $word in -backend-config=key=*)'
        " echo ${word#-backend-config=key=} > $data/key;; esac; done;; apply*) sleep 0.2;"
        f" to={states}/$(cat $data/key); mkdir -p ${{to%/*}};"
        ' echo "$ROLECALL_TARGET $ROLECALL_REGION" >> $to;; esac\n'
    )
    (programs / "terraform").chmod(0o755)
    (programs / "aws").write_text("#!/bin/sh\n")
    (programs / "aws").chmod(0o755)
    more = {**SOURCE_KEYS, "AWS_ENDPOINT_URL": sts.url}
    more["PATH"] = f"{programs}:{os.environ['PATH']}"
    ways = [["--max-parallel", "16"], [], ["--max-parallel", "16", "--workspace", "shared"]]
    for number, how in enumerate(ways, start=1):
        init("run", *how, **more)
        found = {
            str(p.relative_to(states)): p.read_text() for p in states.rglob("*") if p.is_file()
        }
        assert found == {
            f"{name}/{region}.tfstate": f"{name} {region}\n" * number
            for name in ("dev", "tst", "prd")
            for region in ("eu-central-1", "us-east-1")
        }


def test_a_state_that_no_backend_keeps_is_said(init, tmp_path):
    (tmp_path / "main.tf").write_text("# no backend here\n")
    init("init")
    assert "# no backend is named in *.tf" in (tmp_path / "rolecall.yml").read_text()


def test_where_commands_were_told_none_are_suggested(init, tmp_path):
    (tmp_path / "cdk.json").write_text("{}")
    assert "found" not in init("init", "--commands", "make deploy").out
    assert "cdk" not in (tmp_path / "rolecall.yml").read_text()


def test_a_number_stands_without_quotes_and_without_the_hint_that_it_could_be_set(init, tmp_path):
    init("init", "--max-parallel", "3", "--timeout", "90", "--external-id", "4711")
    text = (tmp_path / "rolecall.yml").read_text()
    for line in ("max_parallel: 3\n", "timeout: 90\n", 'external_id: "4711"\n'):
        assert f"\n{line}" in text
    hints = [line.split()[1] for line in text.partition("# More of")[2].splitlines()[1:]]
    assert hints == ["waves:", "on_failure:", "allowed_accounts:"]


def unnumbered(plan):
    return re.sub(r"rolecall\.yml:\d+", "rolecall.yml", plan)


NAMED = {
    "dev": "arn:aws:iam::222222222222:role/deploy",
    "tst": {"account": "333333333333", "regions": ["eu-west-1", "eu-north-1"]},
    "prd": "444444444444",
}


@pytest.mark.parametrize("given", ["file", "text"])
def test_targets_by_name_stay_all_of_them_with_their_options(init, tmp_path, given):
    whole = {"targets": NAMED, "role": "deploy", "commands": ["true"]}
    (tmp_path / "rolecall.yml").write_text(yaml.safe_dump(whole, sort_keys=False))
    before = unnumbered(init("plan").out)
    assert "3 targets (4 deployments in 3 regions)" in before
    words = ["--force"] if given == "file" else ["--force", "--targets", json.dumps(NAMED)]
    assert "3 targets" in init("init", *words).out
    assert unnumbered(init("plan").out) == before


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_nothing_is_written_where_one_of_the_files_is_there(init, tmp_path, name):
    (tmp_path / name).write_text("# mine\n")
    done = init("init", code=2)
    assert f"{name}: there already" in done.err
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "# mine\n"
    init("init", "--force")
    assert "# mine" not in (tmp_path / name).read_text()


def test_a_symbolic_link_is_not_followed_even_by_force(init, tmp_path):
    (tmp_path / "buildspec.yml").symlink_to(tmp_path / "elsewhere")
    assert "symbolic link" in init("init", "--force", code=2).err
    assert [path.name for path in tmp_path.iterdir()] == ["buildspec.yml"]


def test_a_mistake_in_what_was_told_ends_with_2_and_nothing_is_written(init, tmp_path):
    done = init("init", "--targets", "dev=nonsense", code=2)
    assert "--targets" in done.err
    assert list(tmp_path.iterdir()) == []


def test_printed_it_is_the_settings_file_alone_and_nothing_is_written(init, tmp_path):
    done = init("init", "--print", "--targets", TARGETS)
    assert len(yaml.safe_load(done.out)["targets"]) == 3
    assert list(tmp_path.iterdir()) == []


def test_the_address_of_a_webhook_is_written_into_no_file(init, tmp_path):
    init("init", ROLECALL_NOTIFY="https://hooks.example.com/sEcReT0123456789")
    assert "sEcReT" not in "".join(path.read_text() for path in tmp_path.iterdir())


def test_the_buildspec_is_the_repository_s_and_deploys_with_the_settings(rolecall, sts, tmp_path):
    environ = {**rolecall.environ({}), "PATH": os.environ["PATH"]}
    commands = "echo in $ROLECALL_TARGET"
    done = forked(["init", "--commands", commands], folder=tmp_path, environ=environ)
    assert done.code == 0, done.err
    text = (tmp_path / "buildspec.yml").read_text()
    assert text == (FOLDER.parent / "buildspec.yml").read_text()
    state = tmp_path / "harness"
    state.mkdir()
    del environ["ROLECALL_TARGETS"]
    build = BuildspecRun(spec=parse(text), source=tmp_path, state=state, image=environ).run()
    assert build.succeeded, build.output
    assert build.exported["ROLECALL_SUCCEEDED"] == "3"
    assert len(sts.assumed()) == 3


@pytest.fixture
def several(init, tmp_path):
    """`init --batch` for the three targets, with two that share the second wave."""

    def run(*words, **environ):
        given = ["--targets", TARGETS, "--waves", "1,rest", "--commands", "echo $ROLECALL_TARGET"]
        return init("init", "--batch", *words, *given, **environ)

    return run


BATCH = {"buildspec-batch.yml", "buildspec-merge.yml"}


def names(folder):
    """What init wrote; the builds' temporary files lie beside it."""
    return {path.name for path in folder.iterdir()} - {"tmp"}


@pytest.fixture
def image(rolecall, sts):
    """The variables of the builds' image, where STS answers."""
    found = {**rolecall.environ({}), "PATH": os.environ["PATH"]}
    return {name: value for name, value in found.items() if name != "ROLECALL_TARGETS"}


@pytest.fixture
def build(image, tmp_path, tmp_path_factory):
    """Runs one of the buildspecs in a copy of what was written; gives that folder, too."""

    def run(name, **more):
        place = tmp_path_factory.mktemp("build")
        source = shutil.copytree(tmp_path, place / "source")
        (place / "state").mkdir()
        spec = parse((tmp_path / name).read_text())
        done = BuildspecRun(spec=spec, source=source, state=place / "state", image=image, **more)
        return done.run(), source

    return run


@pytest.fixture
def batch(image, tmp_path, tmp_path_factory):
    """Runs the batch."""

    def run():
        text = (tmp_path / "buildspec-batch.yml").read_text()
        folder = tmp_path_factory.mktemp("batch")
        return BatchRun(text=text, source=tmp_path, folder=folder, image=image).run()

    return run


def test_a_batch_and_the_step_that_merges_deploy_to_all_and_give_one_report(
    several, batch, build, sts, tmp_path
):
    several("shard", "--shards", "2")
    assert names(tmp_path) == WRITTEN | BATCH
    ended = batch()
    assert ended.succeeded, [build.output for build in ended.builds.values()]
    assert list(ended.builds) == ["wave_1", "wave_2_shard_1_of_2", "wave_2_shard_2_of_2"]
    assert len(sts.assumed()) == 3
    [stage] = yaml.safe_load((tmp_path / "rolecall-stage.yml").read_text().replace("!Ref ", ""))
    deploy, merge = stage["Actions"]
    told = deploy["Configuration"]
    assert (told["BatchEnabled"], told["CombineArtifacts"]) == (True, True)
    assert told["BuildspecOverride"] == "buildspec-batch.yml"
    [builds] = [each["Name"] for each in deploy["OutputArtifacts"]]
    assert {"Name": builds} in merge["InputArtifacts"]
    place = {f"CODEBUILD_SRC_DIR_{builds}": str(ended.artifacts)}
    merged, source = build(merge["Configuration"]["BuildspecOverride"], codebuild=place)
    assert merged.succeeded, merged.output
    assert merged.reports == {"rolecall": ("rolecall-report/junit.xml",)}
    found = json.loads((source / "rolecall-report/report.json").read_text())
    assert {r["target"]: r["status"] for r in found["results"]} == dict.fromkeys(
        ("dev", "tst", "prd"), "succeeded"
    )


@pytest.mark.parametrize("words", [(), ("wave",), ("shard", "--shards", "2")])
def test_a_batch_is_what_plan_writes_again_from_the_files(several, init, tmp_path, words):
    done = several(*words, ROLECALL_MAX_PARALLEL="2")
    written = (tmp_path / "buildspec-batch.yml").read_text()
    assert init("plan", "--batch", *words).out == written
    [renewal] = [line.strip() for line in done.out.splitlines() if "plan --batch" in line]
    (tmp_path / "buildspec-batch.yml").unlink()
    init(*shlex.split(renewal)[1:])
    assert (tmp_path / "buildspec-batch.yml").read_text() == written


def test_for_a_machine_of_states_there_are_the_waves_and_each_build_of_them_does_its_share(
    several, init, build, sts, tmp_path
):
    several("--form", "stepfunctions")
    assert names(tmp_path) == WRITTEN - {"rolecall-stage.yml"} | {"waves.json"}
    written = (tmp_path / "waves.json").read_text()
    assert init("plan", "--batch", "--form", "stepfunctions").out == written
    for share in [share for wave in json.loads(written)["waves"] for share in wave]:
        start = {"ROLECALL_ONLY": share["only"], "ROLECALL_SHARD": share["shard"]}
        done, _ = build("buildspec.yml", start=start)
        assert done.exported["ROLECALL_SUCCEEDED"] == "1", done.output
    assert len(sts.assumed()) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--batch", "--targets", "ssm:/a/list"], "init does not read ssm:/a/list"),
        (["--batch", "shard"], "--batch shard needs --shards N"),
        (["--shards", "2"], "--shards goes with --batch"),
        (["--form", "codebuild"], "--form goes with --batch"),
        (["--batch", "--buildspec", "b.yml"], "'--buildspec' is no argument of init"),
        (["--batch", "--print"], "--print shows rolecall.yml alone"),
        (["--batch", "--shard", "1/2"], "--shard: has no place beside --batch"),
    ],
)
def test_a_batch_that_can_t_be_written_leaves_nothing_behind(init, tmp_path, words, said):
    assert said in init("init", *words, code=2).err
    assert list(tmp_path.iterdir()) == []


def test_more_builds_than_a_batch_takes_are_refused_and_nothing_is_written(init, tmp_path):
    many = " ".join(f"arn:aws:iam::{n:012}:role/deploy" for n in range(1, 102))
    done = init("init", "--batch", "--targets", many, code=2)
    assert "--batch: gives 101 builds" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", sorted(BATCH))
def test_a_batch_is_written_over_nothing_either(init, tmp_path, name):
    (tmp_path / name).write_text("# mine\n")
    assert f"{name}: there already" in init("init", "--batch", code=2).err
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_stage_is_one_of_the_pipeline_s_kind(init, tmp_path):
    init("init")
    text = (tmp_path / "rolecall-stage.yml").read_text().replace("!Ref ", "")
    [stage] = yaml.safe_load(text)
    [action] = stage["Actions"]
    assert action["ActionTypeId"]["Provider"] == "CodeBuild"
    [variable] = json.loads(action["Configuration"]["EnvironmentVariables"])
    assert variable["name"] == "ROLECALL_EXECUTION_ID"
