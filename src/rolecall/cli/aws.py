"""What commands that call AWS share: the source, the retry policy, remote lists, log lines."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from rolecall import logs
from rolecall.cli.context import Context
from rolecall.sessions import remedies
from rolecall.sessions.assume import Assumer
from rolecall.sessions.retry import Retry
from rolecall.sessions.source import Source, asked
from rolecall.settings.sources import BadValueError
from rolecall.stop import Stop
from rolecall.targets import Resolved, lists


class Aws:
    """The source and what is done with it."""

    def __init__(self, context: Context, stop: Stop, *, stream: logs.TextSink) -> None:
        settings = context.settings
        self._context = context
        logs.configure(
            stream=stream,
            json=settings.log_format == "json",
            level=settings.log_level,
            mask=context.mask,
        )
        self._retry = Retry(
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
            self._source = asked(lambda: Source(region))
            self._context.mask.add(self._source.secrets())
        return self._source

    def assumer(self, resolved: Resolved) -> Assumer:
        return Assumer(
            self.source(resolved),
            self._retry,
            allowed_accounts=self._context.settings.allowed_accounts,
        )

    def caller(self) -> str:
        """The ARN that the source calls as.

        Raises:
            AssumeError: where it can't be asked, with the reason and the remedy.
        """
        source = self.source()
        try:
            return source.caller(self._retry.call)
        except (BotoCoreError, ClientError, OSError) as error:
            raise remedies.explained(error) from error

    def read_list(self, where: str) -> str:
        """Reads a list of targets from wherever it is."""
        return lists.read(where, folder=self._context.folder, fetch=self._fetch)

    def _fetch(self, where: str) -> bytes:
        read = self._ssm if where.startswith("ssm:") else self._s3
        try:
            data: bytes = self._retry.call(f"read {where}", lambda: asked(lambda: read(where)))
        except (BotoCoreError, ClientError) as error:
            raise BadValueError(
                f"{where!r} cannot be read: {remedies.reason_of(error)}; check that it exists in"
                f" {self._context.sts_region()} and that the source may read it"
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
