"""environment, file and flags → Settings."""

from rolecall.settings.options import Settings

__all__ = ["Settings"]
