"""The lines of an AWS file: what stands where, and edits that leave every other byte.

Source: configparser.RawConfigParser, with which botocore and the AWS CLI read these files, and
https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html for the other SDKs.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Mapping, Sequence
from configparser import RawConfigParser
from dataclasses import dataclass, field

_COMMENT = re.compile(r"(?:^|\s)[;#]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A key and its value.

    Attributes:
        name: in lower case, as botocore knows it.
        value: what stands beside the key.
        indent: the blanks before the key.
        numbers: its lines, that of the key and those indented below it.
    """

    name: str
    value: str
    indent: str
    numbers: list[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """The line of its head, and what stands below it."""

    number: int
    entries: list[Entry] = field(default_factory=list)


class AwsLines:
    """The text of one file, cut as botocore cuts it. Lines are counted from 0.

    Attributes:
        sections: by what stands in the brackets, blanks included.
        ambiguous: the first line that some SDKs alone take for the head of a section, or that ends
            for some alone; None where all read alike.
    """

    def __init__(self, text: str) -> None:
        self._lines = list(io.StringIO(text, newline=""))
        self.sections: dict[str, Section] = {}
        self.ambiguous: int | None = None
        section: Section | None = None
        entry: Entry | None = None
        for number, line in enumerate(self._lines):
            content = line.strip()
            head = None
            if content and not content.startswith(("#", ";")):
                indent = line[: len(line) - len(line.lstrip())]
                if entry and len(indent) > len(entry.indent):
                    entry.numbers.append(number)
                elif match := RawConfigParser.SECTCRE.match(content):
                    head, entry = match["header"], None
                    section = self.sections.setdefault(head, Section(number=number))
                elif section and (match := RawConfigParser.OPTCRE.match(content)):
                    name = match["option"].rstrip().lower()
                    entry = Entry(name=name, value=match["value"], indent=indent, numbers=[number])
                    section.entries.append(entry)
            odd = head != _head_elsewhere(line) or line.endswith("\r")
            if odd and self.ambiguous is None:
                self.ambiguous = number

    def entries(self, header: str) -> Sequence[Entry]:
        """What stands in a section; nothing where there is none."""
        section = self.sections.get(header)
        return section.entries if section else ()

    def place(self, header: str, name: str) -> int | None:
        """The line of a key; None where the section has none of that name."""
        entries = self.entries(header)
        return next((entry.numbers[0] for entry in entries if entry.name == name), None)

    def unnested(self) -> int | None:
        """The first line below a key without a value, such as `s3 =`, that is no `key = value`."""
        for section in self.sections.values():
            for entry in section.entries:
                for number in entry.numbers[1:] if not entry.value else ():
                    if "=" not in self._lines[number]:
                        return number
        return None

    def with_values(
        self, changes: Mapping[str, Mapping[str, str]], *, without: Collection[str] = ()
    ) -> str:
        """The text with values in some sections: changed where they stand, else added.

        Keys are written in lower case and with `=`, the one form that every SDK reads.

        Args:
            changes: the values by the section's head; one that is not there is made, at the end.
            without: the names of keys that go from these sections.
        """
        lines = self._lines.copy()
        end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
        for header, values in changes.items():
            if section := self.sections.get(header):
                self._change(lines, section, values, without, end)
            else:
                added = [f"[{header}]", *(f"{name} = {value}" for name, value in values.items())]
                lines = [*_ended(lines, end), *([end] if lines else []), *(a + end for a in added)]
        return "".join(lines)

    def _change(
        self,
        lines: list[str],
        section: Section,
        values: Mapping[str, str],
        without: Collection[str],
        end: str,
    ) -> None:
        missing = dict(values)
        for entry in section.entries:
            if entry.name in values or entry.name in without:
                for number in entry.numbers:
                    lines[number] = ""
            if value := missing.pop(entry.name, ""):
                lines[entry.numbers[0]] = f"{entry.indent}{entry.name} = {value}{end}"
        number, indent = _room(section)
        added = [f"{indent}{name} = {value}{end}" for name, value in missing.items()]
        if added:
            lines[number] = "".join([*_ended(lines[number : number + 1], end), *added])


def _ended(lines: Sequence[str], end: str) -> list[str]:
    """The lines, with an end to the last one where it has none."""
    unended = lines and lines[-1] and not lines[-1].endswith("\n")
    return [*lines, end] if unended else [*lines]


def _room(section: Section) -> tuple[int, str]:
    """The line to add keys below, and their indentation.

    It is before the first nested block: SDKs differ in where that ends if all is indented.
    """
    number, indent = section.number, ""
    for place, entry in enumerate(section.entries):
        if not place:
            indent = entry.indent
        if not entry.value or len(entry.numbers) > 1:
            break
        number, indent = entry.numbers[0], entry.indent
    return number, indent


def _head_elsewhere(line: str) -> str | None:
    """The head of a section that a line is to other SDKs, which look for nothing else on it.

    Source: parseIni of https://github.com/smithy-lang/smithy-typescript.
    """
    content = _COMMENT.split(line, maxsplit=1)[0].strip()
    return content[1:-1] if content[:1] == "[" and content[-1:] == "]" else None
