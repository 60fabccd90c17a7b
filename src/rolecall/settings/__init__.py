"""environment, file and flags → Settings."""

from rolecall.settings.load import Loaded, load
from rolecall.settings.options import Settings
from rolecall.settings.sources import Raw

__all__ = ["Loaded", "Raw", "Settings", "load"]
