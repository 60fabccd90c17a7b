"""Settings → targets."""

from rolecall.targets.model import SessionOptions, Target
from rolecall.targets.names import Build
from rolecall.targets.resolve import Resolved, resolve

__all__ = ["Build", "Resolved", "SessionOptions", "Target", "resolve"]
