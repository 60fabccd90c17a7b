"""Regions that an account has to enable before anything can be deployed there.

Source: https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""

from __future__ import annotations

from rolecall.errors import AssumeError
from rolecall.sessions.faults import code_of
from rolecall.targets import regions

# Every account has these; those that came later are opted into.
_ALWAYS = frozenset(
    [
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ]
)
# What a region says to credentials of an account that has not enabled it.
_NOT_ENABLED = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "OptInRequired"})


def opted_into(region: str, partition: str) -> bool:
    """Whether an account may be without the region."""
    return partition == "aws" and region not in _ALWAYS


def explained(error: Exception, region: str, account_id: str) -> AssumeError:
    """Why a region cannot be deployed to."""
    if code_of(error) in _NOT_ENABLED:
        return AssumeError(
            "RegionNotEnabled",
            f"region {region} is not enabled in account {account_id}",
            f"enable it (aws account enable-region --region-name {region}; it takes minutes, up to"
            " hours), or leave it out of the target's regions",
        )
    if regions.unknown(region):
        return AssumeError(
            "RegionUnknown",
            f"region {region} is not known here, and does not answer for account {account_id}",
            f"{regions.hint(region)} If AWS has added it lately, check that the network lets"
            f" sts.{region}.amazonaws.com through",
        )
    return AssumeError(
        code_of(error),
        f"region {region} does not answer for account {account_id}: {error}",
        f"check that the network lets sts.{region}.amazonaws.com through",
    )
