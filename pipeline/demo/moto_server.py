"""moto's server as a process that says its port and ends with the process that started it."""

from __future__ import annotations

import logging
import os
import sys
import threading

from moto.core.responses import BaseResponse
from moto.ecr.responses import ECRResponse
from moto.logs.responses import LogsResponse
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.ssm.responses import SimpleSystemManagerResponse
from moto.utilities.utils import get_partition
from werkzeug.serving import make_server


def _name_resources(responses: type[BaseResponse], field: str, service: str, kind: str) -> None:
    """Has moto judge a service's calls by the resource that this field of a request names."""

    def determine(response: BaseResponse) -> str:
        name = response._get_param(field)  # noqa: SLF001  moto's own way
        if not isinstance(name, str):
            return "*"
        region, account = response.region, response.current_account
        resource = f"{kind}{name}".replace("//", "/")
        return f"arn:{get_partition(region)}:{service}:{region}:{account}:{resource}"

    responses._determine_resource = determine  # type: ignore[attr-defined]  # noqa: SLF001


def _end_with_parent() -> None:
    """Waits for the end of stdin, which comes however the parent ends, killed included."""
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Serves on a free port of the loopback interface, and prints the port once it listens."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # Without these moto judges every call of the service as one on `*`, and would deny what a
    # policy allows on a path.
    _name_resources(SimpleSystemManagerResponse, "Name", "ssm", "parameter/")
    _name_resources(LogsResponse, "logGroupName", "logs", "log-group:")
    _name_resources(ECRResponse, "repositoryName", "ecr", "repository/")
    server = make_server(
        "127.0.0.1",
        0,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=MotoRequestHandler,
    )
    # Some of moto's backends call the server themselves, at the port this variable holds.
    os.environ["MOTO_PORT"] = str(server.server_port)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
