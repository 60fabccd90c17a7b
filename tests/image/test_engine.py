"""Whether the image can be tested at all."""

from __future__ import annotations

import os

import pytest

from support import engine

REQUIRED = os.environ.get("IMAGE_TESTS") == "required"


def test_an_engine_answers():
    if why := engine.lacking():
        (pytest.fail if REQUIRED else pytest.skip)(f"the image is not tested: {why}")
