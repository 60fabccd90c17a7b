"""Reads `ORGANIZATION` as it is written, with every mistake in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rolecall.errors import Problem
from rolecall.settings.kinds import Choice, Text
from rolecall.settings.organization import ORDERS, UNIT_ID
from rolecall.settings.reading import from_json, text_of
from rolecall.settings.sources import BadValueError, Raw
from rolecall.targets import arns, names, own, roles

ANY = "*"
_SAMPLE = "123456789012"
_NARROWING = ("units", "tags", "exclude")
_TAG_KEY = Text(r"[^\0]{1,128}", "a tag key of 1 to 128 characters")


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitWish:
    """One of the units, by its id or its path, and what its accounts get of their own."""

    place: str
    where: str
    own: Mapping[str, Any] = field(default_factory=dict)
    variables: tuple[tuple[str, str], ...] = ()
    wave: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One of `exclude`: every account and every unit that it may mean is left out.

    Attributes:
        text: as it is written: an account's name, an account's id or a pattern of names, whichever
            of these it can be.
        unit: the id or the path of the unit that it can be, too; empty where it can be none.
        exact: whether it means one thing that has to be there; an id or a pattern need not.
    """

    place: str
    text: str
    unit: str = ""
    exact: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Which accounts are asked for.

    Attributes:
        units: none means the whole organisation.
        tags: for each key the values that will do.
        role: the ARN of a role to read the organisation through; empty for the source itself.
        name: template of the targets' names.
    """

    place: str
    units: tuple[UnitWish, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exclude: tuple[Term, ...] = ()
    role_name: str = ""
    role: str = ""
    name: str = "{name}"
    order: str = ORDERS[0]
    wave_tag: str = ""


class WishReader:
    """Reads a wish, and keeps the mistakes it meets. `role` is the option ROLE's value."""

    def __init__(self, raw: Raw, role: str) -> None:
        self._raw, self._role = raw, role
        self.problems: list[Problem] = []

    def read(self) -> Wish | None:
        """The wish; None where it has mistakes."""
        try:
            value = _mapping(self._raw.value)
        except BadValueError as error:
            self._complain(error)
            return None
        found: dict[str, Any] = {}
        own_readers = {"units": self._units, "exclude": self._exclude}
        for key, part in value.items():
            try:
                if key not in _KEYS:
                    raise own.unknown(key, _KEYS, "ORGANIZATION's")
                _check_narrows(key, part)
                if part not in (None, "", [], {}):
                    found[key] = (own_readers.get(key) or _PARSERS[key])(part)
            except BadValueError as error:
                self._complain(error, key)
        try:
            found["role_name"] = found.get("role_name") or self._default_role(value)
        except BadValueError as error:
            self._complain(error)
        return None if self.problems else Wish(place=self._raw.at(), **found)

    def _complain(self, error: BadValueError, *path: str | int) -> None:
        self.problems.append(Problem(self._raw.at(*path, *error.path), str(error)))

    def _default_role(self, value: Mapping[str, Any]) -> str:
        if value.get("role_name"):
            return ""
        if not self._role:
            raise BadValueError("has no role_name, and ROLECALL_ROLE is not set; write one of them")
        return _sample_role(self._role, "ROLECALL_ROLE")

    def _units(self, value: Any) -> tuple[UnitWish, ...]:
        found: dict[str, UnitWish] = {}
        for number, part in enumerate(_list(value)):
            unit = self._unit(part, number)
            if unit and unit.where in found:
                wrong = f"{unit.where!r} stands there twice"
                self._complain(BadValueError(wrong), "units", number)
            elif unit:
                found[unit.where] = unit
        return tuple(found.values())

    def _unit(self, part: Any, number: int) -> UnitWish | None:
        listed = {} if isinstance(part, Mapping) else {"unit": part}
        values: dict[str, Any] = {}
        before = len(self.problems)
        for key, value in (listed or part).items():
            try:
                values[key] = own.parsed(key, value, beside=("unit",), whose="a unit's")
            except BadValueError as error:
                self._complain(error, "units", number, *([] if listed else [key]))
        if len(self.problems) > before:
            return None
        try:
            where = _where(values.pop("unit", None) or "")
        except BadValueError as error:
            self._complain(error, "units", number)
            return None
        wave, variables = values.pop("wave", None) or 0, values.pop("variables", None) or ()
        place = self._raw.at("units", number)
        return UnitWish(place=place, where=where, own=values, variables=variables, wave=wave)

    def _exclude(self, value: Any) -> tuple[Term, ...]:
        found: dict[str, Term] = {}
        for number, part in enumerate(_list(value)):
            place = self._raw.at("exclude", number)
            try:
                if text := text_of(part):
                    found.setdefault(text, _term(text, place))
            except BadValueError as error:
                self._complain(error, "exclude", number)
        return tuple(found.values())


def _check_narrows(key: str, value: Any) -> None:
    """Raises BadValueError where a template rendered nothing, which would make more targets."""
    parts = value if isinstance(value, list) else [value]
    written = (part.strip(" \t\n,") if isinstance(part, str) else part for part in parts)
    if key in _NARROWING and not any(written):
        raise BadValueError(f"is empty, which would narrow nothing; leave {key} out for that")


def _tags(value: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise BadValueError("is no mapping; write each tag's key and the values that will do")
    found = {}
    for key, wanted in value.items():
        try:
            found[_TAG_KEY.parse(key)] = tuple(text_of(each) for each in _list(wanted))
        except BadValueError as error:
            raise BadValueError(str(error), path=(key,)) from None
        if not found[key]:
            raise BadValueError(f"{key!r} has no value; write {ANY} for any", path=(key,))
    return found


def _term(text: str, place: str) -> Term:
    if re.fullmatch(r"[\d-]{10,14}", text):
        arns.check_account(text)
        return Term(place=place, text=text)
    if "/" in text:
        return Term(place=place, text=text, unit=_where(text), exact=True)
    if text.startswith("ou-") or re.fullmatch(UNIT_ID, text):
        # Units go; the root does not.
        return Term(place=place, text=text, unit=_where(text), exact=text.startswith("r-"))
    # A unit's name may have brackets; one with a wildcard is written as a path.
    unit = "" if re.search(r"[*?]", text) else f"/{text}"
    return Term(place=place, text=text, unit=unit, exact=not re.search(r"[*?\[]", text))


def _role_name(value: Any) -> str:
    return _sample_role(text_of(value), "role_name")


def _reading_role(value: Any) -> str:
    return arns.parse(text_of(value)).text


def _name(value: Any) -> str:
    template = text_of(value)
    if names.filled(template, {"name": "", "account": ""}) == template:
        wrong = "gives every target the same name; write {name} or {account} in it"
        raise BadValueError(f"{template!r} {wrong}")
    return template


_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "tags": _tags,
    "role_name": _role_name,
    "role": _reading_role,
    "name": _name,
    "order": Choice(ORDERS).parse,
    "wave_tag": _TAG_KEY.parse,
}
_KEYS = ("units", "exclude", *_PARSERS)


def _mapping(value: Any) -> Mapping[str, Any]:
    wanted = 'a mapping, such as {"units": ["Workloads/Prod"], "role_name": "deploy"}'
    if isinstance(value, str) and value.startswith(("{", "[")):
        value = from_json(value)
    if not isinstance(value, Mapping):
        raise BadValueError(f"is no mapping; write {wanted}")
    if not value:
        raise BadValueError('is empty; write {"units": ["/"]} for the whole organisation')
    return value


def _list(value: Any) -> Sequence[Any]:
    if isinstance(value, Mapping):
        raise BadValueError("is a mapping; write a list")
    return value if isinstance(value, list) else [value]


def _where(text: str) -> str:
    """A unit's id or path as it is compared: without slashes at its ends; `/` for the root."""
    if re.fullmatch(UNIT_ID, text):
        return text
    if re.match(r"ou-[^/]*$", text):
        raise BadValueError(
            f"{text!r} is no unit's id; an id is such as ou-ab12-cd34ef56 (a unit of that name is"
            f" /{text}, and an account of that name is written by its id)"
        )
    if re.fullmatch(r"\d{12}", text):
        raise BadValueError(
            f"{text!r} is an account id; give single accounts in TARGETS (a unit of that name is"
            f" /{text})"
        )
    parts = [part.strip() for part in text.strip("/").split("/")]
    if not text or (parts != [""] and not all(parts)):
        raise BadValueError(
            f"{text!r} is no unit; write its id, or its path such as Workloads/Prod"
        )
    return "/" + "/".join(parts)


def _sample_role(template: str, option: str) -> str:
    roles.of_account(template, account_id=_SAMPLE, name="name", partition="aws", option=option)
    return template
