"""What commands that call AWS share: the source, the retry policy, remote lists, log lines."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rolecall import logs
from rolecall.cli import dumps
from rolecall.cli.context import Context
from rolecall.errors import AssumeError
from rolecall.sessions import remedies
from rolecall.sessions.assume import CHAINED_LIMIT, Assumer
from rolecall.sessions.faults import FAILURES
from rolecall.sessions.retry import Retry
from rolecall.sessions.session import Credentials, MalformedAnswerError
from rolecall.sessions.source import Source, asked
from rolecall.settings.sources import BadValueError
from rolecall.stop import Stop
from rolecall.targets import Resolved, SessionOptions, Target, arns, lists, names

if TYPE_CHECKING:
    from rolecall.targets.organization import Call, Wish

_READS_THE_ORGANISATION = "organization"


class Aws:
    """The source and what is done with it.

    Attributes:
        retry: the one policy; its waits end with the run.
    """

    def __init__(self, context: Context, stop: Stop, *, stream: logs.TextSink) -> None:
        settings = context.settings
        dumps.prevent()
        self._context, self._stop = context, stop
        logs.configure(
            stream=stream,
            json=settings.log_format == "json",
            level=settings.log_level,
            mask=context.mask,
        )
        logs.ready()
        self.retry = Retry(
            attempts=settings.retry_attempts,
            max_wait=settings.retry_max_wait,
            access_denied=settings.retry_access_denied,
            sleep=stop.sleep,
        )
        self._source: Source | None = None

    def source(self, resolved: Resolved | None = None) -> Source:
        """The source, with its secrets in the mask.

        Raises:
            AssumeError: where it has no credentials.
        """
        if self._source is None:
            region = self._context.sts_region(resolved)
            source = asked(lambda: Source(region))
            # Whom NOTIFY names is told after a stop too.
            secrets = source.secrets
            self._context.mask.add(secrets() if self._stop.requested else self._stop.run(secrets))
            self._source = source
        return self._source

    def assumer(self, resolved: Resolved) -> Assumer:
        return Assumer(
            self.source(resolved),
            self.retry,
            allowed_accounts=self._context.settings.allowed_accounts,
        )

    def caller(self) -> str:
        """The ARN that the source calls as.

        Raises:
            AssumeError: where it can't be asked, with the reason and the remedy.
        """
        source = self.source()
        try:
            return self._stop.run(lambda: source.caller(self.retry.call))
        except FAILURES as error:
            raise remedies.explained(error) from error

    def organization(self, wish: Wish) -> Call:
        """What calls AWS Organizations, as the role that the wish names, or as the source itself.

        Raises:
            AssumeError: where that role can't be assumed.
            BadValueError: where SESSION_NAME gives it no name.
        """

        def reader() -> str:
            if wish.role:
                return wish.role
            with suppress(AssumeError):
                return remedies.principal_of(self.caller())
            return "the caller"

        from rolecall.sessions.organization import OrganizationCalls  # noqa: PLC0415  few have one

        credentials = self._reading(wish.role) if wish.role else None
        client = self.source().client("organizations", credentials)
        return OrganizationCalls(client, self.retry, self._stop, reader=reader)

    def _reading(self, role_arn: str) -> Credentials:
        """Credentials of the role that reads the organisation: assumed as a hop is."""
        context, role = self._context, arns.parse(role_arn)
        session_name = names.default_session_name(context.build)
        if "SESSION_NAME" in context.loaded.given:
            session_name = names.session_name(
                context.settings.session_name,
                context.build,
                target=_READS_THE_ORGANISATION,
                account_id=role.account_id,
            )
        options = SessionOptions(
            session_name=session_name,
            external_id=context.settings.external_id,
            duration=CHAINED_LIMIT,
            session_policy="",
            policy_arns=(),
            tags=(),
            transitive_tags=(),
            source_identity=context.settings.source_identity,
            via=(),
        )
        target = Target(
            index=0,
            name=_READS_THE_ORGANISATION,
            role=role,
            regions=(),
            variables=(),
            session=options,
        )
        assumer = Assumer(self.source(), self.retry)
        credentials = self._stop.run(lambda: assumer.assume(target)).credentials
        context.mask.add(credentials.secrets())
        return credentials

    def read_list(self, where: str) -> str:
        """Reads a list of targets from wherever it is."""
        return lists.read(where, folder=self._context.folder, fetch=self._fetch)

    def _fetch(self, where: str) -> bytes:
        read = self._ssm if where.startswith("ssm:") else self._s3
        try:
            data: bytes = self._stop.run(
                lambda: self.retry.call(f"read {where}", lambda: asked(lambda: read(where)))
            )
        except FAILURES as error:
            region = self._context.sts_region()
            remedy = f"check that it exists in {region} and that the source may read it"
            if isinstance(error, MalformedAnswerError):
                remedy = remedies.WHO_ANSWERS
            raise BadValueError(
                f"{where!r} cannot be read: {remedies.reason_of(error)}; {remedy}"
            ) from None
        return data

    def _ssm(self, where: str) -> bytes:
        client = self.source().client("ssm")
        answer = client.get_parameter(Name=where.removeprefix("ssm:"), WithDecryption=True)
        return str(answer["Parameter"]["Value"]).encode()

    def _s3(self, where: str) -> bytes:
        bucket, _, key = where.removeprefix("s3://").partition("/")
        if not bucket or not key:
            raise BadValueError(f"{where!r} has no bucket or no key; write s3://bucket/key")
        body = self.source().client("s3").get_object(Bucket=bucket, Key=key)["Body"]
        data: bytes = body.read(lists.MOST_BYTES + 1)
        return data
