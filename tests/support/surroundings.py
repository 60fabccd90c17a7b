"""What a build machine may have that leads to another account's credentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from support.simulation import Simulation

SECRET = "another+secret/key0000000000000000000000"
OTHER = "arn:aws:iam::999999999999:role/other"
# On the page and in the names of tests. `machine` has nothing but the two addresses that EC2 and
# CodeBuild have; the others have them too.
KINDS = ("machine", "metadata", "container", "home", "boto", "variables")


def variables(
    kinds: Iterable[str], simulation: Simulation, home: Path, profiles: Iterable[str]
) -> Mapping[str, str]:
    """What the environment has of those; files that they read by themselves are put into `home`."""
    found: dict[str, str] = {}
    for kind in kinds:
        if kind == "metadata":
            found["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = simulation.metadata
        elif kind == "container":
            found["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/creds"
            found["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = simulation.container
        elif kind == "home":
            _aws(home, profiles)
        elif kind == "boto":
            found |= _boto(home)
        elif kind == "variables":
            found |= _others(home)
    return found


def _keys(name: str) -> str:
    return f"aws_access_key_id = {name}\naws_secret_access_key = {SECRET}\n"


def _aws(home: Path, profiles: Iterable[str]) -> None:
    folder = home / ".aws"
    folder.mkdir()
    sections = ["default", *profiles]
    stored = "".join(f"[{name}]\n{_keys('AKIAHOMEAWS000000000')}" for name in sections)
    (folder / "credentials").write_text(stored)
    named = ["default", *(f"profile {name}" for name in profiles)]
    config = "".join(
        f"[{name}]\nregion = us-east-1\n{_keys('AKIACONFIG0000000000')}" for name in named
    )
    (folder / "config").write_text(config)


def _boto(home: Path) -> dict[str, str]:
    for name in (".boto", "boto.cfg"):
        (home / name).write_text(f"[Credentials]\n{_keys('AKIABOTO000000000000')}")
    file = home / "credential-file"
    file.write_text(f"AWSAccessKeyId=AKIACREDFILE00000000\nAWSSecretKey={SECRET}\n")
    (home / ".s3cfg").write_text(
        f"[default]\naccess_key = AKIAS3CFG00000000000\nsecret_key = {SECRET}\n"
    )
    return {"BOTO_CONFIG": str(home / "boto.cfg"), "AWS_CREDENTIAL_FILE": str(file)}


def _others(home: Path) -> dict[str, str]:
    token = home / "web-identity"
    token.write_text("a-token-000000")
    profiles = home / "profiles"
    profiles.write_text(f"[default]\n{_keys('AKIAPROFILES00000000')}")
    return {
        "AWS_ACCESS_KEY": "AKIAOLDNAME000000000",
        "AWS_SECRET_KEY": SECRET,
        "AWS_SECURITY_TOKEN": "another-token-000000",
        "AMAZON_ACCESS_KEY_ID": "AKIAAMAZON0000000000",
        "AMAZON_SECRET_ACCESS_KEY": SECRET,
        "EC2_ACCESS_KEY": "AKIAEC20000000000000",
        "EC2_SECRET_KEY": SECRET,
        "AWS_CREDENTIAL_PROFILES_FILE": str(profiles),
        "MINIO_SHARED_CREDENTIALS_FILE": str(profiles),
        "MINIO_ACCESS_KEY": "AKIAMINIO00000000000",
        "MINIO_SECRET_KEY": SECRET,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ROLE_ARN": OTHER,
    }
