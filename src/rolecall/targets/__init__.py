"""Settings → Target…"""

from rolecall.targets.model import SessionOptions, Target
from rolecall.targets.resolve import Build, Resolved, resolve

__all__ = ["Build", "Resolved", "SessionOptions", "Target", "resolve"]
