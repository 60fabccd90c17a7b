"""Takes out of an environment what rolecall never reads: the data of other AWS services.

The services that stay are listed in aws-services.txt. A client of each is made afterwards, so that
a build ends where something that is needed has gone.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import botocore
from botocore.session import get_session

_SERVICES = Path(__file__).with_name("aws-services.txt")


def services() -> list[str]:
    """The services whose data stays."""
    lines = (line.partition("#")[0].strip() for line in _SERVICES.read_text("utf-8").splitlines())
    return [line for line in lines if line]


def main() -> None:
    """Trims the environment whose Python runs this."""
    data = Path(botocore.__file__).with_name("data")
    kept = services()
    for folder in data.iterdir():
        if folder.is_dir() and folder.name not in kept:
            shutil.rmtree(folder)
    for examples in data.rglob("examples-1.json*"):
        examples.unlink()
    session = get_session()
    for service in kept:
        session.create_client(service, region_name="eu-central-1")
        print(f"{service}: a client can be made", file=sys.stderr)


if __name__ == "__main__":
    main()
