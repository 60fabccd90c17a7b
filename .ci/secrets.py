"""Looks for secrets in the repository's files, and lets made-up ones of tests through.

`python .ci/secrets.py [FILE…]`: without files, all that git knows. Asks nobody whether one works.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings

# Where values are made up, and what such a value has in it: a real one has it by no chance.
_MADE_UP_IN = ("tests/", "docs/pictures.py")
_MADE_UP = re.compile(r"EXAMPLE|0{6}|ABCDEFGHIJKLMNOP|made-up|s[3e]cr[3e]t|hunter2", re.IGNORECASE)
_WORDS = {"Secret Keyword", "Basic Auth Credentials"}
_SHORTEST_REAL = 16
# Digests of packages, which are no secrets and look like some.
_LEFT_OUT = ("requirements/*.txt", "package-lock.json", "*.png", "*.svg")


def found(files: Sequence[str]) -> Iterator[PotentialSecret]:
    """What looks like a secret and is not made up."""
    with default_settings():
        for name in files:
            if not any(PurePosixPath(name).match(pattern) for pattern in _LEFT_OUT):
                yield from (secret for secret in scan_file(name) if not _made_up(secret))


def _made_up(secret: PotentialSecret) -> bool:
    value = secret.secret_value or ""
    if not secret.filename.startswith(_MADE_UP_IN):
        return False
    return bool(_MADE_UP.search(value)) or (secret.type in _WORDS and len(value) < _SHORTEST_REAL)


def main(files: Sequence[str]) -> int:
    """Prints where each is, never the secret; 1 where there is any."""
    if not files:
        listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=True)
        files = [name for name in listed.stdout.decode().split("\0") if name]
    secrets = list(found(files))
    for secret in secrets:
        print(f"{secret.filename}:{secret.line_number}: {secret.type}")
    if secrets:
        print("Take it out, and make it worthless where it is known. What a test makes up has")
        print("EXAMPLE or six zeros in it.")
    return 1 if secrets else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
