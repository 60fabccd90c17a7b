"""A folder of its own per target, with an AWS profile only its commands see."""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rolecall.errors import FileError
from rolecall.files import create, make_folder, write_atomically
from rolecall.sessions.session import Session

REFRESHING, STATIC = "refreshing", "static"


@contextmanager
def private_root(environ: Mapping[str, str]) -> Iterator[Path]:
    """A temporary folder for a run's secrets (0700), removed at the end, however the run ends.

    It is where TMPDIR says, else in /tmp or /var/tmp; never, as Python would, in the working
    folder, which builds keep and upload.

    Raises:
        FileError: where none of them can be written.
    """
    root = _make_root([environ["TMPDIR"]] if environ.get("TMPDIR") else ["/tmp", "/var/tmp"])  # noqa: S108
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _make_root(parents: Sequence[str]) -> Path:
    reasons = []
    for parent in parents:
        try:
            return Path(tempfile.mkdtemp(prefix="rolecall-", dir=Path(parent).absolute()))
        except OSError as error:
            reasons.append(f"{parent} ({error.strerror})")
    raise FileError(
        f"no folder for the credentials of the targets: cannot write {' nor '.join(reasons)}; set"
        " TMPDIR to a folder that this user may write, or mount one (docker run --tmpfs /tmp)"
    )


class PrivateProfile:
    """One target's profile in one region.

    With `refreshing`, the profile's `credential_process` reads a file that `renew` replaces; every
    SDK reads it again when its credentials run out.
    Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
    """

    def __init__(self, folder: Path, name: str, *, region: str, mode: str) -> None:
        self.folder, self.name, self._region, self._mode = folder, name, region, mode
        self._config, self._credentials = folder / "config", folder / "credentials"
        self._current = folder / "session.json"

    def write(self, session: Session) -> None:
        """Makes the files, with this session's credentials.

        Raises:
            FileError: where they can't be made.
        """
        make_folder(self.folder)
        lines = [f"[profile {self.name}]", f"region = {self._region}"]
        if self._mode == STATIC:
            create(self._credentials, _section(self.name, session))
        else:
            lines.append(f"credential_process = cat {shlex.quote(str(self._current))}")
            create(self._current, _document(session))
            create(self._credentials, b"")
        create(self._config, "\n".join([*lines, ""]).encode())

    def renew(self, session: Session) -> None:
        """Makes a session the one that a refreshing profile gives, in one step.

        Raises:
            FileError: where it can't be written; the profile is as before.
        """
        write_atomically(self._current, _document(session), durable=False)

    def variables(self) -> dict[str, str]:
        """What points the AWS CLI and every SDK at this profile."""
        return {
            "AWS_PROFILE": self.name,
            "AWS_CONFIG_FILE": str(self._config),
            "AWS_SHARED_CREDENTIALS_FILE": str(self._credentials),
        }

    def remove(self) -> None:
        """Removes the folder, whatever the commands have put there."""
        try:
            for path in self.folder.iterdir():
                path.unlink()
            self.folder.rmdir()
        except OSError:
            shutil.rmtree(self.folder, ignore_errors=True)


def _document(session: Session) -> bytes:
    keys = session.credentials
    document = {
        "Version": 1,
        "AccessKeyId": keys.access_key_id.reveal(),
        "SecretAccessKey": keys.secret_access_key.reveal(),
        "SessionToken": keys.session_token.reveal(),
        "Expiration": session.expiration().isoformat(timespec="seconds"),
    }
    return json.dumps(document).encode()


def _section(name: str, session: Session) -> bytes:
    keys = session.credentials
    return (
        f"[{name}]\n"
        f"aws_access_key_id = {keys.access_key_id.reveal()}\n"
        f"aws_secret_access_key = {keys.secret_access_key.reveal()}\n"
        f"aws_session_token = {keys.session_token.reveal()}\n"
    ).encode()
