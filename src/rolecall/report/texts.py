"""Texts of commands and of AWS made fit for a report: masked, no control characters, cut."""

from __future__ import annotations

import re

from rolecall.secret import Mask
from rolecall.wording import ESCAPE_SEQUENCE

# What a carriage return goes back over: progress bars would be one long line.
_WRITTEN_OVER = re.compile(r"^[^\n]*\r(?=[^\r\n])", re.MULTILINE)
# All but XML 1.0, production 2, and what turns the direction of the text around it.
_NO_TEXT = re.compile(
    "[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    "|[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


class Texts:
    """Makes text fit for a report: masked first, so that no cut leaves a part of a secret."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask

    def clean(self, text: str) -> str:
        """The text as a terminal would have left it, without what steers one."""
        plain = ESCAPE_SEQUENCE.sub("", self._mask.text(text))
        return _NO_TEXT.sub("", _WRITTEN_OVER.sub("", plain) if "\r" in plain else plain)

    def start(self, text: str, most: int) -> str:
        text = self.clean(text)
        return text if len(text) <= most else text[: most - 1] + "…"

    def end(self, text: str, most: int) -> str:
        text = self.clean(text)
        return text if len(text) <= most else "…" + text[1 - most :]
