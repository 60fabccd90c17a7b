"""The source: whatever credentials botocore finds, and the clients made with them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from botocore import exceptions
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.handlers import add_expect_header
from botocore.session import Session, get_session

from rolecall.aws_parsing import refusal
from rolecall.errors import AssumeError, ConfigError, Problem
from rolecall.secret import Secret
from rolecall.sessions.answers import CheckedClient
from rolecall.sessions.bounds import BOUNDS, Bounds, bound_answers
from rolecall.sessions.chain import HOW, Chain, lacking
from rolecall.sessions.process import bound_processes
from rolecall.sessions.session import Credentials

CONCURRENCY = 8
# Credentials of these are replaced by AWS from time to time.
_ENDPOINTS = ("container-role", "iam-role")
_CONFIG = Config(
    # The one retry policy is sessions/retry.py.
    retries={"total_max_attempts": 1},
    connect_timeout=5,
    read_timeout=15,
    max_pool_connections=CONCURRENCY,
)
# Of the clients that botocore makes by itself, to have credentials: it tries those again itself.
_BOTOCORE_S = Config(connect_timeout=5, read_timeout=15)


class StsClient(Protocol):
    """What rolecall asks of STS."""

    def assume_role(self, **request: Any) -> dict[str, Any]: ...

    def get_caller_identity(self) -> dict[str, Any]: ...


class Source:
    """The caller's credentials and its clients. `region` is where STS is called.

    Clients are made one at a time: making them is not thread-safe in botocore, using them is.

    Args:
        bounds: of each answer, of whoever gives the credentials too.
    """

    def __init__(self, region: str, *, bounds: Bounds = BOUNDS) -> None:
        bound_answers(bounds)
        bound_processes()
        self._region = region
        self._session = _made(lambda: _session(region))
        self._lock = threading.Lock()
        self._sts: StsClient | None = None
        self._caller = ""

    def client(
        self, service: str, credentials: Credentials | None = None, region: str | None = None
    ) -> Any:
        """A client of the source's, or of a session's credentials; in another region if given.

        See CheckedClient for what it gives.
        """
        keys = {}
        if credentials:
            keys = {
                "aws_access_key_id": credentials.access_key_id.reveal(),
                "aws_secret_access_key": credentials.secret_access_key.reveal(),
                "aws_session_token": credentials.session_token.reveal(),
            }
        with self._lock:
            made = _made(
                lambda: self._session.create_client(service, region, config=_CONFIG, **keys)
            )
        return CheckedClient(made)

    def sts(self) -> StsClient:
        """STS with the source's own credentials; made once, as its certificates are read anew."""
        if self._sts is None:
            self._sts = self.client("sts")
        return self._sts

    @property
    def due(self) -> bool:
        """Whether whoever gives the credentials is to be asked again, which may take its time."""
        found = self._session.get_credentials()
        return isinstance(found, RefreshableCredentials) and bool(found.refresh_needed())

    def secrets(self, *, anew: bool = False) -> tuple[Secret, ...]:
        """The secrets of the credentials in use now.

        Args:
            anew: also of those that a metadata endpoint would give whoever asks it now.

        Raises:
            AssumeError: where there are none.
        """
        with self._lock:
            found = asked(self._session.get_credentials)
            secrets = _secrets_of(found)
            if anew and found and found.method in _ENDPOINTS:
                again = _made(lambda: _session(self._region))
                secrets += _secrets_of(again.get_credentials())
        if not secrets:
            raise AssumeError("NoCredentials", "no AWS credentials were found", HOW)
        return secrets

    def caller(self, call: Callable[[str, Callable[[], Any]], Any]) -> str:
        """The caller's ARN; asked once. `call` applies the retry policy."""
        if not self._caller:
            answer = call("GetCallerIdentity", self.sts().get_caller_identity)
            self._caller = str(answer["Arn"])
        return self._caller


def _session(region: str) -> Session:
    session = get_session()
    session.set_config_variable("region", region)
    session.set_default_client_config(_BOTOCORE_S)
    # What is sent is small; and botocore waits for the leave to send it without any bound.
    session.unregister("before-call.s3", add_expect_header)
    found = session.get_component("credential_provider")
    session.register_component("credential_provider", Chain(found.providers))
    return session


def _secrets_of(found: Any) -> tuple[Secret, ...]:
    frozen = found.get_frozen_credentials() if found else None
    values = (frozen.access_key, frozen.secret_key, frozen.token) if frozen else ()
    return tuple(Secret(value) for value in values if value)


def _made(do: Callable[[], Any]) -> Any:
    """What `do` makes, with settings of AWS that will not do said as such.

    Raises:
        ConfigError: where a variable or a file of AWS's own has a value that botocore refuses.
    """
    try:
        return asked(do)
    except exceptions.ConfigParseError as error:
        raise ConfigError([refusal(Path(error.kwargs["path"]), error.kwargs["error"])]) from None
    except (exceptions.BotoCoreError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(
            [Problem("AWS settings", f"{reason}; check the AWS_* variables and AWS_CONFIG_FILE")]
        ) from None


def asked(do: Callable[[], Any]) -> Any:
    """The answer of `do`, with what botocore says before it asks for credentials made one error.

    What the asking itself ends with is told by the Chain.

    Raises:
        AssumeError: where the source has no credentials to give.
    """
    try:
        return do()
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.ProfileNotFound,
        exceptions.SSOError,
        exceptions.InvalidConfigError,
    ) as error:
        raise lacking(str(error)) from None
