"""A way to moto that notes with whose keys each request was signed.

It is an endpoint (`AWS_ENDPOINT_URL`) and a proxy (`HTTPS_PROXY`) in one: a client that knows no
other endpoint than AWS's own names calls those, and the proxy answers, with a certificate of an
authority of its own.
"""

from __future__ import annotations

import re
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support.answers import error, error_xml
from support.sts import Handler, Served

_AWS = re.compile(r"(?:[\w.-]+\.)?(?:amazonaws\.com|api\.aws)")
# Signature 4, 4a and 2, in the header or in the query.
_SIGNED = re.compile(r"(?:Credential=|AWS )([A-Z0-9]+)[/:]")
_QUERY = re.compile(r"[?&](?:X-Amz-Credential|AWSAccessKeyId)=([A-Z0-9]+)")
_ISSUED = re.compile(r"<AccessKeyId>(\w+)</AccessKeyId>")
_UNSIGNED = {"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"}
_HOP_BY_HOP = {
    "connection",
    "transfer-encoding",
    "proxy-connection",
    "keep-alive",
    "server",
    "date",
}


@dataclass(frozen=True, kw_only=True)
class Signed:
    """One request: what it asked for, and the key that signed it; empty where none has."""

    what: str
    key: str


class Authority:
    """Certificates for any host, which clients that are told of `file` believe."""

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simulated AWS")])
        self.file, self._folder = folder / "authority.pem", folder
        self.file.write_bytes(self._certificate(self._name, None))
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def context(self, host: str) -> ssl.SSLContext:
        with self._lock:
            if host not in self._contexts:
                own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[-64:])])
                path = self._folder / f"{host}.pem"
                secret = self._key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
                path.write_bytes(secret + self._certificate(own, host))
                self._contexts[host] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._contexts[host].load_cert_chain(path)
            return self._contexts[host]

    def _certificate(self, subject: x509.Name, host: str | None) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder(self._name, subject, self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host:
            names = x509.SubjectAlternativeName([x509.DNSName(host)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class _RecorderHandler(Handler):
    def do_CONNECT(self) -> None:  # noqa: N802  http.server looks for it
        recorder: Recorder = self.server.owner
        host = self.path.partition(":")[0]
        if not _AWS.fullmatch(host):
            self.send_error(403, "not AWS")
            return
        self.send_response_only(200)
        self.end_headers()
        self.wfile.flush()
        with suppress(OSError):  # a client that does not believe our authority hangs up
            self.request = recorder.authority.context(host).wrap_socket(
                self.connection, server_side=True
            )
            self.setup()
            self.close_connection = False

    def _forward(self) -> None:
        recorder: Recorder = self.server.owner
        body = self._body()
        signed = self.headers.get("Authorization") or ""
        if "Credential=" in signed and not _SIGNED.search(signed):
            denied = error("InvalidAccessKeyId", "The AWS Access Key Id is not known", status=403)
            self.reply(403, error_xml(denied), date=datetime.now(UTC))
            return
        recorder.note(self.command, self.path, signed, body)
        further = HTTPConnection("127.0.0.1", recorder.moto_port, timeout=60)
        headers = {n: v for n, v in self.headers.items() if n.lower() not in _HOP_BY_HOP}
        headers["Content-Length"] = str(len(body))
        further.request(self.command, self.path, body, headers)
        answer = further.getresponse()
        said = answer.read()
        further.close()
        recorder.learn(body, said)
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {*_HOP_BY_HOP, "content-length"}:
                self.send_header(name, value)
        head = self.command == "HEAD"
        length = answer.getheader("Content-Length") if head else str(len(said))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(said)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _forward  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


class Recorder(Served):
    """Stands before moto, at its own address.

    Attributes:
        signed: the requests since it was last emptied.
        accounts: of each key id that STS has given through any recorder, its account.
    """

    handler = _RecorderHandler

    def __init__(self, moto_port: int, authority: Authority, accounts: dict[str, str]) -> None:
        self.moto_port, self.authority, self.accounts = moto_port, authority, accounts
        self.signed: list[Signed] = []
        super().__init__()

    def note(self, method: str, path: str, authorization: str, body: bytes) -> None:
        action = _parameter(body, "Action") or f"{method} {path.partition('?')[0]}"
        found = _SIGNED.search(authorization) or _QUERY.search(path)
        key_id = found[1] if found else _parameter(body, "AWSAccessKeyId")
        if action in _UNSIGNED:
            key_id = f"web identity of {_parameter(body, 'RoleArn')}"
        self.signed.append(Signed(what=action, key=key_id))

    def named(self) -> list[dict[str, str]]:
        """The requests; a key that STS has given is named by its account."""
        known = [(one.what, self.accounts.get(one.key, one.key)) for one in self.signed]
        return [{"what": what, "key": key} for what, key in known]

    def empty(self) -> None:
        """Takes everything out of AWS but for one bucket, `state`."""
        for method, path in (("POST", "/moto-api/reset"), ("PUT", "/state")):
            moto = HTTPConnection("127.0.0.1", self.moto_port, timeout=60)
            moto.request(method, path)
            moto.getresponse().read()
            moto.close()

    def learn(self, body: bytes, answer: bytes) -> None:
        if role := _parameter(body, "RoleArn"):
            for key_id in _ISSUED.findall(answer.decode(errors="replace")):
                self.accounts[key_id] = role.split(":")[4]


def _parameter(body: bytes, name: str) -> str:
    found = parse_qs(body[:100_000].decode(errors="replace"))
    return found.get(name, [""])[0]
