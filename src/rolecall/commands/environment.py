"""The environment of a target's commands."""

from __future__ import annotations

from collections.abc import Mapping

from rolecall.aws_variables import SOURCE_VARIABLES
from rolecall.targets import Target


def of_target(
    inherited: Mapping[str, str],
    target: Target,
    *,
    region: str,
    index: int,
    count: int,
    profile: Mapping[str, str],
) -> dict[str, str]:
    """What the commands see: the inherited variables without the source's credentials, and ours.

    Args:
        index: the target's place, from 1. count: of all targets.
        profile: the variables that point at the target's profile.
    """
    kept = {name: value for name, value in inherited.items() if name not in SOURCE_VARIABLES}
    return {
        **kept,
        **target.variables_in(region),
        **profile,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "ROLECALL_TARGET": target.name,
        "ROLECALL_ACCOUNT_ID": target.account_id,
        "ROLECALL_ROLE_ARN": target.role.text,
        "ROLECALL_REGION": region,
        "ROLECALL_INDEX": str(index),
        "ROLECALL_COUNT": str(count),
    }
