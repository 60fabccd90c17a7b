"""What to do about each way in which STS says no."""

from __future__ import annotations

import re
from dataclasses import dataclass

from botocore.exceptions import ClientError

from rolecall.errors import AssumeError
from rolecall.sessions.faults import ACCESS_DENIED, code_of, is_throttled, is_transient
from rolecall.targets import regions
from rolecall.targets.model import SessionOptions

_ASSUMED = re.compile(r"arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]+)/.*")
_SOURCE_EXPIRED = (
    "the source credentials have run out: sign in again, or let them come from a role that renews"
    " them"
)
_SOURCE_INVALID = (
    "AWS does not know the source credentials: check AWS_ACCESS_KEY_ID, the secret and the token,"
    " which belong together, and the partition they are of"
)
_UNREACHABLE = (
    "AWS cannot be reached: check the network, proxies, AWS_REGION, and AWS_ENDPOINT_URL if it is"
    " set"
)
_BUSY = (
    "AWS was too busy to answer: try again later, or raise ROLECALL_RETRY_ATTEMPTS and"
    " ROLECALL_RETRY_MAX_WAIT"
)
_THROTTLED = (
    "AWS allows no more calls than that: try again later, let less run at once, or raise"
    " ROLECALL_RETRY_MAX_WAIT"
)
# Where something else answers.
WHO_ANSWERS = (
    "check AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE>, the endpoint_url of your profile, proxies,"
    " and whether the network wants a sign-in first"
)
_CLOCK = "this machine's clock is wrong by more than AWS allows: set it"
# What STS and others say of it under the code of a wrong secret.
_CLOCK_SAID = re.compile(r"Signature (?:expired|not yet current)")
_BY_CODE = {
    "ExpiredToken": _SOURCE_EXPIRED,
    "ExpiredTokenException": _SOURCE_EXPIRED,
    "RequestExpired": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
    "InvalidClientTokenId": _SOURCE_INVALID,
    "UnrecognizedClientException": _SOURCE_INVALID,
    "SignatureDoesNotMatch": _SOURCE_INVALID,
    "InvalidIdentityToken": "the web identity token is not valid for the role it is used with",
    "MalformedPolicyDocument": "mend ROLECALL_SESSION_POLICY: IAM does not accept it",
    "PackedPolicyTooLarge": (
        "SESSION_POLICY, POLICY_ARNS and TAGS are too large together: shorten the policy, or"
        " attach a managed policy to the role instead"
    ),
    "MalformedAnswerError": WHO_ANSWERS,
    "SSLError": (
        "the certificate of what answers is not trusted: set AWS_CA_BUNDLE to your proxy's"
        " authority, and check AWS_ENDPOINT_URL"
    ),
    "RegionDisabledException": (
        "STS is not active in this region for that account: set AWS_REGION to a region that is,"
        " or activate it in the account's IAM settings"
    ),
}


def principal_of(arn: str) -> str:
    """The role behind an assumed-role ARN; any other ARN as it is."""
    match = _ASSUMED.fullmatch(arn)
    return f"arn:{match[1]}:iam::{match[2]}:role/{match[3]}" if match else arn


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """Who tried to assume which role, and how. `caller` is an ARN; empty where it isn't known."""

    role_arn: str
    caller: str
    options: SessionOptions


def explained(error: Exception, attempt: Attempt | None = None) -> AssumeError:
    """The error with its reason in one line, and what to do about it.

    Args:
        attempt: what was tried; None where it was no AssumeRole.
    """
    code, reason = code_of(error), reason_of(error)
    if attempt and code in ACCESS_DENIED:
        return AssumeError(code, reason, _denied(_message(error), attempt))
    if attempt and code == "ValidationError":
        return AssumeError(code, reason, _invalid(_message(error), attempt.role_arn))
    if code not in _BY_CODE and is_transient(error):
        if isinstance(error, ClientError):
            return AssumeError(code, reason, _THROTTLED if is_throttled(error) else _BUSY)
        return AssumeError(code, reason, _unreachable(_message(error)), unreachable=True)
    remedy = _CLOCK if _CLOCK_SAID.search(reason) else _BY_CODE.get(code, "")
    return AssumeError(code, reason, remedy)


def reason_of(error: Exception) -> str:
    """An error of AWS in one line: its code, its message, and how often it was tried."""
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return f"{code_of(error)}: {' '.join(_message(error).split())}{notes}"


def _message(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Message") or code_of(error))
    return str(error)


def _unreachable(message: str) -> str:
    """The endpoint of a region that does not exist has no address."""
    endpoint = re.search(r"https://\w+\.([a-z0-9-]+)\.amazonaws\.com", message)
    if endpoint and regions.unknown(endpoint[1]):
        return f"region {endpoint[1]} is not known here: {regions.hint(endpoint[1])} {_UNREACHABLE}"
    return _UNREACHABLE


def _denied(message: str, attempt: Attempt) -> str:
    role_arn, options = attempt.role_arn, attempt.options
    who = principal_of(attempt.caller) or "the caller"
    action = match[1] if (match := re.search(r"perform: (sts:\w+)", message)) else "sts:AssumeRole"
    if "service control policy" in message:
        return f"a service control policy of the organisation denies {action}: mend it there"
    if action == "sts:TagSession":
        keys = ", ".join(key for key, _ in options.tags)
        return (
            f"allow {who} sts:TagSession in the trust policy of {role_arn}, and in its own policy:"
            f" the session carries the tags {keys}"
        )
    if action == "sts:SetSourceIdentity":
        return (
            f"allow {who} sts:SetSourceIdentity in the trust policy of {role_arn}, and in its own"
            f" policy: the session carries the source identity {options.source_identity}"
        )
    condition = (
        " under the external id that ROLECALL_EXTERNAL_ID gives"
        if options.external_id
        else " (if it asks for an external id, set ROLECALL_EXTERNAL_ID)"
    )
    return (
        f"the trust policy of {role_arn} must allow sts:AssumeRole to {who}{condition}, and the"
        f" policy of {who} must allow sts:AssumeRole on that role; the role must exist"
    )


def _invalid(message: str, role_arn: str) -> str:
    if "MaxSessionDuration" in message:
        return f"set ROLECALL_DURATION lower, or raise the MaxSessionDuration of {role_arn}"
    if "role chaining" in message:
        return "set ROLECALL_DURATION to 1h: a role assumed by a role lives one hour at most"
    return ""
