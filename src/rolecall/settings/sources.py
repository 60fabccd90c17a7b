"""Where raw values come from: flags, variables and the file, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PREFIX = "ROLECALL_"
Path = tuple[str | int, ...]


class BadValueError(ValueError):
    """A value that is not what its option takes; the message says what would be.

    Attributes:
        path: which part of the value it is about; empty for the whole.
        more: what else is wrong with the value.
    """

    def __init__(self, text: str, *, path: Path = (), more: Iterable[BadValueError] = ()) -> None:
        super().__init__(text)
        self.path, self.more = path, tuple(more)


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw:
    """An unparsed value and where it stands.

    Attributes:
        value: text, or for the file lists and mappings of text, never any other scalar; None
            where the file has a key and nothing behind it.
        origin: `flag`, `variable` or `file`.
        place: `--region`, `ROLECALL_REGION` or `rolecall.yml:12`.
        lines: for the file, the line of each part, by its path inside the value.
        file: for the file, its name.
    """

    value: Any
    origin: str
    place: str
    file: str = ""
    lines: Mapping[Path, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether nothing is written there, or nothing but what stands between values."""
        return not (self.value.strip(" \t\n,") if isinstance(self.value, str) else self.value)

    def at(self, *path: str | int) -> str:
        """The place of a part: its line in the file, or `ROLECALL_TARGETS, entry 3, name`."""
        if self.file:
            for length in range(len(path), -1, -1):
                if line := self.lines.get(path[:length]):
                    return f"{self.file}:{line}"
        parts = [f"entry {p + 1}" if isinstance(p, int) else str(p) for p in path]
        return ", ".join([self.place, *parts])


def clean(text: str) -> str:
    """Text without a byte-order mark, CR line ends or blanks around it."""
    unix = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return unix.strip(" \t\n\ufeff")


def from_variables(environ: Mapping[str, str]) -> dict[str, Raw]:
    """Each `ROLECALL_*` variable, by its name without the prefix."""
    return {
        name.removeprefix(PREFIX): Raw(value=clean(value), origin="variable", place=name)
        for name, value in sorted(environ.items())
        if name.startswith(PREFIX)
    }


def from_flags(flags: Mapping[str, str | None], spelt: Mapping[str, str]) -> dict[str, Raw]:
    """Each flag that was given, by its option's name."""

    def place(name: str) -> str:
        return spelt.get(name) or f"--{name.lower().replace('_', '-')}"

    return {
        name: Raw(value=clean(value), origin="flag", place=place(name))
        for name, value in flags.items()
        if value is not None
    }
