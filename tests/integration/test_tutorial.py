"""The tutorial's commands, in order, against a simulated organisation that is empty at first."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from simulation import REGION, Simulation

from support import templates
from support.command import Command
from support.templates import DEV, HUB
from support.tutorial import PAGE, Shell, settled, steps

NOT_SIMULATED = {"CodeConnections", "CodePipeline", "a Git host"}
# What the blocks that are left out would have set.
LEFT_OUT = {"CONNECTION": f"arn:aws:codeconnections:{REGION}:{HUB}:connection/0000"}
EXECUTION = "f0e1d2c3-0000-4000-8000-000000000000"


class TwoAccounts:
    """The hub and one workload account, with nothing in them but an administrator each."""

    def __init__(self, simulation, folder) -> None:
        self.simulation = simulation
        self.folder = folder / "site"
        self.admins = {account: simulation.make_admin(account) for account in (HUB, DEV)}
        simulation.enforce_policies()
        (self.folder / "pipeline").mkdir(parents=True)
        for path in templates.FOLDER.glob("*.yaml"):
            shutil.copy(path, self.folder / "pipeline")
        profiles = folder / "credentials"
        profiles.write_text("\n".join(map(self._profile, ("hub", "dev"), (HUB, DEV))))
        self.shell = Shell(
            folder=self.folder,
            environment={
                **{name: os.environ[name] for name in ("PATH", "HOME")},
                "AWS_SHARED_CREDENTIALS_FILE": str(profiles),
                "AWS_ENDPOINT_URL": simulation.url,
                "AWS_EC2_METADATA_DISABLED": "true",
                **LEFT_OUT,
            },
        )

    def _profile(self, name, account):
        pairs = self.admins[account].environment().items()
        return "\n".join([f"[{name}]", *(f"{key.lower()} = {value}" for key, value in pairs), ""])

    def client(self, service, account):
        return self.simulation.client(service, self.admins[account])

    def run_dev_stage(self):
        """CodePipeline's and CodeBuild's part: the stage's variables, the role, the one command."""
        stack = self.client("cloudformation", HUB).describe_stacks(StackName="rolecall-pipeline")
        given = {p["ParameterKey"]: p["ParameterValue"] for p in stack["Stacks"][0]["Parameters"]}
        resources = templates.synthesise("pipeline.yaml", HUB, **given)
        stage = next(s for s in resources["Pipeline"]["Properties"]["Stages"] if s["Name"] == "Dev")
        action = stage["Actions"][0]["Configuration"]["EnvironmentVariables"]
        for variable in resources["Pipeline"]["Properties"]["Variables"]:
            action = action.replace(f"#{{variables.{variable['Name']}}}", variable["DefaultValue"])
        action = action.replace("#{codepipeline.PipelineExecutionId}", EXECUTION)
        assert "#{" not in action
        project = resources["DeployProject"]["Properties"]
        role = project["ServiceRole"].split("/")[-1]
        self.simulation.enforce_policies(after=1)
        return Command(folder=self.folder, url=self.simulation.url)(
            "run",
            **{v["Name"]: v["Value"] for v in project["Environment"]["EnvironmentVariables"]},
            **{v["name"]: v["value"] for v in json.loads(action)},
            **self.simulation.session(HUB, role).environment(),
        )


@pytest.fixture
def accounts(tmp_path):
    with Simulation() as simulation:
        yield TwoAccounts(simulation, tmp_path)


def test_a_reader_who_follows_the_tutorial_ends_where_it_promises(accounts):
    ran = 0
    for step in steps(PAGE.read_text("utf-8")):
        if step.mark == "the log of the Dev stage":
            done = accounts.run_dev_stage()
            assert done.code == 0, done.out
            assert settled(done.out) == settled(step.text)
        elif step.language == "sh" and step.is_simulated:
            code, output = accounts.shell(step.text)
            assert code == 0, f"{step.text}\n{output}"
            assert settled(output) == settled(step.output), step.text
            ran += 1
    assert ran >= 8
    s3 = accounts.client("s3", DEV)
    bucket = f"site-dev-{DEV}"
    objects = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert [each["Key"] for each in objects] == ["index.html"]
    page = s3.get_object(Bucket=bucket, Key="index.html")["Body"].read()
    assert page == (accounts.folder / "site" / "index.html").read_bytes()


def test_every_block_of_the_tutorial_is_run_or_says_what_it_would_take():
    page = PAGE.read_text("utf-8")
    marks = {step.mark for step in steps(page) if step.mark}
    assert marks - {"the log of the Dev stage"} == {f"not simulated: {w}" for w in NOT_SIMULATED}
    # Each output belongs to a command, or is the stage's log.
    for step in steps(page):
        assert step.language == "sh" or step.mark, step.text
        assert step.is_simulated or not step.output, "an output that nobody has seen"


def test_the_session_name_that_the_security_page_searches_for_is_the_sessions_name(tmp_path):
    page = (PAGE.parent / "security.md").read_text("utf-8")
    block = next(step.text for step in steps(page) if "SESSION=" in step.text)
    folder = tmp_path / "site"
    folder.mkdir()
    shell = Shell(folder=folder, environment={"PATH": os.environ["PATH"]})
    code, name = shell(f'{block}\necho "$BUILD $EXECUTION $SESSION"')
    assert code == 0, name
    build, execution, session = name.split()
    plan = Command(folder=tmp_path, url="http://127.0.0.1:9")(
        "plan",
        ROLECALL_COMMANDS="true",
        CODEBUILD_BUILD_ID=f"rolecall-deploy:{build}",
        ROLECALL_EXECUTION_ID=execution,
    )
    assert f"session name: {session}\n" in plan.out
    assert f"-{execution[:27]}'" in page
