"""A folder of its own per target, with an AWS profile only its commands see."""

from __future__ import annotations

import json
import os
import shlex
import stat
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolecall.aws_files import OwnProfile
from rolecall.aws_parsing import DEFAULT
from rolecall.errors import FileError
from rolecall.files import create, new_folder, remove_folder, write_atomically
from rolecall.profiles.home import AWS
from rolecall.secret import Secret
from rolecall.sessions.session import Session

if TYPE_CHECKING:
    from rolecall.profiles.endpoint import Endpoint, Offer

REFRESHING, STATIC = "refreshing", "static"
ENDPOINT, ENVIRONMENT = "endpoint", "environment"
UNRENEWED = frozenset({STATIC, ENVIRONMENT})  # commands have one session, and no other after it
# In place of /etc/boto.cfg and ~/.boto. boto 2 knows no other way to leave the metadata service be.
_BOTO = b"[Boto]\nmetadata_service_num_attempts = 0\n"
# In place of ~/.s3cfg. s3cmd knows no variable that leaves the metadata service be: with no keys,
# or a session's in a file, it takes the machine's. AWS refuses these, and says them.
_S3CMD = b"[default]\naccess_key = set-PROFILE_MODE-to-environment\nsecret_key = none\n"


@contextmanager
def private_root(environ: Mapping[str, str], *, near: Path | None = None) -> Iterator[Path]:
    """A temporary folder for a run's secrets (0700), removed at the end, however the run ends.

    It is where TMPDIR says, else in /tmp or /var/tmp; never, as Python would, in the working
    folder, which builds keep and upload.

    Args:
        near: a folder on whose file system it is to be, where one of those is.

    Raises:
        FileError: where none of them can be written, or another user could put a folder of theirs
            in its place.
    """
    usual = ["/tmp", "/var/tmp"]  # noqa: S108  the name in it is made up by chance, its mode 0700
    parents = [environ["TMPDIR"]] if environ.get("TMPDIR") else usual
    if near:
        parents.sort(key=lambda parent: not _on_one_disk(Path(parent), near))
    root = _make_root(parents)
    try:
        yield root
    finally:
        remove_folder(root)


def _make_root(parents: Sequence[str]) -> Path:
    reasons = []
    for parent in parents:
        try:
            folder = Path(parent).resolve(strict=True)
            if shared := next(filter(_is_shared, (folder, *folder.parents)), None):
                why = f"every user may replace what is in {shared}; chmod +t it"
                reasons.append(f"{parent} ({why})")
            else:
                return Path(tempfile.mkdtemp(prefix="rolecall-", dir=folder))
        except OSError as error:
            reasons.append(f"{parent} ({error.strerror})")
    raise FileError(
        f"no folder for the credentials of the targets: cannot write {' nor '.join(reasons)}; set"
        " TMPDIR to a folder that this user may write, or mount one (docker run --tmpfs /tmp)"
    )


def _is_shared(folder: Path) -> bool:
    """Whether every user may rename what others have put there, as the sticky bit forbids."""
    mode = folder.stat().st_mode
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX


def _on_one_disk(folder: Path, other: Path) -> bool:
    try:
        return folder.stat().st_dev == other.stat().st_dev
    except OSError:
        return False


class PrivateProfile(ABC):
    """One target's profile in one region.

    Attributes:
        named: whether a variable names the profile. After a named profile without credentials an
            SDK need not look further.
        renews: whether `renew` has another session given to commands that run.
        home: a folder in its own, which may become the home of the commands.
        config, credentials: its files, where they lie in a home folder.

    Args:
        own: what the source's profile has beside credentials, which holds for the commands too.
    """

    named = True
    renews = False

    def __init__(self, folder: Path, name: str, *, region: str, own: OwnProfile) -> None:
        self.folder, self.name, self.region = folder, name, region
        self._own = own
        self.home = folder / "home"
        self.config, self.credentials = (self.home / AWS / n for n in ("config", "credentials"))
        self._boto, self._s3cmd = folder / "boto.cfg", folder / "s3cmd.cfg"

    def write(self, session: Session) -> None:
        """Makes the files, with this session's credentials.

        Raises:
            FileError: where they can't be made, or nobody can be served.
        """
        for folder in (self.folder, self.home, self.home / AWS):
            new_folder(folder)
        create(self._boto, _BOTO)
        create(self._s3cmd, _S3CMD)
        self._write(session)

    def renew(self, session: Session) -> None:
        """Makes a session the one that the profile gives, in one step.

        Raises:
            FileError: where it can't be written; the profile is as before.
        """
        raise NotImplementedError

    def variables(self) -> dict[str, str]:
        """What points the AWS CLI and every SDK at this profile, and away from others' files."""
        found = {
            "AWS_CONFIG_FILE": str(self.config),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.credentials),
            "AWS_CREDENTIAL_PROFILES_FILE": str(self.credentials),  # as Java's SDK called it once
            "BOTO_CONFIG": str(self._boto),
            "MINIO_SHARED_CREDENTIALS_FILE": os.devnull,
            "S3CMD_CONFIG": str(self._s3cmd),
        }
        return found | ({"AWS_PROFILE": self.name} if self.named else {})

    def settings(self) -> dict[str, str]:
        """The source's own settings as variables, where no profile is named that has them."""
        return {} if self.named else self._own.variables()

    def secrets(self) -> tuple[Secret, ...]:
        """What of the variables, beside the session's keys, is never to be shown."""
        return ()

    def remove(self) -> None:
        """Removes the folder, whatever the commands have put there."""
        remove_folder(self.folder)

    @abstractmethod
    def _write(self, session: Session) -> None: ...

    def _write_files(self, *, config: str = "", credentials: str = "") -> None:
        """The two files.

        Args:
            config: what the profile's section has there, beside a region. credentials: the other.
        """
        text = f"region = {self.region}\n{config}{self._own.section()}"
        left = "" if self.named else self._own.section(left=True)
        if self.name != DEFAULT:
            text = f"[profile {self.name}]\n{text}" + (f"[{DEFAULT}]\n{left}" if left else "")
        else:
            text = f"[{DEFAULT}]\n{text if self.named else left}" if self.named or left else ""
        create(self.config, (text + self._own.services_section()).encode())
        create(self.credentials, credentials.encode())


class StaticProfile(PrivateProfile):
    """Holds the keys themselves."""

    def _write(self, session: Session) -> None:
        self._write_files(credentials=f"[{self.name}]\n{_keys(session)}")


class EnvironmentProfile(PrivateProfile):
    """Holds nothing: the keys are variables, for tools that know no other way."""

    named = False

    def variables(self) -> dict[str, str]:
        found = super().variables()
        del found["S3CMD_CONFIG"]  # its keys would go before the variables
        return found | self._variables

    def _write(self, session: Session) -> None:
        self._write_files()
        keys = document(session)
        self._variables = {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
            "AWS_SECURITY_TOKEN": keys["SessionToken"],  # as it was called first
            "AWS_CREDENTIAL_EXPIRATION": keys["Expiration"],
        }


class EndpointProfile(PrivateProfile):
    """Gives its credentials at the endpoint.

    Its config file has no section `[default]`, after which some tools look no further.
    """

    named = False
    renews = True

    def __init__(
        self, folder: Path, name: str, *, region: str, own: OwnProfile, endpoint: Endpoint
    ) -> None:
        super().__init__(folder, name, region=region, own=own)
        self._endpoint = endpoint
        self._offer: Offer | None = None

    def renew(self, session: Session) -> None:
        write_atomically(self.credentials, self._stored(session).encode(), durable=False)
        if self._offer:
            self._offer.renew(session)

    def variables(self) -> dict[str, str]:
        return {**super().variables(), **(self._offer.variables() if self._offer else {})}

    def secrets(self) -> tuple[Secret, ...]:
        return self._offer.secrets() if self._offer else ()

    def remove(self) -> None:
        if self._offer:
            self._offer.withdraw()
        super().remove()

    def _stored(self, session: Session) -> str:
        """What the credentials file holds: a section with keys that async-aws alone takes.

        It would ask the machine's metadata service, whatever variables say. It knows neither a
        process nor the endpoint, and leaves `profile ` out of the headers of both files. So does
        the SDK for Ruby, for which a header has nothing behind it: the keys, which it would never
        renew, are of the section before. The SDK for Go v1 looks for such a header only where there
        is none without the word.
        """
        name = self.name if self.named else DEFAULT
        first = "" if self.named else f"[{DEFAULT}]\n"
        return f"{first}[async-aws alone]\n[profile {name}];\n{_keys(session)}"

    def _write(self, session: Session) -> None:
        self._write_files(credentials=self._stored(session))
        self._offer = self._endpoint.offer(session)
        if not self._offer:
            raise FileError(
                f"no endpoint for the credentials: {self._endpoint.refused}; set"
                " ROLECALL_PROFILE_MODE to refreshing"
            )


class RefreshingProfile(EndpointProfile):
    """Its `credential_process` reads a file that `renew` replaces.

    Every SDK reads it again when its credentials run out. What knows no such process finds nothing
    in the profile, and goes on to the endpoint, where there is one.
    Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
    """

    named = True

    def renew(self, session: Session) -> None:
        write_atomically(self._current, _text(session), durable=False)
        super().renew(session)

    def _write(self, session: Session) -> None:
        create(self._current, _text(session))
        self._write_files(config=self._process, credentials=self._stored(session))
        self._offer = self._endpoint.offer(session)

    def _stored(self, session: Session) -> str:
        # Some read this file alone: the SDKs for PHP and Java v1, and minio's library.
        return f"[{self.name}]\n{self._process}{super()._stored(session)}"

    @property
    def _process(self) -> str:
        return f"credential_process = cat {shlex.quote(str(self._current))}\n"

    @property
    def _current(self) -> Path:
        return self.config.parent / "session.json"


def private_profile(
    folder: Path, name: str, *, region: str, mode: str, own: OwnProfile, endpoint: Endpoint
) -> PrivateProfile:
    """The profile of the kind that PROFILE_MODE names."""
    if mode in UNRENEWED:
        keeps = StaticProfile if mode == STATIC else EnvironmentProfile
        return keeps(folder, name, region=region, own=own)
    renews = EndpointProfile if mode == ENDPOINT else RefreshingProfile
    return renews(folder, name, region=region, own=own, endpoint=endpoint)


def document(session: Session) -> dict[str, Any]:
    """What a `credential_process` says."""
    keys = session.credentials
    return {
        "Version": 1,
        "AccessKeyId": keys.access_key_id.reveal(),
        "SecretAccessKey": keys.secret_access_key.reveal(),
        "SessionToken": keys.session_token.reveal(),
        "Expiration": session.expiration().isoformat(timespec="seconds"),
    }


def _text(session: Session) -> bytes:
    return json.dumps(document(session)).encode()


def _keys(session: Session) -> str:
    keys = session.credentials
    return (
        f"aws_access_key_id = {keys.access_key_id.reveal()}\n"
        f"aws_secret_access_key = {keys.secret_access_key.reveal()}\n"
        f"aws_session_token = {keys.session_token.reveal()}\n"
    )
