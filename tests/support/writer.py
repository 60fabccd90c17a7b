"""Stores a profile again and again, until it is killed, and keeps count of what it has stored.

`python -m support.writer CONFIG CREDENTIALS PROFILE LEDGER`
"""

from __future__ import annotations

import sys
import time
from itertools import count
from pathlib import Path

from rolecall.aws_files import AwsFiles
from rolecall.profiles.shared import store
from rolecall.secret import Secret
from rolecall.sessions.session import Credentials, Session


def session(number: int) -> Session:
    """One whose keys tell its number."""
    keys = Credentials(
        access_key_id=Secret(f"ASIA{number:016}"),
        secret_access_key=Secret(f"secret{number:034}"),
        session_token=Secret(f"token{number:0200}"),
    )
    return Session(
        account_id="222222222222",
        assumed_role_arn="arn:aws:sts::222222222222:assumed-role/deploy/x",
        credentials=keys,
        lifetime=3600,
        deadline=time.monotonic() + 3600,
    )


def main(config: str, credentials: str, profile: str, ledger: str) -> None:
    files = AwsFiles(config=Path(config), credentials=Path(credentials))
    with Path(ledger).open("a") as stored:
        for number in count(1):
            store(files, profile, session(number), region="eu-central-1")
            print(number, file=stored, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
