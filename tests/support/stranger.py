"""What answers in place of AWS: a page to sign in at, a proxy, another service's JSON."""

from __future__ import annotations

from dataclasses import dataclass, field

from support.sts import Handler, Served


@dataclass(frozen=True, kw_only=True)
class Strange:
    """What it says to every request, whatever is asked."""

    body: str = ""
    kind: str = "text/html"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


PAGE = "<!DOCTYPE html><html><body>sEcReT: please sign in<br></body></html>"
SIGN_IN = Strange(body=PAGE)
# What a parser of XML can read.
WELL_FORMED = Strange(body="<html><body>sEcReT: please sign in</body></html>")
BLOCKED = Strange(body=PAGE, status=403)
LOST = Strange(body=PAGE, status=404)
ELSEWHERE = Strange(status=302, headers={"Location": "http://127.0.0.1:9/sign-in"})
OTHER_JSON = Strange(body='{"sEcReT": "ok"}', kind="application/json")
NO_OBJECT = Strange(body='["sEcReT"]', kind="application/json")
EMPTY = Strange(kind="text/plain")
# As a web server gives a file of its own.
FILE = Strange(
    body=PAGE,
    headers={"ETag": '"5d8c72a5edda8"', "Last-Modified": "Wed, 25 Nov 2026 10:00:00 GMT"},
)
STRANGERS = {
    "a page": SIGN_IN,
    "a page that is XML": WELL_FORMED,
    "a refusal": BLOCKED,
    "a page that says not found": LOST,
    "a redirect": ELSEWHERE,
    "other JSON": OTHER_JSON,
    "a list": NO_OBJECT,
    "nothing": EMPTY,
    "a file": FILE,
}


class _StrangerHandler(Handler):
    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        stranger: Stranger = self.server.owner
        stranger.requests += 1
        strange = stranger.says
        data = strange.body.encode()
        self.send_response_only(strange.status)
        for name, value in {"Content-Type": strange.kind, **strange.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815  http.server looks for them


class Stranger(Served):
    """Says the same to everybody, 200 with a page unless `says` has something else."""

    handler = _StrangerHandler

    def __init__(self, says: Strange = SIGN_IN) -> None:
        self.says, self.requests = says, 0
        super().__init__()
