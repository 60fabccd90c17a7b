"""Where the source's credentials come from, one after the other, and why each has none to give.

botocore wraps few of the ways in which that fails. Whatever its code of credentials raises is the
source's failure here, and nothing else is: whoever signs a request asks through this too.
"""

from __future__ import annotations

import atexit
import getpass
import os
import re
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from botocore import exceptions
from botocore.credentials import CredentialResolver

from rolecall.errors import AssumeError, RolecallError
from rolecall.sessions.faults import is_transient
from rolecall.sessions.process import ProcessError

HOW = (
    "give the container or project a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID with its"
    " secret; `aws sts get-caller-identity` shows what is found"
)
# What each of botocore's providers asks, and what to do where that fails. Source:
# https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
_ASKED = {
    "env": (
        "AWS_ACCESS_KEY_ID and the variables beside it",
        (
            "sign in again and set all of them anew; AWS_CREDENTIAL_EXPIRATION is a time to come,"
            " such as 2030-01-31T12:00:00Z, or is not set"
        ),
    ),
    "custom-process": (
        "the credential_process of your profile",
        (
            "run it by hand: it has to print one JSON object with Version 1, AccessKeyId,"
            " SecretAccessKey and, where they end, SessionToken and an Expiration to come, such as"
            " 2030-01-31T12:00:00Z"
        ),
    ),
    "assume-role": (
        "the role_arn of your profile",
        (
            "check its role_arn, source_profile or credential_source, and what gives the"
            " credentials behind it: `aws sts get-caller-identity` uses the same profile"
        ),
    ),
    "assume-role-with-web-identity": (
        "a web identity token",
        (
            "check that AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file names a file with a"
            " token of now, and that AWS_ROLE_ARN or role_arn may be assumed with it"
        ),
    ),
    "sso": ("single sign-on", "sign in again with `aws sso login`"),
    "login": ("`aws login`", "sign in again with `aws login`"),
    "container-role": (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI",
        (
            "check what answers there, and AWS_CONTAINER_AUTHORIZATION_TOKEN or its _FILE; without"
            " a container's role, take these variables out"
        ),
    ),
}
_NO_ANSWER = "what was asked for them did not answer as AWS does"
# By the names of exceptions whose messages quote what was answered or sent, which may be a secret.
_UNQUOTED = {
    "HTTPClientError": "a request for them failed, or its answer did not end",
    "ParserError": "the time at which they end is no time",
    "JSONDecodeError": "what was asked for them gives no JSON",
    "UnicodeDecodeError": "what was asked for them gives no text",
}
_QUOTED = re.compile(r"(from container metadata): .*", re.DOTALL)
# What a header of HTTP can hold.
_KEY = re.compile(r"[\x20-\x7e]+")


class Chain(CredentialResolver):  # type: ignore[misc]
    """botocore's providers, whose every failure is an AssumeError, with the remedy."""

    def __init__(self, providers: Sequence[Any]) -> None:
        super().__init__(providers)
        self.get_provider("assume-role")._prompter = _code_of_mfa  # noqa: SLF001  as the AWS CLI does

    def load_credentials(self) -> Any:
        """The first that has any; None where none has.

        Raises:
            AssumeError: now, or later from `get_frozen_credentials` of what is returned.
        """
        for provider in self.providers:
            with _told(provider.METHOD):
                found = provider.load()
            if found is not None:
                found.get_frozen_credentials = _guarded(provider.METHOD, found)
                return found
        return None


def lacking(why: str, remedy: str = HOW, *, unreachable: bool = False) -> AssumeError:
    """Says that the source has no credentials."""
    reason = f"no AWS credentials could be had: {' '.join(why.split())}"
    return AssumeError("NoCredentials", reason, remedy, unreachable=unreachable)


def _guarded(method: str, found: Any) -> Callable[[], Any]:
    ask = found.get_frozen_credentials

    def asked() -> Any:
        with _told(method):
            frozen = ask()
            keys = (frozen.access_key, frozen.secret_key, frozen.token or "-")
            if not all(isinstance(key, str) and _KEY.fullmatch(key) for key in keys):
                raise ProcessError("a key or the token is empty, or has characters that none has")
            return frozen

    return asked


@contextmanager
def _told(method: str) -> Iterator[None]:
    """Tells of whatever fails in here as a failure of this provider."""
    try:
        yield
    except (RolecallError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  botocore wraps few of them
        what, remedy = _ASKED.get(method, ("", HOW))
        why = _why(error) + (f" (asked: {what})" if what else "")
        raise lacking(why, remedy, unreachable=is_transient(error)) from None


def _why(error: Exception) -> str:
    """What happened, without what may be a secret."""
    if type(error).__name__ in _UNQUOTED:
        return _UNQUOTED[type(error).__name__]
    if type(error) is RuntimeError:  # botocore's only one
        return "they have run out already"
    if isinstance(error, TypeError) and "offset-naive" in str(error):
        return "the time at which they end has no time zone"
    if isinstance(error, KeyError):
        return f"{_NO_ANSWER}: it has no {error.args[0]}"
    known = (exceptions.BotoCoreError, exceptions.ClientError, OSError, ProcessError)
    if isinstance(error, known) or type(error) is ValueError:
        return _QUOTED.sub(r"\1", str(error))
    return _NO_ANSWER


def _code_of_mfa(prompt: str) -> str:
    """The code that somebody types at the terminal.

    Raises:
        AssumeError: where nobody can: a pipeline would wait for ever, or read it from a file.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        raise lacking(
            "your profile asks for a code (mfa_serial), and there is no terminal to type it at",
            "sign in beforehand, and give rolecall the session's keys; or let it use a profile"
            " without mfa_serial",
        ) from None
    # Whoever stops meanwhile gets an echo again: what reads here is then not waited for.
    before = termios.tcgetattr(terminal)

    def restore() -> None:
        with suppress(termios.error):
            termios.tcsetattr(terminal, termios.TCSANOW, before)

    atexit.register(restore)
    return getpass.getpass(prompt)
