"""A server whose answers do not end, or come a little at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from socketserver import BaseRequestHandler

from support.sts import Served

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Says `head`, and then `piece` again and again, `pause` seconds apart."""

    head: bytes = b""
    piece: bytes
    pause: float = 0.0


class _Handler(BaseRequestHandler):
    def handle(self) -> None:
        owner: Endless = self.server.owner  # type: ignore[attr-defined]
        if not self.request.recv(65536):
            return
        shape, owner.asked = owner.shape, owner.asked + 1
        try:
            self.request.sendall(shape.head)
            while not owner.over.wait(shape.pause):
                self.request.sendall(shape.piece)
        except OSError:
            owner.left.set()


class Endless(Served):
    """Answers so while the context lasts.

    Attributes:
        asked: how often it was. left: whether somebody who asked has gone.
    """

    handler = _Handler

    def __init__(self, shape: Shape) -> None:
        self.shape, self.asked = shape, 0
        self.over, self.left = threading.Event(), threading.Event()
        super().__init__()

    def __exit__(self, *exc_info: object) -> None:
        self.over.set()
        super().__exit__(*exc_info)


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
DRIPPING = {
    "its head": Shape(piece=b"<", pause=0.05),
    "a header": Shape(head=HEAD + b"X-More: ", piece=b"<", pause=0.05),
    "its body": Shape(head=HEAD + b"Content-Length: 100000\r\n\r\n", piece=b"<", pause=0.05),
    "a chunk": Shape(head=CHUNKED + b"ffff\r\n", piece=b"<", pause=0.05),
    "the length of a chunk": Shape(head=CHUNKED, piece=b"0", pause=0.05),
}
ENDLESS = {
    "a line of its head": Shape(piece=b"HTTP/1.1"),
    "its head": Shape(head=HEAD, piece=b"X-More: 1\r\n"),
    "a body without a length": Shape(head=HEAD + b"\r\n", piece=b"x" * 65536),
    "a body in chunks": Shape(head=CHUNKED, piece=b"8\r\nxxxxxxxx\r\n" * 4096),
    "the length of a chunk": Shape(head=CHUNKED, piece=b"0" * 65536),
    "what is announced": Shape(
        head=HEAD + b"Content-Length: 2000000000\r\n\r\n", piece=b"x" * 65536
    ),
}
