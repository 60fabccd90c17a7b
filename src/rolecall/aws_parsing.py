"""AWS files read as botocore reads them, without botocore, which takes long to import.

Source: botocore.configloader; a test compares the two.
"""

from __future__ import annotations

import configparser
import io
import shlex
from pathlib import Path

from rolecall.aws_lines import AwsLines
from rolecall.errors import ConfigError, Problem
from rolecall.files import read_plain

DEFAULT = "default"


def parsed(path: Path) -> configparser.RawConfigParser:
    """A file of AWS's; one without sections where there is none that may be read.

    Raises:
        ConfigError: where botocore refuses it, and so the AWS CLI and boto3 every profile in it.
    """
    parser = configparser.RawConfigParser()
    try:
        # In the encoding of the locale, with any end of lines, as `open` has it for botocore.
        parser.read_file(io.TextIOWrapper(io.BytesIO(read_plain(path))))
        for section in parser.sections():
            for value in parser[section].values():
                if value.startswith("\n"):
                    below(value)
    except OSError:
        return configparser.RawConfigParser()
    except (configparser.Error, ValueError) as error:
        raise ConfigError([refusal(path, error)]) from None
    return parser


def below(value: str) -> dict[str, str]:
    """The settings of a block such as `s3 =`, `key = value` a line.

    Raises:
        ValueError: where a line is none such.
    """
    pairs = (line.split("=", 1) for line in value.splitlines() if line.strip())
    return {key.strip(): text.strip() for key, text in pairs}


def profile_of(header: str) -> str:
    """The profile that a section of a config file is of, `x` of `profile x`; empty for none."""
    return header if header == DEFAULT else name_of(header, "profile")


def name_of(header: str, kind: str) -> str:
    """What a section of a kind is called, `x` of `services x`; empty for one of another kind."""
    try:
        words = shlex.split(header) if header.startswith(kind) else []
    except ValueError:
        return ""
    return words[1] if len(words) == 2 else ""  # noqa: PLR2004


def refusal(path: Path, cause: Exception) -> Problem:
    """The line that botocore does not read, and why. What stands there may be a secret.

    Args:
        cause: what configparser raised, or whatever read its values.
    """
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
            why = f"it is not {cause.encoding.upper()} text (byte {cause.start}); save it as UTF-8"
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
