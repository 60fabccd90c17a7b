"""What a run would do, as data: `plan` gives it, people approve it, `run --plan` reads it.

The schema is in docs/plan.schema.json. `version` rises when a field changes its meaning or goes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import rolecall
from rolecall.errors import FileError
from rolecall.files import make_folder, read_plain, write_atomically
from rolecall.secret import Mask
from rolecall.settings import Settings
from rolecall.settings.amounts import Amount
from rolecall.settings.documents import Commands
from rolecall.targets import Target
from rolecall.targets.model import SessionOptions

VERSION = 1
READABLE = 0o644
FOLDER = 0o755
COMMANDS = ("commands", "before", "after")
# What decides how commands run and how far a failure goes. How long AWS is asked and what is
# logged is no part of a plan, nor is how many builds share it.
OPTIONS = (
    "shell",
    "preflight",
    "max_parallel",
    "on_failure",
    "max_failures",
    "failures_per",
    "concurrency_mode",
    "region_concurrency",
    "workspace",
)
# The session's name tells of the build that runs, which is another one than the build that planned.
SESSION = tuple(item.name for item in fields(SessionOptions) if item.name != "session_name")

_WRITE = "`rolecall plan --out FILE` writes one"

Record = Mapping[str, Any]


def record(
    settings: Settings,
    targets: Sequence[Target],
    mask: Mask,
    *,
    only: Sequence[str],
    salt: str = "",
) -> dict[str, Any]:
    """What would be done to the targets, which are those that `only` leaves of all.

    A variable's value may be a secret, so it is there as a digest; a text with a secret in it has
    one behind it, so that it is the same as itself alone.

    Args:
        salt: of the digests; by default a new one.
    """
    salt = salt or secrets.token_hex(16)
    found = {
        "version": VERSION,
        "rolecall": rolecall.__version__,
        "salt": salt,
        "only": sorted(only),
        **{name: commands_record(getattr(settings, name)) for name in COMMANDS},
        "options": {name: _plain(getattr(settings, name)) for name in OPTIONS},
        "targets": [target_record(target, salt) for target in targets],
    }
    veiled: dict[str, Any] = _veiled(found, mask, salt)
    return veiled


def write(path: Path, found: Record) -> None:
    """Writes a plan, whole or not at all.

    Raises:
        FileError: where it can't be written.
    """
    make_folder(path.parent, FOLDER)
    write_atomically(path, encoded(found), mode=READABLE)


def encoded(found: Record) -> bytes:
    """A plan as JSON, a target a line."""
    lines = [f'"{key}":{_json(found[key]).decode()}' for key in sorted(found) if key != "targets"]
    targets = ",\n".join(_json(target).decode() for target in found["targets"])
    lines.append(f'"targets":[\n{targets}\n]')
    return ("{" + ",\n".join(lines) + "}\n").encode()


def read(path: Path) -> Record:
    """A plan that was written.

    Raises:
        FileError: where it can't be read or is none.
    """
    try:
        found = json.loads(read_plain(path))
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}; {_WRITE}") from None
    except (ValueError, RecursionError):
        raise FileError(f"{path} is no plan: it is not JSON, or was cut off; {_WRITE}") from None
    if isinstance(found, dict) and "results" in found:
        raise FileError(f"{path} is the report of a run, and no plan: {_WRITE}")
    if not isinstance(found, dict) or "version" not in found:
        raise FileError(f"{path} is no plan: {_WRITE}")
    if found["version"] != VERSION:
        raise FileError(
            f"{path} is a plan of version {found['version']!r}, and this rolecall reads"
            f" {VERSION}: plan again with the rolecall that is to run it"
        )
    if not _whole(found):
        raise FileError(f"{path} is no whole plan, or was changed by hand: {_WRITE}")
    return found


def _whole(found: Record) -> bool:
    """Whether every part is there, of the shape that `record` gives it."""
    try:
        return (
            isinstance(found["salt"], str)
            and all(isinstance(word, str) for word in found["only"])
            and all(isinstance(item, str) for name in COMMANDS for item in found[name]["items"])
            and all("listed" in found[name] for name in COMMANDS)
            and set(OPTIONS) <= found["options"].keys()
            and all(
                isinstance(target["variables"], dict)
                and isinstance(target["name"], str)
                and {"account_id", "role_arn", "regions", "wave", *SESSION} <= target.keys()
                for target in found["targets"]
            )
        )
    except (KeyError, TypeError, AttributeError):
        return False


def commands_record(commands: Commands) -> dict[str, Any]:
    """What is run, as data."""
    return {"items": list(commands.items), "listed": commands.listed}


def commands_digest(settings: Settings, mask: Mask) -> str:
    """Of what is run, as reports show it: what is masked there can't be guessed by this either."""
    shown = _json(mask.values([commands_record(settings.commands), settings.shell]))
    return hashlib.sha256(shown).hexdigest()[:16]


def target_record(target: Target, salt: str) -> dict[str, Any]:
    """Whom it is done to and as whom, as data; values of variables as digests."""
    return {
        "name": target.name,
        "account_id": target.account_id,
        "role_arn": target.role.text,
        "regions": list(target.regions),
        "wave": target.wave,
        "variables": {name: _digest(value, salt) for name, value in _variables(target)},
        **{name: _plain(getattr(target.session, name)) for name in SESSION},
    }


def _veiled(data: Any, mask: Mask, salt: str) -> Any:
    if isinstance(data, str):
        shown = mask.values(data)
        return data if shown == data else f"{shown} #{_digest(data, salt)[:16]}"
    if isinstance(data, Mapping):
        return {key: _veiled(value, mask, salt) for key, value in data.items()}
    return [_veiled(value, mask, salt) for value in data] if isinstance(data, list) else data


def _digest(text: str, salt: str) -> str:
    return hmac.digest(salt.encode(), text.encode(errors="replace"), "sha256").hex()


def _variables(target: Target) -> Iterator[tuple[str, str]]:
    yield from target.variables
    for region, pairs in target.region_variables:
        for name, value in pairs:
            yield f"{name} in {region}", value


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return str(value) if isinstance(value, Amount) else value


def _json(data: Any) -> bytes:
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace")
