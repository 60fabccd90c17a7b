"""AWS files as people have them, and how clients other than botocore read them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Read = dict[str, dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A user's two files, of which one that is None is not there.

    Attributes:
        profile: the one that is stored.
        refused: what the message says where nothing is changed; empty where it is stored.
        unseen: the SDK for JavaScript does not find the profile's region in the config file.
    """

    config: str | None = ""
    credentials: str | None = ""
    profile: str = "client"
    refused: str = ""
    unseen: bool = False


KEYS = "aws_access_key_id = ASIAOLD0000000000000\naws_secret_access_key = old\n"
OLD = f"{KEYS}aws_session_token = old\n"
OTHER = "[other]\naws_access_key_id = AKIAOTHER00000000000\naws_secret_access_key = other\n"
OTHERS = "[default]\nregion = eu-west-1\n\n[profile other]\nregion = eu-west-2\noutput = text\n"
NESTED = "s3 =\n  max_concurrent_requests = 20\n  addressing_style = path\n"
SSO = """
[profile sso]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = read

[sso-session corp]
sso_region = eu-central-1
sso_start_url = https://corp.awsapps.com/start

[services local]
dynamodb =
  endpoint_url = http://localhost:8000

[profile local]
services = local
"""
CASES: Mapping[str, Case] = {
    "none": Case(config=None, credentials=None),
    "empty": Case(),
    "blank lines alone": Case(config="\n\n", credentials="  \n\t\n"),
    "comments alone": Case(config="# mine", credentials="; mine\n# [client]\n"),
    "upper case": Case(
        config="[profile client]\nREGION = eu-west-3\nOutput = text\n",
        credentials=f"[client]\n{OLD.replace('aws_', 'AWS_')}{OTHER}",
    ),
    "mixed case": Case(
        config=f"[profile client]\nRegion=eu-west-3\n{OTHERS}",
        credentials="[client]\nAws_Access_Key_Id: ASIAOLD0000000000000\n"
        f"AWS_Secret_Access_Key:old\nAws_Session_Token : old\n{OTHER}",
    ),
    "case differs among what is kept": Case(
        config="[profile client]\nS3 =\n  Addressing_Style = path\nREGION = a\n",
    ),
    "comments everywhere": Case(
        config="# first\n[profile client] # mine\n; above\nregion = eu-west-3 ; below\n# after\n\n"
        f"# of the next\n{OTHERS}",
        credentials=f"{OTHER}# between\n[client] ; why\n# keys\n{OLD}# end",
    ),
    "nested blocks": Case(
        config=f"[profile client]\n{NESTED}region = eu-west-3\n\n[profile other]\n{NESTED}",
        credentials=OTHER,
    ),
    "a nested block and no region yet": Case(
        config=f"[profile other]\n{NESTED}[profile client]\n{NESTED}",
    ),
    "indented": Case(
        config=f"[profile client]\n  output = text\n  region = eu-west-3\n{OTHERS}",
        credentials="[client]\n"
        + "".join(f"    {line}\n" for line in [*OLD.splitlines(), "region = x"])
        + OTHER,
    ),
    "indented, and no region yet": Case(
        config="[profile client]\n\toutput = text\n\tcli_pager =\n\tretry_mode = standard\n",
        credentials=f"  [client]\n   {OLD}",
    ),
    "an indented nested block": Case(
        config="[profile client]\n  output = text\n  s3 =\n    addressing_style = path\n"
        "  retry_mode = standard\n",
    ),
    "a nested block first, indented": Case(
        config="[profile client]\n  s3 =\n    addressing_style = path\n",
    ),
    "sso, services and an end without a newline": Case(
        config=SSO.rstrip("\n"), credentials=OTHER.rstrip("\n")
    ),
    "its own end without a newline": Case(
        config="[profile client]\noutput = text", credentials=f"{OTHER}[client]\n{OLD.rstrip()}"
    ),
    "blanks in the brackets": Case(
        config="[ profile client ]\nregion = eu-west-3\n[profile other]\nregion = x\n",
        credentials="[ client ]\naws_access_key_id = AKIABLANK00000000000\n"
        "aws_secret_access_key = blank\n",
    ),
    "blanks between the words": Case(
        config="[profile   client]\nregion = eu-west-3\n[profile\tother]\nregion = x\n", unseen=True
    ),
    "a blank before the bracket": Case(config="[profile client ]\nregion = x\n", unseen=True),
    "quotes": Case(config="[profile \"client\"]\nregion = x\n[profile 'other']\nregion = y\n"),
    "quotes around a blank": Case(
        config='[profile "a b"]\nregion = x\n', credentials="[a b]\nk=v\n"
    ),
    "two sections of one profile": Case(
        config='[profile client]\nregion = x\n[profile "client"]\nregion = y\noutput = text\n'
    ),
    "default before profile default": Case(
        config="[default]\nregion = x\n[profile default]\nregion = y\n", profile="default"
    ),
    "profile default before default": Case(
        config="[profile default]\nregion = y\n[default]\nregion = x\n", profile="default"
    ),
    "profile default alone": Case(config="[profile default]\noutput = text\n", profile="default"),
    "default in both": Case(
        config=OTHERS, credentials=f"[default]\n{OLD}{OTHER}", profile="default"
    ),
    "CRLF": Case(
        config=f"[profile client]\n{NESTED}{OTHERS}".replace("\n", "\r\n"),
        credentials=f"[client]\n{OLD}{OTHER}".replace("\n", "\r\n"),
    ),
    "CRLF and LF": Case(
        config=f"[profile client]\r\nregion = x\n{OTHERS}",
        credentials=f"[client]\n{OLD}\r\n{OTHER}",
    ),
    "tabs and colons": Case(
        config="[profile client]\nregion:x\noutput\t=\ttext\n[profile other]\n\tregion\t:\ty\n",
        credentials=f"[client]\naws_access_key_id\t:\tA\naws_session_token:t\n{OTHER}",
    ),
    "values over several lines": Case(
        config="[profile client]\nnote = one\n  two\n\n  three = 3\nregion = eu-\n  west-3\n",
        credentials=f"{OTHER}note = one\n  # not of it\n  two\n[client]\n{OLD}",
    ),
    "empty values": Case(
        config="[profile client]\nregion =\noutput =\n[profile other]\nregion =\n",
        credentials="[client]\naws_access_key_id =\naws_session_token =\n",
    ),
    "what goes with other keys": Case(
        config="[profile client]\nAWS_Account_Id = 999999999999\noutput = text\n",
        credentials=f"[client]\n{OLD}aws_security_token = old\naws_account_id = 999999999999\n"
        "x_principal_arn = arn:aws:sts::999999999999:assumed-role/a/b\nregion = x\n"
        f"X_Security_Token_Expires = 2020-01-01\nexpiration = 2020-01-01\n{OTHER}",
    ),
    "beyond ASCII": Case(
        config="[profile jörg]\nregion = x\n# äöü 🦆\n", credentials="[jörg]\nnote = é\u2028ü\x0b\n"
    ),
    "DEFAULT in capitals": Case(
        config="[DEFAULT]\noutput = json\nregion = x\n[profile other]\nregion = y\n",
        credentials=f"[DEFAULT]\nnote = x\n[client]\n{OLD}",
    ),
    # What is refused.
    "a byte-order mark": Case(config=f"\ufeff{OTHERS}", refused="config:1: is no AWS file"),
    "a key twice": Case(
        credentials=f"[other]\nregion = a\nregion = b\n[client]\n{OLD}",
        refused="credentials:3: is no AWS file that the AWS CLI and boto3 can read: region stands",
    ),
    "a key twice, in two cases": Case(
        credentials=f"[client]\n{OLD}AWS_ACCESS_KEY_ID = x\n",
        refused="credentials:5: is no AWS file that the AWS CLI and boto3 can read: aws_access_key",
    ),
    "a section twice": Case(config=OTHERS + OTHERS, refused="config:7: is no AWS file"),
    "a key without a value": Case(config=f"{OTHERS}cli_pager\n", refused="config:7: is no AWS fil"),
    "a line above the first section": Case(
        credentials="aws_secret_access_key = topEXAMPLE\n", refused="credentials:1: is no AWS file"
    ),
    "a nested line without a value": Case(
        config="[profile other]\noutput = text\n  more\ns3 =\n  a = b\n  path\n",
        refused="config:6: is no AWS file",
    ),
    "bytes that are no text": Case(credentials="[a]\nb = \udcff\n", refused="is not UTF-8 text"),
    "line ends of old Macs": Case(
        config="[default]\rregion = x\r", refused="config:1 is a section"
    ),
    "a section among a value's lines": Case(
        credentials=f"{OTHER}note = a\n  [client]\naws_session_token = old\n",
        refused="credentials:5 is a section to the AWS CLI or to other SDKs alone",
    ),
    "a word behind a section": Case(
        credentials=f"{OTHER}[client] mine\n{OLD}", refused="credentials:4 is a section"
    ),
    "a rival in capitals": Case(
        config="[profile client]\nROLE_ARN = x\n",
        refused="config:2 has role_arn in [profile client]",
    ),
    "a rival for every profile": Case(
        config="[DEFAULT]\ncredential_process = x\n",
        refused="config:2 has credential_process in [DE",
    ),
    "long-lived keys in capitals": Case(
        credentials=f"{OTHER}[client]\n{KEYS.upper()}", refused="credentials:5 has long-lived keys"
    ),
    "long-lived keys with an empty token": Case(
        credentials=f"[client]\n{KEYS}aws_session_token =\n",
        refused="has long-lived keys in [client]",
    ),
    "another account for every profile": Case(
        credentials="[DEFAULT]\naws_account_id = 9\n",
        refused="credentials:2 has aws_account_id in [D",
    ),
}


def written(folder: Path, case: Case) -> tuple[Path, Path]:
    """The case's two files in a new folder."""
    folder.mkdir(parents=True)
    paths = folder / "config", folder / "credentials"
    for path, text in zip(paths, (case.config, case.credentials), strict=True):
        if text is not None:
            path.write_bytes(text.encode(errors="surrogateescape"))
    return paths


def read_by_cli(python: str, folders: Sequence[Path]) -> list[dict[str, Any]]:
    """What an AWS CLI, by its Python, makes of the files in each folder, all in one process.

    Of each: `refused`, or its `profiles` with their values, `keys` and `rest`.
    """
    return _answer([python, str(Path(__file__).with_name("read_by_cli.py"))], folders)


def read_by_javascript(folder: Path, folders: Sequence[Path]) -> list[dict[str, Any]]:
    """What the SDK for JavaScript makes of them: `config` and `credentials`, and `keys`."""
    return _answer(["node", str(folder / "profiles.mjs")], folders)


def _answer(words: Sequence[str], folders: Sequence[Path]) -> list[dict[str, Any]]:
    done = subprocess.run(
        words,
        input=json.dumps([str(folder) for folder in folders]),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def parse_ini(text: str) -> Read:
    """What the SDK for JavaScript reads in a file, for tests that cannot start it each time.

    Source: parseIni of @smithy/core 3; a test compares the two.
    """
    found: Read = {}
    section = nested = ""
    for line in re.split(r"\r?\n", text):
        content = re.split(r"(?:^|\s)[;#]", line, maxsplit=1)[0].strip()
        if content[:1] == "[" and content[-1:] == "]":
            nested, section = "", _section(content[1:-1])
            continue
        name, sign, value = (part.strip() for part in content.partition("="))
        if not section or not name or not sign:
            continue
        if not value:
            nested = name
            continue
        if line == line.lstrip():
            nested = ""
        found.setdefault(section, {})[f"{nested}.{name}" if nested else name] = value
    return found


def _section(head: str) -> str:
    match = re.fullmatch(r"""([\w-]+)\s(["'])?([\w@+.%:/-]+)(?(2)\2)""", head, re.ASCII)
    if not match:
        return head
    return f"{match[1]}.{match[3]}" if match[1] in ("profile", "sso-session", "services") else ""
