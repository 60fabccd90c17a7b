"""The grammar of IAM role ARNs, and what to write instead of what is none.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rolecall.settings.sources import BadValueError

_PARTITION = r"aws(?:-cn|-us-gov|-iso(?:-[a-z])?|-eusc)?"
_ROLE = re.compile(
    rf"arn:(?P<partition>{_PARTITION}):iam::(?P<account>\d{{12}})"
    r":role(?P<path>/(?:[\x21-\x2e\x30-\x7e]+/)*)(?P<name>[\w+=,.@-]{1,64})",
    re.ASCII,
)
_ASSUMED = re.compile(r"arn:([\w-]+):sts::(\d+):assumed-role/([^/]+)/.*")
# The first letters of a region tell its partition.
_REGION_PARTITIONS = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc"),
)
# Where a partition's global services live, and so its STS, when no region is known.
HOME_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-eusc": "eusc-de-east-1",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleArn:
    """A role's ARN and its parts; `name` is without the path."""

    text: str
    partition: str
    account_id: str
    name: str


def parse(text: str) -> RoleArn:
    """The role an ARN names.

    Raises:
        BadValueError: with the value and what to write instead.
    """
    match = _ROLE.fullmatch(text)
    if not match or "arn:" in text[1:]:
        raise BadValueError(f"{text!r} {_diagnosis(text)}")
    return RoleArn(
        text=text,
        partition=match["partition"],
        account_id=match["account"],
        name=match["name"],
    )


def check_account(text: str) -> None:
    """Raises BadValueError where a word of digits is no account id."""
    digits = text.replace("-", "")
    if re.fullmatch(r"\d{4}-\d{4}-\d{4}", text):
        raise BadValueError(f"{text!r} is an account id with hyphens; write {digits}")
    if len(digits) != 12:  # noqa: PLR2004  the length of every account id
        raise BadValueError(
            f"{text!r} is no account id: it has {len(digits)} digits, not 12"
            " (a YAML or spreadsheet may have eaten leading zeros)"
        )


def partition_of(region: str) -> str:
    """The partition of a region; `aws` for none or one that no other partition claims."""
    return next((part for start, part in _REGION_PARTITIONS if region.startswith(start)), "aws")


def _diagnosis(text: str) -> str:  # noqa: PLR0911  one return per thing people write instead
    if assumed := _ASSUMED.fullmatch(text):
        partition, account, role = assumed.groups()
        return (
            f"is the ARN of a session; write its role's: arn:{partition}:iam::{account}:role/{role}"
            " (with the role's path, if it has one)"
        )
    if "arn:" in text[1:]:
        return "holds a second ARN; put white space or a comma between targets"
    if "*" in text or "?" in text:
        return "holds a wildcard; name each role, or give account ids and set ROLE"
    parts = text.split(":", 5)
    if len(parts) < 6:  # noqa: PLR2004  arn:partition:service:region:account:resource
        return "is no ARN; write arn:aws:iam::123456789012:role/name"
    _, partition, service, region, account, resource = parts
    if not re.fullmatch(_PARTITION, partition):
        return f"is of no partition known here: {partition!r}; write aws, aws-cn, aws-us-gov, …"
    if service != "iam":
        return f"is of {service or 'no service'}; write a role's: arn:{partition}:iam::…:role/…"
    if region:
        return f"names a region, {region!r}; a role's ARN has none there: arn:{partition}:iam::…"
    if not re.fullmatch(r"\d{12}", account):
        return f"has the account id {account!r}; an account id has 12 digits"
    kind = resource.partition("/")[0]
    if kind != "role":
        return (
            f"names a {kind}, which cannot be assumed; write arn:{partition}:iam::{account}:role/…"
        )
    return "has a role name that IAM does not allow: 1 to 64 of letters, digits and _+=,.@-"
