"""A bucket whose list has a page for each session: none comes before the session has run out."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from support.sts import Handler, ScriptedSts, Served

_EXPIRED = "<Error><Code>ExpiredToken</Code><Message>The token has expired</Message></Error>"


class _PagesHandler(Handler):
    def do_GET(self) -> None:  # noqa: N802  http.server looks for it
        pages: Pages = self.server.owner
        found = re.search(r"Credential=([^/]+)/", self.headers["Authorization"] or "")
        key_id = found[1] if found else ""
        session = pages.sts.issued.get(key_id)
        if session is None or session.expires < time.monotonic():
            pages.refused.append(key_id)
            self.reply(403, _EXPIRED, date=datetime.now(UTC))
            return
        asked = parse_qs(urlsplit(self.path).query)
        number = int(asked.get("continuation-token", ["1"])[0])
        pages.signed_by[session.assumed_role_arn.split(":")[4]].append(key_id)
        if number < pages.count:
            time.sleep(session.expires - time.monotonic())
        self.reply(200, _page(number, pages.count), date=datetime.now(UTC))


class Pages(Served):
    """The server of that bucket.

    Attributes:
        count: of pages.
        signed_by: the key id of each request that was answered, by account.
        refused: the key ids of those whose session had run out.
    """

    handler = _PagesHandler

    def __init__(self, sts: ScriptedSts, *, count: int) -> None:
        self.sts, self.count = sts, count
        self.signed_by: dict[str, list[str]] = defaultdict(list)
        self.refused: list[str] = []
        super().__init__()


def _page(number: int, count: int) -> str:
    more = number < count
    following = f"<NextContinuationToken>{number + 1}</NextContinuationToken>" if more else ""
    return (
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>'
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{following}<KeyCount>1</KeyCount>"
        f"<Contents><Key>object-{number}</Key><Size>1</Size></Contents></ListBucketResult>"
    )
