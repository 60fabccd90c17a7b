"""Targets from AWS Organizations: what is asked for, what is read, what is taken, and why."""

from rolecall.targets.organization.discover import discover
from rolecall.targets.organization.model import Call, Decision, Found, NoSuchUnitError
from rolecall.targets.organization.wish import Wish

__all__ = ["Call", "Decision", "Found", "NoSuchUnitError", "Wish", "discover"]
