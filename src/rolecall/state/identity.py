"""Which run this is, so that a retried stage meets what its first try has left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from rolecall.settings.documents import Commands
from rolecall.settings.load import Loaded
from rolecall.settings.sources import Raw

# What tells the actions of one pipeline execution apart: CodeBuild knows neither stage nor action.
_ASKED = ("role", "regions", "only", "before", "commands", "after")
_BUILD = ("CODEBUILD_BATCH_BUILD_IDENTIFIER",)
UNKNOWN = (
    "needs to know which run this is: give the action ROLECALL_EXECUTION_ID with the value"
    " #{codepipeline.PipelineExecutionId}, or set ROLECALL_RUN_ID"
)


def run_id(loaded: Loaded, environ: Mapping[str, str]) -> str:
    """RUN_ID, else an id of the pipeline execution and of what is asked of this action.

    Empty where the execution is not known either. A build's own id is of no use: a retry is
    another build.
    """
    settings = loaded.settings
    if settings.run_id or not settings.execution_id:
        return settings.run_id
    asked = {name: _plain(getattr(settings, name)) for name in _ASKED}
    asked |= {name: environ.get(name, "") for name in _BUILD}
    asked["project"] = environ.get("CODEBUILD_BUILD_ID", "").partition(":")[0]
    initiator = environ.get("CODEBUILD_INITIATOR", "")
    # Of other initiators it names the session, which is another one each time.
    asked["pipeline"] = initiator if initiator.startswith("codepipeline/") else ""
    asked["targets"] = [_plain(settings.targets), _plain(settings.organization)]
    asked["named"] = {name: _plain(raw) for name, raw in sorted(loaded.target_variables.items())}
    text = json.dumps(asked, sort_keys=True, default=str)
    return f"{settings.execution_id}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def owner_name(environ: Mapping[str, str], *, host: str, process: int) -> str:
    """What people know this process by."""
    return environ.get("CODEBUILD_BUILD_ID") or f"process {process} on {host}"


def _plain(value: object) -> object:
    if isinstance(value, Raw):
        return value.value
    return list(value.items) if isinstance(value, Commands) else value
