"""Stores a profile in the user's own AWS files; every other byte stays as it was."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

import configupdater
from filelock import AcquireReturnProxy, FileLock, Timeout

from rolecall.aws_files import AwsFiles, profile_of
from rolecall.errors import FileError
from rolecall.files import PRIVATE_FILE, make_folder, remove_abandoned, write_atomically
from rolecall.sessions.session import Session

_LOCK, _LOCK_SECONDS = ".rolecall.lock", 60
_KEY, _TOKEN, _OLD_TOKEN = "aws_access_key_id", "aws_session_token", "aws_security_token"
# With one of these in the config file, SDKs would not use the keys of the credentials file.
_RIVALS = (
    "role_arn",
    "credential_process",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "login_session",
    "web_identity_token_file",
)


def check(files: AwsFiles, profiles: Iterable[str]) -> None:
    """Raises FileError where `store` would, as far as that can be seen beforehand."""
    _refuse_links(files)
    config, stored = _read(files.config), _read(files.credentials)
    config_parsed = _parsed(files.config, config)
    stored_parsed = _parsed(files.credentials, stored)
    for profile in profiles:
        _check_rivals(files.config, config_parsed, profile, in_config=True)
        _check_rivals(files.credentials, stored_parsed, profile, in_config=False)


def store(files: AwsFiles, profile: str, session: Session, *, region: str) -> None:
    """Makes `profile` hold the session's keys, and the region where one is known.

    Any number of processes may do so at once. Both files are checked before one is written.

    Raises:
        FileError: where a file is a symlink, is no INI file, or can't be written.
    """
    for path in (files.config, files.credentials):
        make_folder(path.parent)
    keys = session.credentials
    values = {
        _KEY: keys.access_key_id.reveal(),
        "aws_secret_access_key": keys.secret_access_key.reveal(),
        _TOKEN: keys.session_token.reveal(),
    }
    with ExitStack() as locks:
        # Always in the same order, so that no two processes wait for each other.
        for folder in sorted({files.config.parent, files.credentials.parent}):
            locks.enter_context(_locked(folder))
        for path in (files.config, files.credentials):
            remove_abandoned(path)
        check(files, [profile])
        if region:
            config = _read(files.config)
            changed = _with(config, profile, {"region": region}, in_config=True)
            if changed != config:
                write_atomically(files.config, changed.encode(), mode=_mode(files.config))
        changed = _with(_read(files.credentials), profile, values, in_config=False)
        # Keys may be in here from now on, so others lose what rights they had.
        mode = _mode(files.credentials) & ~(stat.S_IRWXG | stat.S_IRWXO)
        write_atomically(files.credentials, changed.encode(), mode=mode)


def _sections(updater: configupdater.ConfigUpdater, profile: str, *, in_config: bool) -> list[str]:
    """The headers that SDKs take for this profile: `[profile x]`, `[profile "x"]` and the like."""
    of = profile_of if in_config else str
    return [name for name in updater.sections() if of(name) == profile]


def _locked(folder: Path) -> AcquireReturnProxy[FileLock]:
    lock = FileLock(folder / _LOCK, timeout=_LOCK_SECONDS, mode=PRIVATE_FILE)
    try:
        return lock.acquire()
    except Timeout:
        raise FileError(
            f"{folder} is locked by another process for over {_LOCK_SECONDS} s: end it, or remove"
            f" {lock.lock_file}"
        ) from None
    except OSError as error:
        raise FileError(f"{folder} cannot be locked: {error.strerror}") from error


def _mode(path: Path) -> int:
    with suppress(FileNotFoundError):
        return stat.S_IMODE(path.stat().st_mode)
    return PRIVATE_FILE


def _refuse_links(files: AwsFiles) -> None:
    for variable, path in (
        ("AWS_CONFIG_FILE", files.config),
        ("AWS_SHARED_CREDENTIALS_FILE", files.credentials),
    ):
        if path.is_symlink():
            raise FileError(
                f"{path} is a symbolic link, which rolecall does not write through: a new file"
                " would take the link's place, and the keys would go wherever it leads\n"
                f"set {variable} to the file it points to: {path.resolve()}"
            )


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8 text (byte {error.start})") from None


def _parsed(path: Path | None, text: str) -> configupdater.ConfigUpdater:
    updater = configupdater.ConfigUpdater(
        strict=False, allow_no_value=True, inline_comment_prefixes=None
    )
    updater.optionxform = str  # type: ignore[method-assign,assignment]
    try:
        updater.read_string(text)
    except (configupdater.ParsingError, configupdater.MissingSectionHeaderError) as error:
        raise FileError(
            f"{path or 'file'} is no AWS file: {' '.join(str(error).split())}"
        ) from None
    return updater


def _check_rivals(
    path: Path, updater: configupdater.ConfigUpdater, profile: str, *, in_config: bool
) -> None:
    for section in _sections(updater, profile, in_config=in_config):
        for rival in _RIVALS:
            if updater.has_option(section, rival):
                raise FileError(
                    f"{path} has {rival} in [{section}], which wins over stored keys: remove it,"
                    " or store the profile under another name"
                )
        if updater.has_option(section, _KEY) and not any(
            updater.has_option(section, token) for token in (_TOKEN, _OLD_TOKEN)
        ):
            raise FileError(
                f"{path} has long-lived keys in [{section}], which would be lost: store the"
                " profile under another name, or remove them first"
            )


def _with(text: str, profile: str, values: dict[str, str], *, in_config: bool) -> str:
    """The text with these values in the profile: changed where they stand, else added."""
    if "\n" in text and text.count("\r\n") == text.count("\n"):
        changed = _with(text.replace("\r\n", "\n"), profile, values, in_config=in_config)
        return changed.replace("\n", "\r\n")
    updater = _parsed(None, text)
    there = _sections(updater, profile, in_config=in_config)
    if not there:
        section = f"profile {profile}" if in_config and profile != "default" else profile
        blank = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        lines = [f"[{section}]", *(f"{key} = {value}" for key, value in values.items()), ""]
        return text + blank + "\n".join(lines)
    for key, value in values.items():
        updater.set(there[-1], key, value)
    # An older name of the token, which botocore would take first.
    if _TOKEN in values:
        updater.remove_option(there[-1], _OLD_TOKEN)
    return str(updater)
