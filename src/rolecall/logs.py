"""Log lines of rolecall itself, by structlog: words for people, or one JSON event a line.

structlog is loaded by `ready`, else with the first line that is said: a command that calls nobody
has few to say, and it takes as long to load as a target takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from json import dumps
from types import MappingProxyType
from typing import Any, Protocol, TextIO, cast

from rolecall.secret import Mask, Secret
from rolecall.wording import CONTROL, harmless, wrapped

Event = MutableMapping[str, Any]
_WIDTH = 80
_LEVELS = ("debug", "info", "warning", "error")
_hushed: ContextVar[bool] = ContextVar("hushed", default=False)
_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))


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


class Log:
    """Says things, each with the details that are bound to it. Safe in many threads."""

    def __init__(self, **bound: str) -> None:
        self._bound = bound

    def debug(self, event: str, **details: Any) -> None:
        self._say("debug", event, details)

    def info(self, event: str, **details: Any) -> None:
        self._say("info", event, details)

    def warning(self, event: str, **details: Any) -> None:
        self._say("warning", event, details)

    def _say(self, level: str, event: str, details: Mapping[str, Any]) -> None:
        if _hushed.get():
            return
        if _lines and _LEVELS.index(level) >= _LEVELS.index(_lines.level):
            own = {**self._bound, **details}
            # Its own come first, and win.
            getattr(_lines.log, level)(event, **{**own, **_about.get(), **own})


@contextmanager
def about(**details: str) -> Iterator[None]:
    """What every line of this thread has, for as long as the context lasts."""
    token = _about.set(details)
    try:
        yield
    finally:
        _about.reset(token)


@contextmanager
def hushed() -> Iterator[None]:
    """Says nothing from this thread for as long as the context lasts."""
    token = _hushed.set(True)
    try:
        yield
    finally:
        _hushed.reset(token)


class _Lines:
    """Where log lines go, and how."""

    def __init__(self, stream: TextSink, *, json: bool, level: str, mask: Mask) -> None:
        self.level, self._stream, self._json, self._mask = level, stream, json, mask

    @cached_property
    def log(self) -> Any:
        return self.to(self._stream)

    def to(self, stream: TextSink) -> Any:
        import structlog  # noqa: PLC0415  see above

        processors = structlog.processors
        end: list[Any] = [_words]
        if self._json:
            end = [
                processors.TimeStamper(fmt="iso", utc=True),
                processors.JSONRenderer(_json, default=str),
            ]
        return structlog.wrap_logger(
            structlog.WriteLogger(cast("TextIO", stream)),
            processors=[processors.add_log_level, Redact(self._mask), *end],
            wrapper_class=structlog.make_filtering_bound_logger("notset"),
        )


_lines: _Lines | None = None


def configure(*, stream: TextSink, json: bool, level: str, mask: Mask) -> None:
    """Sends log lines to `stream`, at `level` and graver, with what `mask` knows taken out."""
    global _lines  # noqa: PLW0603  loggers are everywhere, and the run is one
    _lines = _Lines(stream, json=json, level=level, mask=mask)


def ready() -> None:
    """Loads what lines need: the first may be of a machine that can open no file any more."""
    assert _lines is not None  # noqa: S101  the caller's mistake, not the user's
    _ = _lines.log


def _json(event: Event, **given: Any) -> str:
    """A line of JSON, which can't steer a terminal; JSON itself escapes fewer characters."""
    return CONTROL.sub(lambda m: f"\\u{ord(m[0]):04x}", dumps(event, ensure_ascii=False, **given))


def events(stream: TextSink) -> Any:
    """A logger of structlog's that no level quiets, with the form of the lines.

    It is there once `configure` was called.
    """
    assert _lines is not None  # noqa: S101  the caller's mistake, not the user's
    return _lines.to(stream)


def _words(logger: Any, method: str, event: Event) -> str:
    """`warning: assume_retry target=dev wait=0.4`."""
    level, name = event.pop("level", method), str(event.pop("event", "")).replace("_", " ")
    details = " ".join(f"{key}={_quoted(value)}" for key, value in event.items())
    said = harmless(f"{level}: {name}{': ' if details else ''}{details}")
    return wrapped(said, _WIDTH, "", "    ")


def _quoted(value: Any) -> str:
    """As in logfmt: what is in quotes has its own escaped."""
    text = str(value)
    if text and not any(c in text for c in ' "'):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
