"""What a policy says of one call, by IAM's rules: moto passes most conditions over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Keys = Mapping[str, str | list[str]]


def effect(document: Mapping[str, Any], *, action: str, resource: str, keys: Keys) -> str:
    """`Allow`, `Deny`, or nothing where the policy does not speak of the call. A deny wins.

    Args:
        document: of one principal, or with a `Principal` of `*`.
        keys: the condition keys that AWS fills in; there is none for what the call leaves out.
    """
    found = {
        statement["Effect"]
        for statement in document["Statement"]
        if any(fnmatchcase(action, each) for each in _listed(statement["Action"]))
        and any(fnmatchcase(resource, each) for each in _listed(statement["Resource"]))
        and _is_met(statement.get("Condition", {}), keys)
    }
    return "Deny" if "Deny" in found else "".join(found)


def _is_met(condition: Mapping[str, Any], keys: Keys) -> bool:
    return all(
        _OPERATORS[operator](_listed(keys.get(key, [])), _listed(wanted))
        for operator, stated in condition.items()
        for key, wanted in stated.items()
    )


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def _is_one_of(found: list[str], wanted: list[str]) -> bool:
    """A key that the call lacks is equal to nothing, and so also unequal to everything."""
    return any(each in wanted for each in found)


def _is_none_of(found: list[str], wanted: list[str]) -> bool:
    return not _is_one_of(found, wanted)


def _are_all_of(found: list[str], wanted: list[str]) -> bool:
    return set(found) <= set(wanted)


def _is_missing(found: list[str], wanted: list[str]) -> bool:
    return (not found) == (wanted == ["true"])


_OPERATORS: dict[str, Callable[[list[str], list[str]], bool]] = {
    "ArnEquals": _is_one_of,
    "ArnNotEquals": _is_none_of,
    "Bool": _is_one_of,
    "StringEquals": _is_one_of,
    "ForAllValues:StringEquals": _are_all_of,
    "Null": _is_missing,
}
