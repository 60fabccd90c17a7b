"""Runs in a container: gives credentials at 169.254.170.2, as CodeBuild and ECS do.

The address is given to this container's own loopback interface, so that no route of the machine
changes: where the tests themselves run in CodeBuild, its credentials are at the same address.
Reads the credentials from standard input, and serves them at the path that is its argument.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

ADDRESS = "169.254.170.2"
_SIOCSIFADDR = 0x8916
_DOCUMENT = sys.stdin.buffer.read()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == sys.argv[1]
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(_DOCUMENT if found else b"{}")


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        address = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(ADDRESS))
        fcntl.ioctl(any_socket, _SIOCSIFADDR, struct.pack("16s16s8x", b"lo:1", address))
    server = HTTPServer((ADDRESS, 80), _Handler)
    print("serving", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
