"""What a scripted STS answers: the AWS query protocol's XML, right or wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How one request is answered; without anything set, truly."""

    code: str = ""
    message: str = ""
    status: int = 400
    reset: bool = False
    half: bool = False
    body: str = ""
    delay: float = 0.0
    account_id: str = ""


OK = Answer()
THROTTLE = Answer(code="Throttling", message="Rate exceeded")
SERVER_ERROR = Answer(code="InternalFailure", message="try later", status=500)
RESET = Answer(reset=True)
HALF = Answer(half=True)
MALFORMED = Answer(body="<html>a proxy's greeting", status=200)
EMPTY = Answer(body="<AssumeRoleResponse/>", status=200)


def error(code: str, message: str = "", status: int = 400) -> Answer:
    return Answer(code=code, message=message or code, status=status)


def access_denied(
    role_arn: str = "a role", action: str = "sts:AssumeRole", why: str = ""
) -> Answer:
    who = "arn:aws:sts::111111111111:assumed-role/hub/build"
    text = f"User: {who} is not authorized to perform: {action} on resource: {role_arn}{why}"
    return error("AccessDenied", text, 403)


def slow(seconds: float) -> Answer:
    return Answer(delay=seconds)


def wrong_account(account_id: str) -> Answer:
    return Answer(account_id=account_id)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request as it came in. `at` is on the monotonic clock, `region` what it was signed for."""

    action: str
    params: Mapping[str, str]
    access_key_id: str
    at: float
    region: str = ""

    @property
    def role_arn(self) -> str:
        return self.params.get("RoleArn", "")


@dataclass(frozen=True, kw_only=True)
class Issued:
    """Credentials that were given out. `expires` is on the monotonic clock."""

    key_id: str
    secret: str
    token: str
    assumed_role_arn: str
    expires: float
    expiration: str = field(default="")


def assume_role_xml(issued: Issued, *, action: str) -> str:
    return (
        f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result><AssumedRoleUser>'
        f"<AssumedRoleId>AROATEST:x</AssumedRoleId><Arn>{escape(issued.assumed_role_arn)}</Arn>"
        f"</AssumedRoleUser><Credentials><AccessKeyId>{issued.key_id}</AccessKeyId>"
        f"<SecretAccessKey>{issued.secret}</SecretAccessKey>"
        f"<SessionToken>{issued.token}</SessionToken><Expiration>{issued.expiration}</Expiration>"
        f"</Credentials></{action}Result></{action}Response>"
    )


def caller_xml(arn: str) -> str:
    return (
        f'<GetCallerIdentityResponse xmlns="{_NAMESPACE}"><GetCallerIdentityResult>'
        f"<Arn>{escape(arn)}</Arn><UserId>AIDATEST</UserId><Account>{arn.split(':')[4]}</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )


def error_xml(answer: Answer) -> str:
    return (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{answer.code}</Code>'
        f"<Message>{escape(answer.message)}</Message></Error></ErrorResponse>"
    )
