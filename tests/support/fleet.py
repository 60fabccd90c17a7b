"""The fleet of pipeline/fleet.yaml, deployed to a simulated AWS that runs its state machine.

Each build that the machine starts is one of buildspec.yml, run as CodeBuild runs it, with the
source and the artifacts in the simulated S3; when an execution has ended, the rule of the template
starts the merging build.
"""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml
from simulation import REGION, Simulation

from support import templates
from support.buildspec import Build
from support.codebuild import Builds
from support.templates import HUB, TARGET_ROLE

ROOT = Path(__file__).parents[2]
BUCKET = f"rolecall-artifacts-{HUB}-{REGION}"
_SERVER = Path(__file__).with_name("states_server.py")
_LONGEST = 180


@dataclass(frozen=True, kw_only=True)
class Execution:
    """An execution that has ended. `merged` is the build that the rule started."""

    arn: str
    status: str
    error: str
    merged: Build
    report: dict[str, Any]

    @property
    def statuses(self) -> dict[str, str]:
        return {result["target"]: result["status"] for result in self.report["results"]}


class Fleet:
    """The deployed template, while the context lasts.

    Attributes:
        builds: runs what the state machine starts.
    """

    def __init__(self, **parameters: str) -> None:
        self._parameters = parameters
        self.builds = Builds(self.client)

    def use(self, folder: Path, project: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        """Begins anew.

        Args:
            folder: for the builds. project: the variables of their image.
            settings: rolecall.yml of the source.
        """
        self.builds.use(folder, project)
        self.put_source(settings)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            url = stack.enter_context(self.builds.serve())
            path = os.pathsep.join([str(ROOT / "pipeline/demo"), str(ROOT / "tests")])
            simulation = Simulation(_SERVER, BUILDS_URL=url, PYTHONPATH=path)
            self.simulation = stack.enter_context(simulation)
            self._admin = simulation.make_admin(HUB)
            self._deploy()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def client(self, service: str) -> Any:
        return self.simulation.client(service, self._admin)

    def _deploy(self) -> None:
        s3 = self.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for name, given in (
            ("source-role.yaml", {"TargetRoleArns": TARGET_ROLE}),
            ("fleet.yaml", self._parameters),
        ):
            self.client("cloudformation").create_stack(
                StackName=name.partition(".")[0],
                TemplateBody=(templates.FOLDER / name).read_text(),
                Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()],
                Capabilities=["CAPABILITY_NAMED_IAM"],
            )
        machines = self.client("stepfunctions").list_state_machines()["stateMachines"]
        self.machine = machines[0]["stateMachineArn"]

    def put_source(self, settings: Mapping[str, Any]) -> str:
        """Uploads the source; returns its version."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as source:
            source.write(ROOT / "buildspec.yml", "buildspec.yml")
            source.writestr("rolecall.yml", yaml.safe_dump(dict(settings)))
        put = self.client("s3").put_object(
            Bucket=BUCKET, Key="fleet/source.zip", Body=buffer.getvalue()
        )
        return str(put["VersionId"])

    def run(self, waves: str, name: str) -> Execution:
        """Starts an execution and waits for its end. `waves` is what `plan --batch` wrote."""
        states = self.client("stepfunctions")
        arn = states.start_execution(stateMachineArn=self.machine, name=name, input=waves)
        return self._ended(arn["executionArn"])

    def redrive(self, execution: Execution) -> Execution:
        self.client("stepfunctions").redrive_execution(executionArn=execution.arn)
        return self._ended(execution.arn)

    def _ended(self, arn: str) -> Execution:
        deadline = time.monotonic() + _LONGEST
        states = self.client("stepfunctions")
        while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, "the execution does not end"
            time.sleep(0.1)
        merged, report = self._merge(found)
        return Execution(
            arn=arn,
            status=found["status"],
            error=found.get("error", ""),
            merged=merged,
            report=report,
        )

    def _merge(self, execution: Mapping[str, Any]) -> tuple[Build, dict[str, Any]]:
        """What EventBridge does when an execution has ended: the rule, and the build it starts."""
        resources = templates.synthesise("fleet.yaml", HUB, **self._parameters)
        rule = resources["Ended"]["Properties"]
        detail = {
            "stateMachineArn": "<Fleet>",
            "status": execution["status"],
            "name": execution["name"],
        }
        for key, values in rule["EventPattern"]["detail"].items():
            assert detail[key] in values
        given = rule["Targets"][0]["InputTransformer"]
        assert given["InputPathsMap"] == {"execution": "$.detail.name"}
        asked = json.loads(
            given["InputTemplate"].replace("<execution>", json.dumps(detail["name"]))
        )
        project = resources["MergeProject"]["Properties"]
        variables = {
            v["Name"]: v["Value"] for v in project["Environment"]["EnvironmentVariables"]
        } | {v["name"]: v["value"] for v in asked["environmentVariablesOverride"]}
        keys = {**self._admin.environment(), "AWS_ENDPOINT_URL": self.simulation.url}
        text = project["Source"]["BuildSpec"]
        done, source = self.builds.run(text, start={**keys, **variables})
        path = source / "rolecall-report/report.json"
        return done, json.loads(path.read_text()) if path.exists() else {}
