"""A server whose answers do not end, or come a little at a time."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable
from typing import Self

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server: _Server = self.server  # type: ignore[assignment]
        owner = server.owner
        if not self.request.recv(65536):
            return
        owner.asked += 1
        try:
            self.request.sendall(owner.head)
            while not owner.over.wait(owner.pause):
                self.request.sendall(owner.piece)
        except OSError:
            owner.left.set()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    owner: Endless


class Endless:
    """Says `head`, and then `piece` again and again, while the context lasts.

    Args:
        pause: seconds between two pieces.

    Attributes:
        asked: how often it was. left: whether one of those who asked has gone.
    """

    def __init__(self, head: bytes, piece: bytes, pause: float = 0.0) -> None:
        self.head, self.piece, self.pause = head, piece, pause
        self.asked = 0
        self.over, self.left = threading.Event(), threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


def dripping(
    head: bytes = HEAD + b"Content-Length: 100000\r\n\r\n", pause: float = 0.05
) -> Endless:
    """A byte after the other."""
    return Endless(head, b"<", pause)


ENDLESS: dict[str, Callable[[], Endless]] = {
    "a line of its head": lambda: Endless(b"", b"HTTP/1.1"),
    "its head": lambda: Endless(HEAD, b"X-More: 1\r\n"),
    "a body without a length": lambda: Endless(HEAD + b"\r\n", b"x" * 65536),
    "a body in chunks": lambda: Endless(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"8\r\nxxxxxxxx\r\n" * 4096
    ),
    "the length of a chunk": lambda: Endless(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 65536
    ),
    "what is announced": lambda: Endless(
        HEAD + b"Content-Length: 2000000000\r\n\r\n", b"x" * 65536
    ),
}
DRIPPING: dict[str, Callable[[], Endless]] = {
    "its head": lambda: dripping(b""),
    "a header": lambda: dripping(HEAD + b"X-More: "),
    "its body": dripping,
    "a chunk": lambda: dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n"),
    "the length of a chunk": lambda: Endless(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0", 0.05
    ),
}
