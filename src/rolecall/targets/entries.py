"""Reads `TARGETS`, whatever its shape, and `TARGET_<NAME>` into drafts of targets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rolecall.errors import Problem
from rolecall.settings import unresolved
from rolecall.settings.reading import from_json
from rolecall.settings.sources import BadValueError, Raw, clean
from rolecall.targets import grammar
from rolecall.targets.own import parsed

ReadList = Callable[[str], str]
_KEYS = ("name", "role_arn", "account")


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """One target as written: `value` is an ARN or an account id; `own` its parsed options.

    Attributes:
        wave: the one it asks for, from 1; 0 where it asks for none.
        flagged: whether a flag wrote it, so that no other goes before `own`.
    """

    place: str
    name: str
    value: str
    own: Mapping[str, Any]
    variables: tuple[tuple[str, str], ...] = ()
    wave: int = 0
    flagged: bool = False


class Reader:
    """Reads drafts, and keeps the mistakes it meets and the lists it was not to read."""

    def __init__(self, variables: Mapping[str, Raw], read_list: ReadList, *, remote: bool) -> None:
        """Takes `TARGET_<NAME>` by `<NAME>`, and what reads lists; without `remote` only files."""
        self._variables, self._read_list, self._remote = variables, read_list, remote
        self.problems: list[Problem] = []
        self.unread: list[str] = []

    def drafts(self, raw: Raw | None) -> list[Draft]:
        """The drafts of `TARGETS`, or of every `TARGET_<NAME>` in name order where it has none."""
        if raw is None:
            return [
                draft
                for name, variable in sorted(self._variables.items())
                for draft in self._from_variable(variable, _name_of(name))
            ]
        return list(self._from_any(raw, nested=False))

    def _from_any(self, raw: Raw, *, nested: bool) -> Iterator[Draft]:
        value = raw.value
        try:
            if isinstance(value, str) and value.startswith(("[", "{")):
                value = from_json(value)
        except BadValueError as error:
            self.problems.append(Problem(raw.at(), str(error)))
            return
        if isinstance(value, str):
            for number, entry in enumerate(grammar.split(value)):
                place = raw.place if raw.file else raw.at(number)
                yield from self._from_entry(entry, place, nested=nested)
        elif isinstance(value, Mapping):
            for name, part in value.items():
                yield from self._from_part(whole(name, part), raw, (name,), nested=nested)
        else:
            for number, part in enumerate(value):
                yield from self._from_part(part, raw, (number,), nested=nested)

    def _from_part(
        self, part: Any, raw: Raw, path: tuple[str | int, ...], *, nested: bool
    ) -> Iterator[Draft]:
        if isinstance(part, Mapping):
            yield from self._from_mapping(part, raw, path)
        elif isinstance(part, str):
            if text := clean(part):
                yield from self._from_entry(grammar.entry(text), raw.at(*path), nested=nested)
        else:
            self.problems.append(
                Problem(raw.at(*path), f"{part!r} is no target; write an ARN or an object")
            )

    def _from_entry(self, entry: grammar.Entry, place: str, *, nested: bool) -> Iterator[Draft]:
        if entry.value.startswith(grammar.LIST_PREFIXES):
            yield from self._from_list(entry, place, nested=nested)
        elif _is_role(entry.value):
            self._check_id(entry.value, place)
            yield Draft(place=place, name=entry.name, value=entry.value, own={})
        else:
            yield from self._from_word(entry, place)

    def _check_id(self, value: str, place: str) -> None:
        """Complains where an account id may be meant for `TARGET_<WORD>`."""
        key = value.replace("-", "_")
        if key in self._variables:
            wrong = f"{value!r} is an account id, and ROLECALL_TARGET_{key} is set, too"
            self.problems.append(Problem(place, f"{wrong}; give that variable another name"))

    def _from_word(self, entry: grammar.Entry, place: str) -> Iterator[Draft]:
        key = re.sub(r"\W", "_", entry.value, flags=re.ASCII).upper()
        raw = self._variables.get(key)
        if raw is None or not key:
            written = f"{entry.name}={entry.value}" if entry.name else entry.value
            wrong = f"{written!r} is neither an ARN nor an account id"
            hint = f"ROLECALL_TARGET_{key} is not set"
            if not re.fullmatch(r"[\w-]+", entry.value, re.ASCII):
                hint = "an entry is name=arn:aws:iam::…, without blanks around `=`, and no quotes"
            self.problems.append(Problem(place, f"{wrong}; {hint}"))
            return
        yield from self._from_variable(raw, entry.name or entry.value)

    def _from_variable(self, raw: Raw, name: str) -> Iterator[Draft]:
        if _is_role(raw.value):
            yield Draft(place=raw.place, name=name, value=raw.value, own={})
            return
        wrong = f"{raw.value!r} is neither an ARN nor an account id; write one, without a name"
        self.problems.append(Problem(raw.place, wrong))

    def _from_list(self, entry: grammar.Entry, place: str, *, nested: bool) -> Iterator[Draft]:
        where = entry.value
        if entry.name or nested:
            wrong = "a list to read takes no name" if entry.name else "a list may not name another"
            self.problems.append(Problem(place, f"{where!r}: {wrong}"))
        elif not self._remote and not where.startswith("file:"):
            self.unread.append(where)
        else:
            try:
                text = clean(self._read_list(where))
            except BadValueError as error:
                self.problems.append(Problem(place, str(error)))
                return
            raw = Raw(value=text, origin="list", place=f"{place}, {where}")
            if unmet := unresolved.problems("TARGETS", raw):
                self.problems += unmet
                return
            yield from self._from_any(raw, nested=True)

    def _from_mapping(
        self, part: Mapping[str, Any], raw: Raw, path: tuple[str | int, ...]
    ) -> Iterator[Draft]:
        own: dict[str, Any] = {}
        before = len(self.problems)
        for key, value in part.items():
            try:
                own[key] = parsed(key, value, beside=_KEYS, whose="a target's")
            except BadValueError as error:
                self.problems.append(Problem(raw.at(*path, key, *error.path), str(error)))
        if len(self.problems) > before:
            return
        name, arn, account = (own.pop(key, "") or "" for key in _KEYS)
        value, variables = arn or account, own.pop("variables", None) or ()
        wave = own.pop("wave", None) or 0
        place = raw.at(*path)
        if arn and account and f":{account}:" not in arn:
            self.problems.append(
                Problem(place, f"account {account} is not that of {arn}; leave out one of them")
            )
            return
        if not value:
            self.problems.append(Problem(place, "has no role_arn, and no account to use ROLE with"))
        elif _is_role(value):
            yield Draft(
                place=place,
                name=name,
                value=value,
                own=own,
                variables=variables,
                wave=wave,
                flagged=raw.origin == "flag",
            )
        else:
            self.problems.append(Problem(place, f"{value!r} is neither an ARN nor an account id"))


def whole(name: str, part: Any) -> Mapping[str, Any]:
    """The object that an entry of a mapping from names stands for, be it an object or a role."""
    return {"name": name, **(part if isinstance(part, Mapping) else {"role_arn": part})}


def _is_role(value: str) -> bool:
    return value.startswith("arn:") or bool(re.fullmatch(r"[0-9-]+", value))


def _name_of(variable: str) -> str:
    return variable.lower().replace("_", "-")
