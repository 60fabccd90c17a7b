"""Which run this is, so that a retried stage meets what its first try has left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from rolecall.settings.documents import Commands
from rolecall.settings.load import Loaded
from rolecall.settings.sources import Raw
from rolecall.state.lasting import lasting_variables

# What tells the actions of one pipeline execution apart: CodeBuild knows neither stage nor action.
_ASKED = ("role", "regions", "only", "before", "commands", "after")
_BUILD = ("CODEBUILD_BATCH_BUILD_IDENTIFIER",)
_ROUNDS = 100_000  # some 40 ms
UNKNOWN = (
    "needs to know which run this is: give the action ROLECALL_EXECUTION_ID with the value"
    " #{codepipeline.PipelineExecutionId}, or set ROLECALL_RUN_ID"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Which run this is.

    Attributes:
        run_id: RUN_ID, else an id of the pipeline execution and of what is asked of this action;
            empty where the execution is not known either. A build's own id is of no use: a retry is
            another build.
        place: an id of the pipeline and the project, whatever runs there.
    """

    run_id: str
    place: str


def identity(loaded: Loaded, environ: Mapping[str, str], inherited: Mapping[str, str]) -> Identity:
    """Which run this is.

    Args:
        environ: this process's. inherited: what commands have of it.
    """
    settings = loaded.settings
    place = {"project": environ.get("CODEBUILD_BUILD_ID", "").partition(":")[0]}
    initiator = environ.get("CODEBUILD_INITIATOR", "")
    # Of other initiators it names the session, which is another one each time.
    place["pipeline"] = initiator if initiator.startswith("codepipeline/") else ""
    if settings.run_id or not settings.execution_id:
        return Identity(run_id=settings.run_id, place=_hash(place))
    asked = {name: _plain(getattr(settings, name)) for name in _ASKED}
    asked |= {name: environ.get(name, "") for name in _BUILD} | place
    asked["targets"] = [_plain(settings.targets), _plain(settings.organization)]
    asked["named"] = {name: _plain(raw) for name, raw in sorted(loaded.target_variables.items())}
    asked["inherited"] = _hidden(lasting_variables(inherited), settings.execution_id)
    return Identity(run_id=f"{settings.execution_id}-{_hash(asked)}", place=_hash(place))


def owner_name(environ: Mapping[str, str], *, host: str, process: int) -> str:
    """What people know this process by."""
    return environ.get("CODEBUILD_BUILD_ID") or f"process {process} on {host}"


def _hash(data: object) -> str:
    text = json.dumps(data, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _hidden(data: object, salt: str) -> str:
    """A digest that is dear to guess by: an id is shown, and a variable may hold a secret."""
    text = json.dumps(data, sort_keys=True)
    return hashlib.pbkdf2_hmac("sha256", text.encode(), salt.encode(), _ROUNDS).hex()


def _plain(value: object) -> object:
    if isinstance(value, Raw):
        return value.value
    return list(value.items) if isinstance(value, Commands) else value
