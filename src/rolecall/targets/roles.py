"""The role of an account, by a template such as `deploy` or `arn:{partition}:iam::{account}:…`."""

from __future__ import annotations

from rolecall.settings.sources import BadValueError
from rolecall.targets import arns, names
from rolecall.targets.arns import RoleArn


def of_account(
    template: str, *, account_id: str, name: str, partition: str, option: str
) -> RoleArn:
    """The role, where a template without `arn:` is its name, with its path if it has one.

    Args:
        option: what gave the template, as messages call it.

    Raises:
        BadValueError: where it gives no role, or one of another account.
    """
    fills = {"account": account_id, "name": name, "partition": partition}
    try:
        role = names.filled(template, fills)
    except BadValueError as error:
        raise BadValueError(f"{option} {error}") from None
    if not role.startswith("arn:"):
        role = f"arn:{partition}:iam::{account_id}:role/{role.removeprefix('/')}"
    found = arns.parse(role)
    if found.account_id != account_id:
        raise BadValueError(
            f"{account_id!r} gives {role!r}, which is of another account; write {{account}}"
            f" in {option}"
        )
    return found
