"""A home folder for a target's commands, where the user's own holds credentials of AWS.

Some clients read `~/.aws` whatever the variables say: boto 2, s3cmd, the SDK for PHP, SDKs for
JavaScript and Go of some age, the caches of logins. They find the target's profile there, and of
the user's home folder everything else, by links.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from rolecall.files import new_folder

AWS = ".aws"
# Where clients look for keys of AWS without being told to.
_PLACES = frozenset({AWS, ".boto", ".s3cfg", ".fog", ".passwd-s3fs", ".awssecret", ".ecs"})
# What of ~/.aws the AWS CLI reads from there alone, and is no credential.
_HARMLESS = ("models", "cli/alias")


def private(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The variable that makes `folder` the home of the commands, or none where that is not needed.

    Args:
        environ: what the commands have otherwise.
        folder: is there, with the target's profile in `.aws`.

    Raises:
        FileError, OSError: where it can't be filled.
    """
    home = Path(environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir).absolute()
    if not any(os.path.lexists(home / place) for place in _PLACES):
        return {}
    with suppress(PermissionError):  # one that may not be listed has nothing that is known
        for name in os.listdir(home):  # noqa: PTH208  a home may have hundreds, for each target
            if name not in _PLACES:
                os.symlink(f"{home}/{name}", f"{folder}/{name}")  # noqa: PTH211
    for name in _HARMLESS:
        if (home / AWS / name).exists():
            link = folder / AWS / name
            if link.parent != folder / AWS:
                new_folder(link.parent)
            link.symlink_to(home / AWS / name)
    return {"HOME": str(folder)}
