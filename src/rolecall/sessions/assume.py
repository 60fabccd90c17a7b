"""Assumes roles: each hop of VIA once, then the target's own, and verifies whose they are."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from rolecall.errors import AssumeError
from rolecall.secret import Secret
from rolecall.sessions import remedies
from rolecall.sessions.retry import Retry, Sleep, is_denied
from rolecall.sessions.session import MalformedAnswerError, Session, from_answer
from rolecall.sessions.source import Source, StsClient, asked
from rolecall.targets import SessionOptions, Target
from rolecall.wording import seconds

CHAINED_LIMIT = 3600


class Assumer:
    """Assumes the roles of targets, with the source's credentials. Safe in many threads.

    Attributes:
        hop_secrets: the secrets of the sessions in between, as they come.
    """

    def __init__(
        self, source: Source, retry: Retry, *, allowed_accounts: Sequence[str] = ()
    ) -> None:
        self._source, self._retry = source, retry
        self._allowed = frozenset(allowed_accounts)
        self._clients: dict[tuple[str, ...], tuple[Session | None, StsClient]] = {}
        self._lock = threading.RLock()
        self._cut_said = False
        self.hop_secrets: set[Secret] = set()
        self._log = structlog.get_logger("rolecall.sessions")

    def assume(self, target: Target, *, sleep: Sleep | None = None) -> Session:
        """A session of the target's role, in the target's account.

        Raises:
            AssumeError: with the reason and the remedy.
        """
        options = target.session
        client, caller = self._client(options, sleep)
        request = self._request(target.role.text, options)
        session = self._call(client, request, options, caller, sleep)
        self._verify(target, session)
        return session

    def _client(self, options: SessionOptions, sleep: Sleep | None) -> tuple[StsClient, str]:
        """The client of the last hop, and the ARN it calls as, empty for the source's own."""
        with self._lock:
            session, client = self._hop(options, options.via, sleep)
        return client, session.assumed_role_arn if session else ""

    def _hop(
        self, options: SessionOptions, via: tuple[str, ...], sleep: Sleep | None
    ) -> tuple[Session | None, StsClient]:
        key = (*via, options.session_name, options.source_identity) if via else ()
        known = self._clients.get(key)
        if known and (known[0] is None or known[0].fresh()):
            return known
        if not via:
            made: tuple[Session | None, StsClient] = (None, self._source.client("sts"))
        else:
            before, client = self._hop(options, via[:-1], sleep)
            request = {"RoleArn": via[-1], "RoleSessionName": options.session_name}
            if options.source_identity:
                request["SourceIdentity"] = options.source_identity
            caller = before.assumed_role_arn if before else ""
            session = self._call(client, request, options, caller, sleep)
            self.hop_secrets.update(session.credentials.secrets())
            made = (session, self._source.client("sts", session.credentials))
        self._clients[key] = made
        return made

    def _call(
        self,
        client: StsClient,
        request: dict[str, Any],
        options: SessionOptions,
        caller: str,
        sleep: Sleep | None,
    ) -> Session:
        role_arn = str(request["RoleArn"])

        def once() -> Session:
            try:
                return from_answer(asked(lambda: client.assume_role(**request)))
            except (ResponseParserError, KeyError):
                # Their messages quote the answer, which may hold a part of a secret.
                raise MalformedAnswerError("the answer of STS could not be read") from None

        try:
            session: Session = self._retry.call(f"AssumeRole {role_arn}", once, sleep=sleep)
        except (BotoCoreError, ClientError, MalformedAnswerError, OSError) as error:
            if is_denied(error) and not caller:
                with suppress(Exception):
                    caller = self._source.caller(self._retry.call)
            attempt = remedies.Attempt(role_arn=role_arn, caller=caller, options=options)
            raise remedies.explained(error, attempt) from error
        return session

    def _request(self, role_arn: str, options: SessionOptions) -> dict[str, Any]:
        request: dict[str, Any] = {
            "RoleArn": role_arn,
            "RoleSessionName": options.session_name,
            "DurationSeconds": round(self._duration(options)),
            "ExternalId": options.external_id,
            "Policy": options.session_policy,
            "PolicyArns": [{"arn": arn} for arn in options.policy_arns],
            "Tags": [{"Key": key, "Value": value} for key, value in options.tags],
            "TransitiveTagKeys": list(options.transitive_tags),
            "SourceIdentity": options.source_identity,
        }
        return {key: value for key, value in request.items() if value}

    def _duration(self, options: SessionOptions) -> float:
        wanted = options.duration
        if wanted <= CHAINED_LIMIT:
            return wanted
        if not options.via:
            caller = ""
            with suppress(Exception):
                caller = self._source.caller(self._retry.call)
            if ":assumed-role/" not in caller:
                return wanted
        if not self._cut_said:
            self._cut_said = True
            self._log.warning(
                "duration_cut",
                wanted=seconds(wanted),
                used=seconds(CHAINED_LIMIT),
                why="the caller is itself an assumed role, and AWS ends such sessions in one hour",
            )
        return CHAINED_LIMIT

    def _verify(self, target: Target, session: Session) -> None:
        allowed = self._allowed or {target.account_id}
        if session.account_id != target.account_id or session.account_id not in allowed:
            raise AssumeError(
                "WrongAccount",
                f"{target.role.text} gave a session in account {session.account_id}",
                f"expected account {target.account_id}; check what answers as STS"
                " (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS, proxies)",
            )
