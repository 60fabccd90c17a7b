"""Stores a profile in the user's own AWS files; every other byte stays as it was."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Any

from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigNotFound, ConfigParseError
from filelock import AcquireReturnProxy, FileLock, Timeout

from rolecall.aws_files import CONFIG, CREDENTIALS, AwsFiles
from rolecall.aws_lines import AwsLines
from rolecall.aws_parsing import profile_of, refusal
from rolecall.errors import FileError
from rolecall.files import PRIVATE_FILE, make_folder, put, read_plain, remove_abandoned, staged
from rolecall.sessions.session import Session

_LOCK, _LOCK_SECONDS = ".rolecall.lock", 60
_KEY, _REGION = "aws_access_key_id", "region"
_TOKEN, _OLD_TOKEN = "aws_session_token", "aws_security_token"
# With one of these, SDKs would not use the keys, or refuse the profile.
_RIVALS = (
    "role_arn",
    "credential_process",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "sso_role_name",
    "login_session",
    "web_identity_token_file",
)
# What is said of keys that are there no more: an older name of the token, which botocore takes
# first; the account whose endpoints SDKs call; what saml2aws, aws-mfa and others note beside them.
_STALE = frozenset(
    {
        _OLD_TOKEN,
        "aws_account_id",
        "aws_expiration",
        "expiration",
        "x_principal_arn",
        "x_security_token_expires",
        "assumed_role",
        "assumed_role_arn",
    }
)
# Every section has what stands in it, as configparser has it.
_INHERITED = "DEFAULT"


def check(files: AwsFiles, profiles: Iterable[str]) -> None:
    """Raises FileError where `store` would, as far as that can be seen beforehand."""
    opened = _opened(files)
    for profile in profiles:
        for file, kind in opened:
            file.check(profile, kind)


def store(files: AwsFiles, profile: str, session: Session, *, region: str) -> None:
    """Makes `profile` hold the session's keys, and the region where one is known.

    Any number of processes may do so at once. Both files are made anew and read back before one
    is replaced.

    Raises:
        FileError: where a file is no plain one or no AWS file, can't be written, or would be read
            otherwise afterwards.
    """
    for path in (files.config, files.credentials):
        make_folder(path.parent)
    names = (_KEY, "aws_secret_access_key", _TOKEN)
    values = [secret.reveal() for secret in session.credentials.secrets()]
    keys = dict(zip(names, values, strict=True))
    with ExitStack() as stack:
        # Always in the same order, so that no two processes wait for each other.
        for folder in sorted({files.config.parent, files.credentials.parent}):
            stack.enter_context(_locked(folder))
        for path in (files.config, files.credentials):
            remove_abandoned(path)
        opened = _opened(files)
        for file, kind in opened:
            file.check(profile, kind)
            file.change(profile, kind, keys, region)
        ready = [
            (stack.enter_context(file.staged()), file) for file in dict(opened) if file.changed
        ]
        for new, file in ready:
            file.read_back(new)
        for new, file in ready:
            put(new, file.path)


def _opened(files: AwsFiles) -> list[tuple[_File, str]]:
    """Both files; where they are one, that one twice."""
    config = _File(files.config, CONFIG)
    if os.path.realpath(files.config) == os.path.realpath(files.credentials):
        return [(config, CONFIG), (config, CREDENTIALS)]
    credentials = _File(files.credentials, CREDENTIALS)
    return [(config, CONFIG), (credentials, CREDENTIALS)]


class _File:
    """A file as it is: its text, and what botocore reads in it; and what is to be changed.

    Raises:
        FileError: where it can't be read, or not all SDKs would read it alike.
    """

    def __init__(self, path: Path, variable: str) -> None:
        self.path, self._variable = path, variable
        self._refuse_link()
        self._text = self._now()
        self._read = _sections(path)
        self._lines = AwsLines(self._text)
        self._inherited = {entry.name for entry in self._lines.entries(_INHERITED)}
        self._changes: dict[str, dict[str, str]] = {}
        self._keys = False
        if self._lines.ambiguous is not None:
            raise FileError(
                f"{path}:{self._lines.ambiguous + 1} is a section to the AWS CLI or to other SDKs"
                " alone, so that keys could be taken for another profile's\n"
                "write each [section] at the beginning of a line of its own, and nothing like it"
                " elsewhere; end lines with LF"
            )

    def _refuse_link(self) -> None:
        if self.path.is_symlink():
            raise FileError(
                f"{self.path} is a symbolic link, which rolecall does not write through: a new file"
                " would take the link's place, and the keys would go wherever it leads\n"
                f"set {self._variable} to the file it points to: {self.path.resolve()}"
            )

    def _now(self) -> str:
        try:
            return read_plain(self.path).decode()
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise FileError(
                f"{self.path} cannot be read: {error.strerror}\n"
                f"set {self._variable} to a plain file that this user may read and write"
            ) from error
        except UnicodeDecodeError as error:
            raise FileError(f"{self.path} is not UTF-8 text (byte {error.start})") from None

    def check(self, profile: str, kind: str) -> None:
        """Raises FileError where stored keys would not be used, or others be lost."""
        for header in self._headers(profile, kind) or [_INHERITED]:
            held = self._read.get(header, dict.fromkeys(self._inherited, ""))
            for rival in filter(held.__contains__, _RIVALS):
                raise FileError(
                    f"{self._place(header, rival)} has {rival} in [{header}], which wins over"
                    " stored keys: remove it, or store the profile under another name"
                )
            if held.get(_KEY) and not (held.get(_TOKEN) or held.get(_OLD_TOKEN)):
                raise FileError(
                    f"{self._place(header, _KEY)} has long-lived keys in [{header}], which would be"
                    " lost: store the profile under another name, or remove them first"
                )
        for name in sorted(_STALE & self._inherited):
            raise FileError(
                f"{self._place(_INHERITED, name)} has {name} in [{_INHERITED}], which every profile"
                " inherits, and the stored one must not: remove it"
            )

    def _place(self, header: str, name: str) -> str:
        number = self._lines.place(header, name)
        if number is None:
            number = self._lines.place(_INHERITED, name)
        return str(self.path) if number is None else f"{self.path}:{number + 1}"

    def _headers(self, profile: str, kind: str) -> list[str]:
        """The sections of this profile. Of several SDKs take one or another, so all are changed."""
        if kind == CREDENTIALS:
            return [profile] if profile in self._read else []
        return [header for header in self._read if profile_of(header) == profile]

    def change(self, profile: str, kind: str, keys: Mapping[str, str], region: str) -> None:
        """This is to stand in the profile, and nothing that is said of other keys."""
        holds_keys = kind == CREDENTIALS
        new = profile if holds_keys or profile == "default" else f"profile {profile}"
        for header in self._headers(profile, kind) or ([new] if holds_keys or region else []):
            values = self._changes.setdefault(header, {})
            values.update(keys if holds_keys else {})
            # A region beside the keys wins over that of the config file.
            beside = _REGION in self._read.get(header, self._inherited)
            if region and (beside or not holds_keys):
                values[_REGION] = region
        self._keys = self._keys or holds_keys

    @property
    def changed(self) -> bool:
        return self._new_text() != self._text

    def _new_text(self) -> str:
        return self._lines.with_values(self._changes, without=_STALE)

    def staged(self) -> AbstractContextManager[Path]:
        """The changed file, beside the old one, with its owner and rights."""
        mode, owner = PRIVATE_FILE, None
        with suppress(FileNotFoundError):
            found = self.path.stat()
            mode, owner = stat.S_IMODE(found.st_mode), (found.st_uid, found.st_gid)
        if self._keys:  # others lose what rights they had
            mode &= ~(stat.S_IRWXG | stat.S_IRWXO)
        return staged(self.path, self._new_text().encode(), mode=mode, owner=owner)

    def read_back(self, new: Path) -> None:
        """Raises FileError where the changed file would not be read as the old one, but for this.

        That comes of a file in a form that nobody has thought of, or of another program that has
        written it meanwhile.
        """
        if self._now() != self._text:
            raise FileError(f"{self.path} was changed by another program just now: try again")
        read, expected = _tried(new), {name: dict(held) for name, held in self._read.items()}
        for header, values in self._changes.items():
            kept = {n: v for n, v in expected.get(header, {}).items() if n not in _STALE}
            expected[header] = kept | values
            if header not in self._read:
                passed_on = {n: v for n, v in read.get(header, {}).items() if n in self._inherited}
                expected[header] = passed_on | values
        if read != expected or list(read) != list(expected):
            raise FileError(
                f"{self.path} is left as it was: with this profile in it the AWS CLI would read"
                f" other profiles otherwise\nset {self._variable} to another file, and report this"
            )


def _sections(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """What botocore reads in each section, keys in lower case; nothing where there is no file.

    Raises:
        FileError: where botocore refuses it, and so the AWS CLI and boto3 every profile in it.
    """
    try:
        found: Mapping[str, Mapping[str, Any]] = raw_config_parse(str(path))
    except ConfigNotFound:
        return {}
    except ConfigParseError as error:
        raise FileError(str(refusal(path, error.kwargs["error"]))) from None
    return found


def _tried(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """What botocore reads in a file that it may refuse; nothing then."""
    try:
        return _sections(path)
    except FileError:
        return {}


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
