"""The AWS CLI's files as botocore reads them, and what is wrong with one that it refuses."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.configloader import build_profile_map, raw_config_parse
from botocore.exceptions import ConfigNotFound, ConfigParseError

from rolecall.aws_lines import AwsLines
from rolecall.errors import FileError, Problem
from rolecall.files import read_plain


def sections(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """What each section holds, its keys in lower case; nothing where there is no file.

    Raises:
        FileError: where botocore refuses it, and so the AWS CLI and boto3 every profile in it.
    """
    try:
        found: Mapping[str, Mapping[str, Any]] = raw_config_parse(str(path))
    except ConfigNotFound:
        return {}
    except ConfigParseError as error:
        raise FileError(str(refusal(error))) from None
    return found


def profile_of(header: str) -> str:
    """The profile that a section of the config file is of, `x` of `profile x`; empty for none."""
    return next(iter(build_profile_map({header: {}})["profiles"]), "")


def refusal(error: ConfigParseError) -> Problem:
    """The line that botocore does not read, and why. What stands there may be a secret."""
    path, cause = Path(error.kwargs["path"]), error.kwargs["error"]
    number, why = _mistake(path, cause)
    text = f"is no AWS file that the AWS CLI and boto3 can read: {why}"
    return Problem(f"{path}:{number}" if number else str(path), text)


def _mistake(path: Path, cause: Exception) -> tuple[int, str]:
    """The line, from 1, and what is wrong with it; 0 for the whole file."""
    number, why = 0, ""
    match cause:
        case configparser.DuplicateOptionError():
            number = cause.lineno or 0
            why = f"{cause.option} stands a second time in [{cause.section}]; leave one out"
        case configparser.DuplicateSectionError():
            number = cause.lineno or 0
            why = f"[{cause.section}] stands there a second time; make one section of both"
        case configparser.MissingSectionHeaderError(line=line) if line.startswith("\ufeff"):
            number, why = 1, "it begins with a byte-order mark; save it as UTF-8 without one"
        case configparser.MissingSectionHeaderError():
            number, why = cause.lineno, "the line stands below no [section]; put it below one"
        case configparser.ParsingError():
            number = cause.errors[0][0]
            why = "the line is neither [section] nor key = value; mend it"
        case UnicodeDecodeError():
            why = f"it is not {cause.encoding} text (byte {cause.start}); save it as UTF-8"
        case _:
            return _unnested(path)
    return number, why


def _unnested(path: Path) -> tuple[int, str]:
    why = "a line below a key without a value, such as `s3 =`, is no key = value; mend it"
    try:
        number = AwsLines(read_plain(path).decode()).unnested()
    except (OSError, ValueError):
        number = None
    return (0 if number is None else number + 1), why
