"""The environment of a target's commands."""

from __future__ import annotations

from collections.abc import Mapping

from rolecall.aws_variables import OF_SERVICES, without_properties
from rolecall.targets import Target

# Nobody answers there, and it is refused at once: no user but root may listen on such a port.
_NOBODY = "http://127.0.0.1:9"
# What leads an SDK that finds nothing in the target's profile to nobody else's credentials. The
# profile may have an endpoint of its own in place of the closed one.
_CLOSED: Mapping[str, str] = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": _NOBODY,
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": _NOBODY,
    # Else the SDKs for Go v1 and JavaScript v2 read no config file, but ~/.aws/credentials.
    "AWS_SDK_LOAD_CONFIG": "1",
    "AWS_SDK_LOAD_NONDEFAULT_CONFIG": "1",
}


def of_target(
    inherited: Mapping[str, str],
    target: Target,
    *,
    region: str,
    index: int,
    count: int,
    settings: Mapping[str, str],
    profile: Mapping[str, str],
) -> dict[str, str]:
    """What the commands see: of the environment what leads to no credentials, and ours.

    Args:
        inherited: as aws_variables.inherited leaves it.
        index: the target's place, from 1. count: of all targets.
        settings: of the source's profile, where no variable says otherwise.
        profile: the variables that point at the target's profile.
    """
    own = target.variables_in(region)
    given = {
        **inherited,
        **{name: without_properties(name, value) for name, value in own.items()},
    }
    if given.get("AWS_ENDPOINT_URL"):  # it wins over what a file says of a service
        settings = {n: value for n, value in settings.items() if not n.startswith(OF_SERVICES)}
    return {
        **settings,
        **given,
        **_CLOSED,
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
