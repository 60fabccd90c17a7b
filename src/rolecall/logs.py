"""Log lines of rolecall itself, by structlog: words for people, or one JSON event a line."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any, Protocol, TextIO, cast

import structlog

from rolecall.secret import Mask, Secret
from rolecall.wording import wrapped

Event = MutableMapping[str, Any]
_WIDTH = 80


class TextSink(Protocol):
    """What log lines are written to."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


class Redact:
    """The last line of defence: takes what the mask knows out of every value of an event."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask

    def __call__(self, logger: Any, method: str, event: Event) -> Event:
        for key, value in event.items():
            event[key] = self._redacted(value)
        return event

    def _redacted(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._mask.text(value)
        if isinstance(value, Secret):
            return str(value)
        if isinstance(value, dict):
            return {self._redacted(k): self._redacted(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._redacted(part) for part in value]
        return value


def configure(*, stream: TextSink, json: bool, level: str, mask: Mask) -> None:
    """Sends log lines to `stream`, at `level` and graver, with what `mask` knows taken out."""
    end: list[Any] = (
        [
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
        if json
        else [_words]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            Redact(mask),
            *end,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", stream)),
        cache_logger_on_first_use=False,
    )


def events(stream: TextSink) -> Any:
    """A logger that no level quiets."""
    return structlog.wrap_logger(
        structlog.WriteLogger(cast("TextIO", stream)),
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
    )


def _words(logger: Any, method: str, event: Event) -> str:
    """`warning: assume_retry target=dev wait=0.4`."""
    level, name = event.pop("level", method), str(event.pop("event", "")).replace("_", " ")
    details = " ".join(f"{key}={_quoted(value)}" for key, value in event.items())
    return wrapped(f"{level}: {name}{': ' if details else ''}{details}", _WIDTH, "", "    ")


def _quoted(value: Any) -> str:
    text = str(value)
    return f'"{text}"' if " " in text or not text else text
