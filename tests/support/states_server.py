"""moto's server, with what its Step Functions lacks for a fleet of builds.

moto runs the Amazon States Language. Added to it, as the Step Functions Developer Guide has it:

- `codebuild:startBuild.sync`: the build's parameters are sent to BUILDS_URL, whose answer says how
  it ended ("Orchestrate AWS CodeBuild").
- A distributed map fails once more of its children have failed than it tolerates; none begins any
  more, and those that run are stopped ("Setting failure thresholds for Distributed Map states").
- A redrive goes on under the same ARN, and runs no child that has succeeded ("Redriving Map Runs").
  Unlike AWS it begins at the first state: those before a map are pure, or read only.
"""

from __future__ import annotations

import json
import os
import re
import threading
import urllib.request
from collections import defaultdict
from typing import Any

import botocore.session
import moto_server
from moto.core.config import default_user_config
from moto.core.responses import ActionResult
from moto.stepfunctions import models
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker as workers,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (  # noqa: E501
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_factory import (  # noqa: E501
    state_task_service_for,
)
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.responses import StepFunctionResponse

_WHOLE = re.compile(r'("ToleratedFailurePercentage": *[0-9]+)(?![.0-9])')
_parse_fractions = AmazonStateLanguageParser.parse
_REDRIVABLE = {"FAILED", "ABORTED", "TIMED_OUT"}


def _ask(path: str, data: Any) -> Any:
    """What the test that runs the builds answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    url = os.environ["BUILDS_URL"] + path
    with opener.open(urllib.request.Request(url, json.dumps(data).encode())) as answer:
        return json.load(answer)


def _failure(env: Any, kind: Any, cause: str, event: Any, details: str) -> FailureEventException:
    error = StatesErrorName(typ=kind)
    told: Any = {details: {"error": error.error_name, "cause": cause}}
    return FailureEventException(
        FailureEvent(env=env, error_name=error, event_type=event, event_details=told)
    )


class CodeBuild(StateTaskServiceCallback):
    """`codebuild:startBuild.sync`."""

    def __init__(self) -> None:
        super().__init__(supported_integration_patterns={ResourceCondition(ResourceCondition.Sync)})

    def _get_supported_parameters(self) -> set[str]:
        """Those of the API, in Step Functions' way of writing them."""
        service = botocore.session.get_session().get_service_model("codebuild")
        members = service.operation_model("StartBuild").input_shape.members
        return {name[0].upper() + name[1:] for name in members}

    def _eval_service_task(
        self,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[Any, Any],
        state_credentials: Any,
    ) -> None:
        env.stack.append(_ask("/build", normalised_parameters))

    def _eval_integration_pattern(
        self,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[Any, Any],
        state_credentials: Any,
    ) -> None:
        build = env.stack[-1]
        if build["Build"]["BuildStatus"] != "SUCCEEDED":
            kind = StatesErrorNameType.StatesTaskFailed
            event = HistoryEventType.TaskFailed
            raise _failure(env, kind, json.dumps(build), event, "taskFailedEventDetails")


class _Children:
    """What became of the children of each map of an execution, by wave and place in it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.succeeded: dict[tuple[str, str, int], Any] = {}
        # By the pool of a map, which each drive has anew; kept, so that none takes another's place.
        self.failed: dict[Any, int] = defaultdict(int)


_CHILDREN = _Children()
_eval_job = workers.DistributedItemProcessorWorker._eval_job


def _eval_job_within_tolerance(worker: Any, env: Any, job: Any) -> None:
    arn = env.states.context_object.context_object_data["Execution"]["Id"]
    wave = json.dumps(job.job_input, sort_keys=True)
    key = (arn, wave, job.job_index)
    if key in _CHILDREN.succeeded:
        job.job_output = _CHILDREN.succeeded[key]
        return
    _eval_job(worker, env, job)
    pool = worker._job_pool
    with _CHILDREN.lock:
        if job.job_output is not None:
            _CHILDREN.succeeded[key] = job.job_output
            return
        before = 100 * _CHILDREN.failed[pool] / pool._jobs_number
        _CHILDREN.failed[pool] += 1
        share = 100 * _CHILDREN.failed[pool] / pool._jobs_number
    tolerated = worker._map_run_record.tolerated_failure_percentage
    exceeded, is_first = share > tolerated, before <= tolerated < share
    job.job_output = {}
    if is_first:
        # Before the map ends: a redrive's builds are not among those that run now.
        _ask("/stop", {"execution": arn})
    if exceeded:
        job.job_output = _failure(
            env,
            StatesErrorNameType.StatesExceedToleratedFailureThreshold,
            "The specified tolerated failure threshold was exceeded",
            HistoryEventType.MapRunFailed,
            "mapRunFailedEventDetails",
        )
        pool.close_job(job)


def redrive_execution(response: Any) -> Any:
    """RedriveExecution, which moto has not."""
    arn = response._get_param("executionArn")
    backend = response.stepfunction_backend
    machine = next(
        found for found in backend.state_machines for each in found.executions
        if each.execution_arn == arn
    )  # fmt: skip
    old = next(each for each in machine.executions if each.execution_arn == arn)
    assert old.exec_status.value in _REDRIVABLE, f"{old.exec_status} can't be redriven"
    machine.executions.remove(old)
    new = backend.start_execution(machine.arn, old.name, old.execution_input)
    assert new.execution_arn == arn
    return ActionResult({"redriveDate": new.start_date})


def _state_task_service_for(service_name: str) -> Any:
    return CodeBuild() if service_name == "codebuild" else state_task_service_for(service_name)


def _parse(definition: str) -> Any:
    """moto's grammar has only fractions there."""
    return _parse_fractions(_WHOLE.sub(r"\1.0", definition))


def _put(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)


def main() -> None:
    """Serves as pipeline/demo/moto_server.py does."""
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    # CloudFormation makes state machines that execute, too.
    _put(models, "stepfunctions_backends", parser_models.stepfunctions_parser_backends)
    _put(AmazonStateLanguageParser, "parse", staticmethod(_parse))
    _put(state_task_factory, "state_task_service_for", _state_task_service_for)
    _put(workers.DistributedItemProcessorWorker, "_eval_job", _eval_job_within_tolerance)
    _put(StepFunctionResponse, "redrive_execution", redrive_execution)
    moto_server.main()


if __name__ == "__main__":
    main()
