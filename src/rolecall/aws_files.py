"""The user's AWS files: where they lie, and what the source's profile says that is no credential.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html, and how botocore reads it.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rolecall.aws_parsing import DEFAULT, below, name_of, parsed, profile_of
from rolecall.aws_variables import OF_PROFILES, OF_SERVICES
from rolecall.errors import ConfigError, Problem

CONFIG, CREDENTIALS = "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"
_USUAL = {CONFIG: "~/.aws/config", CREDENTIALS: "~/.aws/credentials"}
# Source: os.path.expandvars.
_VARIABLE = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)
# What has settings of its own below it. The rest are texts.
_NESTED = frozenset({"api_versions", "s3", "s3api"})
_PATHS = frozenset({"ca_bundle", "proxy_ca_bundle", "proxy_client_cert"})
_SERVICES, _ENDPOINT, _REGION = "services", "endpoint_url", "region"
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
        region: empty where it names none. region_file: the file that names it.
        settings: texts by their keys, as they stand in a file. nested: such as those below `s3`.
        services: the endpoint of each service that has one of its own.
        unknown: keys that are neither a setting nor a way to credentials, as far as is known.
    """

    region: str = ""
    region_file: str = field(default="", compare=False)
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


def files(environ: Mapping[str, str], folder: Path) -> AwsFiles:
    """Where the two files lie, or would.

    Args:
        folder: what paths are relative to.

    Raises:
        ConfigError: where there is no telling whose home is meant.
    """
    return AwsFiles(
        config=_place(environ, folder, CONFIG), credentials=_place(environ, folder, CREDENTIALS)
    )


def read(environ: Mapping[str, str], folder: Path, variable: str) -> configparser.RawConfigParser:
    """What stands in a file; nothing where there is none, or no home in which it would lie.

    Raises:
        ConfigError: where it is no AWS file, or the variable names a home that nobody has.
    """
    try:
        path = _place(environ, folder, variable)
    except ConfigError:
        if environ.get(variable):
            raise
        return configparser.RawConfigParser()
    return parsed(path)


def own(environ: Mapping[str, str], folder: Path) -> OwnProfile:
    """The profile that the source is of; an empty one where no file has it.

    That it is missing is told by who looks for credentials in it.

    Args:
        folder: what paths are relative to, those in the files too.

    Raises:
        ConfigError: where a file is no AWS file, or there is no telling which one is meant.
    """
    names = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")  # in this order, as botocore has it
    name = next(filter(None, map(environ.get, names)), DEFAULT)
    config, stored = (read(environ, folder, variable) for variable in (CONFIG, CREDENTIALS))
    # Of several sections botocore takes the last.
    section = next((s for s in reversed(config.sections()) if profile_of(s) == name), "")
    beside_keys = _values(stored, name)
    values = _values(config, section) | beside_keys
    nested = {key: below(value) for key, value in values.items() if value.startswith("\n")}
    known = {key for key in values if key in (OF_PROFILES if key not in nested else _NESTED)}
    return OwnProfile(
        region=(region := values.get(_REGION, "")),
        region_file=region
        and str(_place(environ, folder, CREDENTIALS if _REGION in beside_keys else CONFIG)),
        settings={
            key: _absolute(values[key], environ, folder) if key in _PATHS else values[key]
            for key in sorted(known - nested.keys())
        },
        nested={key: _harmless(nested[key]) for key in sorted(known & nested.keys())},
        services=_services(config, values.get(_SERVICES, "")),
        unknown=tuple(
            key
            for key in values
            if key not in known and key != _SERVICES and not _CREDENTIALS.fullmatch(key)
        ),
    )


def _place(environ: Mapping[str, str], folder: Path, variable: str) -> Path:
    """Where botocore looks for the file of a variable: it reads `$NAME` and `~`."""
    name = environ.get(variable) or _USUAL[variable]
    path = _VARIABLE.sub(lambda found: environ.get(found[1] or found[2], found[0]), name)
    path = _at_home(path, environ)
    if path.startswith("~"):
        wrong = f"{name!r} names no home folder that is known; set HOME, or write a whole path"
        raise ConfigError([Problem(variable, wrong)])
    return folder.absolute() / path


def _at_home(path: str, environ: Mapping[str, str]) -> str:
    """With the home in place of `~`; unchanged where that is not known."""
    home = environ.get("HOME", "")
    if home and f"{path}/".startswith("~/"):
        return home + path[1:]
    try:
        return str(Path(path).expanduser())
    except RuntimeError:
        return path


def _absolute(path: str, environ: Mapping[str, str], folder: Path) -> str:
    """It means the same wherever the home and the working folder are."""
    return str(folder.absolute() / _at_home(path, environ))


def _values(parser: configparser.RawConfigParser, section: str) -> dict[str, str]:
    return dict(parser.items(section)) if parser.has_section(section) else {}


def _harmless(block: Mapping[str, str]) -> dict[str, str]:
    """An old SDK may take what is indented for a setting of the profile itself."""
    return {key: value for key, value in block.items() if not _CREDENTIALS.fullmatch(key)}


def _services(parser: configparser.RawConfigParser, name: str) -> dict[str, str]:
    sections = reversed(parser.sections() if name else [])
    section = next((s for s in sections if name_of(s, _SERVICES) == name), "")
    blocks = {
        key: below(value)
        for key, value in _values(parser, section).items()
        if value.startswith("\n")
    }
    return {key: block[_ENDPOINT] for key, block in blocks.items() if block.get(_ENDPOINT)}
