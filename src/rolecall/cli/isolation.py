"""Starts Python again where the user's variables and folders may change what rolecall imports.

The installed command is isolated at once (`src/bin/rolecall`), `python -m rolecall` is not. Only
modules that are frozen into Python are imported here: no folder can hold another of those.
"""

import os
import site
import sys


def isolate() -> None:
    """Returns where this Python is isolated as far as it can be; else begins anew and does not."""
    flags = sys.flags
    if not _in_user_site():
        _again("-I")  # the caller has seen that it is not so yet
    elif not (flags.ignore_environment and flags.safe_path):
        _again("-EP")


def _in_user_site() -> bool:
    """Whether rolecall itself lies among the user's own packages, which -I leaves out."""
    folder = site.USER_SITE if site.ENABLE_USER_SITE else None
    return bool(folder) and __file__.startswith(f"{folder}/")


def _again(flag: str) -> None:
    python = sys.executable
    os.execv(python, [python, flag, "-m", "rolecall", *sys.argv[1:]])  # noqa: S606  the same program
