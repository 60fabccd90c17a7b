"""Assumes roles: each hop of VIA once, then the target's own, and verifies whose they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from rolecall import logs
from rolecall.errors import AssumeError
from rolecall.secret import Secret
from rolecall.sessions import regions, remedies
from rolecall.sessions.faults import FAILURES, is_denied
from rolecall.sessions.retry import Retry, Sleep
from rolecall.sessions.session import Session, from_answer
from rolecall.sessions.source import Source, StsClient, asked
from rolecall.targets import SessionOptions, Target
from rolecall.wording import seconds

CHAINED_LIMIT = 3600
_FAILURE_SHARED = 10.0  # seconds


class _Hop:
    """The client that assumes from one hop, made by the first who asks and shared by the rest.

    A failure is shared for a moment too: a dead hop is not tried anew for each of its targets.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[Session | None, StsClient] | None = None
        self._failed: tuple[float, AssumeError] | None = None

    def get(self, make: Callable[[], tuple[Session | None, StsClient]]) -> tuple[StsClient, str]:
        """The client, and the ARN it calls as, empty for the source's own."""
        with self._lock:
            if self._made is None or not (self._made[0] is None or self._made[0].fresh()):
                self._made = self._make(make)
            session, client = self._made
        return client, session.assumed_role_arn if session else ""

    def _make(
        self, make: Callable[[], tuple[Session | None, StsClient]]
    ) -> tuple[Session | None, StsClient]:
        if self._failed and time.monotonic() - self._failed[0] < _FAILURE_SHARED:
            raise self._failed[1]
        try:
            return make()
        except AssumeError as error:
            self._failed = time.monotonic(), error
            raise


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
        self._hops: dict[tuple[str, ...], _Hop] = {}
        self._lock = threading.Lock()
        self._cut_said = False
        self.hop_secrets: set[Secret] = set()
        self._log = logs.Log()

    def assume(self, target: Target, *, sleep: Sleep | None = None) -> Session:
        """A session of the target's role, in the target's account.

        Raises:
            AssumeError: with the reason and the remedy.
        """
        options = target.session
        with logs.about(target=target.name, account_id=target.account_id):
            client, caller = self._client(options, sleep)
            request = self._request(target.role.text, options)
            session = self._call(client, request, options, caller, sleep)
        self._verify(target, session)
        return session

    def check_region(self, target: Target, session: Session, region: str) -> None:
        """Whether the account has the region; asked of regions only that it may lack.

        Raises:
            AssumeError: with the reason and the remedy.
        """
        if not regions.opted_into(region, target.role.partition):
            return
        client: StsClient = self._source.client("sts", session.credentials, region)
        try:
            with logs.about(target=target.name, account_id=target.account_id):
                self._retry.call(
                    f"GetCallerIdentity in {region}", client.get_caller_identity, sts=True
                )
        except FAILURES as error:
            raise regions.explained(error, region, target.account_id) from error

    @property
    def source_due(self) -> bool:
        """Whether the source's credentials are to be asked for again."""
        return self._source.due

    def source_secrets(self, *, anew: bool = False) -> tuple[Secret, ...]:
        """See Source.secrets."""
        return self._source.secrets(anew=anew)

    def _client(self, options: SessionOptions, sleep: Sleep | None) -> tuple[StsClient, str]:
        """The client of the last hop, and the ARN it calls as, empty for the source's own."""
        return self._hop(options, options.via, sleep)

    def _hop(
        self, options: SessionOptions, via: tuple[str, ...], sleep: Sleep | None
    ) -> tuple[StsClient, str]:
        key = (*via, options.session_name, options.source_identity) if via else ()
        with self._lock:
            hop = self._hops.setdefault(key, _Hop())
        return hop.get(lambda: self._make_hop(options, via, sleep))

    def _make_hop(
        self, options: SessionOptions, via: tuple[str, ...], sleep: Sleep | None
    ) -> tuple[Session | None, StsClient]:
        if not via:
            return None, self._source.sts()
        client, caller = self._hop(options, via[:-1], sleep)
        request = {"RoleArn": via[-1], "RoleSessionName": options.session_name}
        if options.source_identity:
            request["SourceIdentity"] = options.source_identity
        session = self._call(client, request, options, caller, sleep)
        self.hop_secrets.update(session.credentials.secrets())
        return session, self._source.client("sts", session.credentials)

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
            return from_answer(asked(lambda: client.assume_role(**request)))

        try:
            session: Session = self._retry.call(
                f"AssumeRole {role_arn}", once, sleep=sleep, sts=True
            )
        except FAILURES as error:
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
