"""The user's AWS files: where they lie, and what the source's profile says that is no credential.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html, and how botocore reads it.
"""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rolecall.aws_variables import OF_PROFILES, OF_SERVICES

DEFAULT = "default"
# What has settings of its own below it. The rest are texts.
_NESTED = frozenset({"api_versions", "s3", "s3api"})
_PATHS = frozenset({"ca_bundle", "proxy_ca_bundle", "proxy_client_cert"})
_SERVICES, _ENDPOINT = "services", "endpoint_url"
_SERVICES_OF_SOURCE = "source"
# Ways to credentials, which are the target's own affair, and so nothing is said of them.
_CREDENTIALS = re.compile(
    r"aws_\w+|sso_\w+|login_\w+|role_\w+|source_profile|credential_\w+|external_id|mfa_\w+"
    r"|duration_seconds|web_identity_\w+|ec2_metadata_\w+|imds_\w+|metadata_service_\w+|region"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AwsFiles:
    """The user's files, as `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` or HOME say."""

    config: Path
    credentials: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnProfile:
    """What holds for the source by its profile, and for the commands of targets with it.

    Attributes:
        region: empty where it names none.
        settings: texts by their keys, as they stand in a file. nested: such as those below `s3`.
        services: the endpoint of each service that has one of its own.
        unknown: keys that are neither a setting nor a way to credentials, as far as is known.
    """

    region: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    nested: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    def variables(self) -> dict[str, str]:
        """As many of them as have a variable, for commands that are told of no profile."""
        own = {OF_PROFILES[key]: value for key, value in self.settings.items()}
        own |= {OF_SERVICES + key.upper(): value for key, value in self.services.items()}
        return {name: value for name, value in own.items() if name}

    def section(self, *, left: bool = False) -> str:
        """The lines of a section of a config file.

        Args:
            left: without those that have a variable.
        """
        own = {k: v for k, v in self.settings.items() if not (left and OF_PROFILES[k])}
        lines = [f"{key} = {_indented(value)}" for key, value in own.items()]
        lines += (f"{key} ={_block(below)}" for key, below in self.nested.items() if below)
        if self.services and not left:
            lines.append(f"{_SERVICES} = {_SERVICES_OF_SOURCE}")
        return "".join(f"{line}\n" for line in lines)

    def services_section(self) -> str:
        """The section that `section` names; empty where it names none."""
        lines = [f"{key} ={_block({_ENDPOINT: url})}" for key, url in self.services.items()]
        header = f"[{_SERVICES} {_SERVICES_OF_SOURCE}]"
        return "".join(f"{line}\n" for line in (header, *lines)) if lines else ""


def _indented(value: str) -> str:
    return value.replace("\n", "\n  ")


def _block(values: Mapping[str, str]) -> str:
    return "".join(f"\n  {key} = {value}" for key, value in values.items())


def files(environ: Mapping[str, str]) -> AwsFiles:
    home = Path(environ.get("HOME") or Path.home())
    config = environ.get("AWS_CONFIG_FILE") or home / ".aws" / "config"
    credentials = environ.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws" / "credentials"
    return AwsFiles(
        config=Path(_expanded(str(config), home, Path())).absolute(),
        credentials=Path(_expanded(str(credentials), home, Path())).absolute(),
    )


def own(environ: Mapping[str, str], folder: Path) -> OwnProfile:
    """The profile that the source is of; an empty one where none can be read.

    A file that is none is told by who looks for credentials in it.

    Args:
        folder: what paths in it are relative to.
    """
    found = files(environ)
    names = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")  # in this order, as botocore has it
    name = next(filter(None, map(environ.get, names)), DEFAULT)
    config = parsed(found.config)
    values = {
        **_values(config, (s for s in config if profile_of(s) == name)),
        **_values(stored := parsed(found.credentials), (s for s in stored if s == name)),
    }
    home = Path(environ.get("HOME") or Path.home())
    nested = {key: _below(value) for key, value in values.items() if value.startswith("\n")}
    services = _services(config, values.get(_SERVICES, ""))
    known = {key for key in values if key in (OF_PROFILES if key not in nested else _NESTED)}
    return OwnProfile(
        region=values.get("region", ""),
        settings={
            key: _expanded(values[key], home, folder) if key in _PATHS else values[key]
            for key in sorted(known - nested.keys())
        },
        nested={key: _harmless(nested[key]) for key in sorted(known & nested.keys())},
        services=services,
        unknown=tuple(
            key
            for key in values
            if key not in known and key != _SERVICES and not _CREDENTIALS.fullmatch(key)
        ),
    )


def parsed(path: Path) -> configparser.RawConfigParser:
    """A file of AWS's; one without sections where it can't be read."""
    parser = configparser.RawConfigParser(strict=False, interpolation=None, default_section="")
    try:
        parser.read_string(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return configparser.RawConfigParser(default_section="")
    return parser


def profile_of(header: str) -> str:
    """The profile that a section of a config file is; empty for any other section.

    Source: botocore.configloader.build_profile_map.
    """
    if header == DEFAULT:
        return header
    try:
        words = shlex.split(header)
    except ValueError:
        return ""
    return words[1] if len(words) == 2 and words[0] == "profile" else ""  # noqa: PLR2004


def _values(parser: configparser.RawConfigParser, sections: Iterator[str]) -> dict[str, str]:
    return {key: value for section in sections for key, value in parser.items(section)}


def _below(value: str) -> dict[str, str]:
    """The settings of a block, `key = value` a line."""
    pairs = (line.partition("=") for line in value.splitlines() if "=" in line)
    return {key.strip(): text.strip() for key, _, text in pairs}


def _harmless(block: Mapping[str, str]) -> dict[str, str]:
    """An old SDK may take what is indented for a setting of the profile itself."""
    return {key: value for key, value in block.items() if not _CREDENTIALS.fullmatch(key)}


def _services(parser: configparser.RawConfigParser, name: str) -> dict[str, str]:
    section = next((s for s in parser if _words(s) == [_SERVICES, name]), "")
    if not section:
        return {}
    blocks = {key: _below(value) for key, value in parser.items(section)}
    return {key: block[_ENDPOINT] for key, block in blocks.items() if block.get(_ENDPOINT)}


def _words(header: str) -> list[str]:
    try:
        return shlex.split(header)
    except ValueError:
        return []


def _expanded(path: str, home: Path, folder: Path) -> str:
    """It means the same wherever the home and the working folder are."""
    return str(
        home / path.removeprefix("~/") if path.startswith("~/") else folder.absolute() / path
    )
