"""Lets a private network reach a server that listens on loopback only."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import suppress
from typing import Self


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.target)) as further:
            back = threading.Thread(target=_copy, args=(further, self.request), daemon=True)
            back.start()
            _copy(self.request, further)
            back.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    target: int


class Relay:
    """From a free port of `address` to a port of loopback, while the context lasts."""

    def __init__(self, address: str, port: int) -> None:
        self._server = _Server((address, 0), _Handler)
        self._server.target = port
        self.url = f"http://{address}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
