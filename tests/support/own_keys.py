"""Clients of some age: each looks for keys as it was made to, then says whose they are.

`python own_keys.py CLIENT` prints the account, or `none` where the client finds no keys. What a
client does is told in the name of its function.
"""

from __future__ import annotations

import configparser
import json
import os
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

import boto3

Keys = tuple[str, str, str | None] | None


def _of(path: Path, sections: list[str], id_name: str, secret_name: str) -> Keys:
    parser = configparser.RawConfigParser(strict=False)
    parser.read(path)
    for section in sections:
        if parser.has_option(section, id_name):
            found = parser[section]
            return found[id_name], found[secret_name], found.get("aws_session_token")
    return None


def home_folder() -> Keys:
    """As boto 2, s3cmd and the SDK for JavaScript v2: files of the home folder alone."""
    home = Path.home()
    aws = ("aws_access_key_id", "aws_secret_access_key")
    profiles = [os.environ.get("AWS_PROFILE", "default"), "default"]
    return (
        _of(home / ".s3cfg", ["default"], "access_key", "secret_key")
        or _of(home / ".aws" / "credentials", profiles, *aws)
        or _of(Path(os.environ.get("BOTO_CONFIG", home / ".boto")), ["Credentials"], *aws)
    )


def environment() -> Keys:
    """As many shells' scripts and s3cmd: variables alone, by each name that they have had."""
    found = [
        next(filter(None, map(os.environ.get, names)), "")
        for names in (
            ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AMAZON_ACCESS_KEY_ID", "EC2_ACCESS_KEY"),
            ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AMAZON_SECRET_ACCESS_KEY"),
            ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"),
        )
    ]
    return (found[0], found[1], found[2] or None) if found[0] else None


def machine() -> Keys:
    """As the SDK for Go v1 where it reads no config file: a container's endpoint, an instance's."""
    try:
        if url := os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"):
            token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
            return _answer(url, {"Authorization": token})
        if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
            return None
        return _answer(os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] + "/hub", {})
    except OSError:
        return None


def _answer(url: str, headers: Mapping[str, str]) -> Keys:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as got:
        found = json.load(got)
    return found["AccessKeyId"], found["SecretAccessKey"], found["Token"]


def botocore() -> Keys:
    """All that boto3 knows."""
    found = boto3.Session().get_credentials()
    return (found.access_key, found.secret_key, found.token) if found else None


CLIENTS: Mapping[str, Callable[[], Keys]] = {
    each.__name__: each for each in (home_folder, environment, machine, botocore)
}


def main() -> None:
    keys = CLIENTS[sys.argv[1]]()
    if not keys:
        print("none")
        return
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    sts = boto3.client("sts", **dict(zip(names, keys, strict=True)))
    print(sts.get_caller_identity()["Account"])


if __name__ == "__main__":
    main()
