"""Which form of the tests a case belongs to: the short one, or the long one of `make test-all`."""

from __future__ import annotations

import pytest


def long(*given: object) -> object:
    """Values of a test that the long form alone tries."""
    return pytest.param(*given, marks=pytest.mark.long)
