"""Runs in the AWS CLI's own interpreter: what it makes of the AWS files in many folders.

Takes a JSON list of folders on stdin, prints one of answers.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import awscli.clidriver  # noqa: F401  it brings the botocore that the CLI is made with
import botocore.credentials
import botocore.session
from botocore.exceptions import BotoCoreError


def read(folder: str) -> dict[str, Any]:
    os.environ["AWS_CONFIG_FILE"] = f"{folder}/config"
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = f"{folder}/credentials"
    try:
        found = dict(botocore.session.Session().full_config)
    except BotoCoreError as error:
        return {"refused": f"{type(error).__name__}: {error}".replace(folder, "")}
    profiles = found.pop("profiles")
    rest = {part: values for part, values in found.items() if values}
    return {"profiles": profiles, "rest": rest, "keys": {p: keys(folder, p) for p in profiles}}


def keys(folder: str, profile: str) -> list[str | None] | str | None:
    """The keys that a profile calls with; None where it has none that are at hand."""
    for provider in (
        botocore.credentials.SharedCredentialProvider(f"{folder}/credentials", profile),
        botocore.credentials.ConfigProvider(f"{folder}/config", profile),
    ):
        try:
            found = provider.load()
        except BotoCoreError as error:
            return type(error).__name__
        if found:
            return [found.access_key, found.secret_key, found.token]
    return None


print(json.dumps([read(folder) for folder in json.load(sys.stdin)]))
