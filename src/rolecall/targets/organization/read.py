"""Reads an organisation, with as few calls as will do.

The whole of it is one list of accounts; where units are asked for, only those are read. Source:
https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from rolecall import wording
from rolecall.errors import Problem
from rolecall.settings.organization import UNIT_ID
from rolecall.settings.sources import BadValueError
from rolecall.targets.organization.calls import in_parallel, pages
from rolecall.targets.organization.model import (
    ACTIVE,
    UNKNOWN,
    Account,
    Call,
    NoSuchUnitError,
    Tree,
    Unit,
)
from rolecall.targets.organization.wish import Term, Wish

_MOST_LISTED = 20


def read_tree(wish: Wish, call: Call) -> tuple[Tree, list[Problem]]:
    """What the wish needs to know, and the units in it that there are none of.

    Raises:
        BadValueError: where the organisation cannot be read.
    """
    reader = _Reader(call)
    given: dict[str, int] = {}
    problems: list[Problem] = []
    for number, wanted in enumerate(wish.units):
        try:
            unit = reader.unit(wanted.where)
        except NoSuchUnitError as error:
            problems.append(Problem(wanted.place, str(error)))
            continue
        if unit.unit_id in given:
            first = wish.units[given[unit.unit_id]].where
            problems.append(Problem(wanted.place, f"{wanted.where!r} is the unit {first!r} again"))
        given.setdefault(unit.unit_id, number)
    if problems:
        return Tree(accounts=()), problems
    reader.walk(given)
    if not wish.units:
        reader.list_all()
    excluded: dict[str, list[str]] = {}
    for term in wish.exclude:
        for unit in reader.meant(term):
            excluded.setdefault(unit.unit_id, []).append(term.text)
    if not wish.units:
        reader.walk(excluded)
    tree = Tree(
        accounts=tuple(reader.accounts.values()),
        parents=reader.parents,
        paths={unit.unit_id: unit.path for unit in reader.units.values()},
        given=given,
        excluded=excluded,
    )
    return tree, []


def read_tags(accounts: Sequence[Account], call: Call) -> dict[str, Mapping[str, str]]:
    """The tags of each account, by its id. One call for each.

    Raises:
        BadValueError: where they cannot be read.
    """

    def tags(account: Account) -> Mapping[str, str]:
        found = pages(call, "ListTagsForResource", "Tags", ResourceId=account.account_id)
        return {tag["Key"]: tag["Value"] for tag in found}

    ids = (account.account_id for account in accounts)
    return dict(zip(ids, in_parallel(tags, accounts), strict=True))


class _Reader:
    """Reads each unit once.

    Attributes:
        accounts, units: by their ids, as far as read. parents: what holds a unit, by the unit's id.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._children: dict[str, tuple[Unit, ...]] = {}
        self._root: Unit | None = None
        self.accounts: dict[str, Account] = {}
        self.units: dict[str, Unit] = {}
        self.parents: dict[str, str] = {}

    def unit(self, where: str) -> Unit:
        """The unit of an id, or of a path that begins with a slash.

        Raises:
            NoSuchUnitError: with what there is instead.
        """
        if re.fullmatch(UNIT_ID, where):
            unit = self._known(Unit(unit_id=where, name=where, path=where))
            try:
                self._within(unit)
            except NoSuchUnitError:
                named = f"; a unit of that name is /{where}" if where.startswith("r-") else ""
                raise NoSuchUnitError(f"{where!r} is no unit of this organisation{named}") from None
            return unit
        found = self._at(where)
        if len(found) > 1:
            ids = " and ".join(unit.unit_id for unit in found)
            raise NoSuchUnitError(f"{where!r} is the path of {ids}; write the id of one")
        return found[0] if found else self._lacking(where)

    def meant(self, term: Term) -> list[Unit]:
        """Every unit that a term may mean; none where it means none, or accounts alone."""
        try:
            if re.fullmatch(UNIT_ID, term.unit):
                return [self.unit(term.unit)]
            return self._at(term.unit) if term.unit else []
        except NoSuchUnitError:
            return []

    def _at(self, path: str) -> list[Unit]:
        """The units of a path: several where a name has a slash in it."""
        return list(self._below(self._top(), path.strip("/")))

    def _below(self, unit: Unit, path: str) -> Iterator[Unit]:
        if not path:
            yield unit
            return
        for child in self._within(unit):
            name = "/".join(part.strip() for part in child.name.split("/"))
            if path == name:
                yield child
            elif path.startswith(f"{name}/"):
                yield from self._below(child, path.removeprefix(f"{name}/"))

    def _lacking(self, where: str) -> NoReturn:
        """Raises NoSuchUnitError with what there is in place of a path that is none."""
        unit = self._top()
        for name in where.strip("/").split("/"):
            children = {child.name: child for child in self._within(unit)}
            if name not in children:
                there = wording.some(list(children), _MOST_LISTED) or "no units"
                break
            unit = children[name]
        raise NoSuchUnitError(
            f"{where!r} is no unit: in {unit.path} there is no {name!r}; there are {there}"
        )

    def list_all(self) -> None:
        listed = map(_account, pages(self._call, "ListAccounts", "Accounts"))
        self.accounts |= {account.account_id: account for account in listed}

    def walk(self, unit_ids: Iterable[str]) -> None:
        """Reads the accounts of these units and of all within them, level by level."""
        level = list(unit_ids)
        seen = set(level)
        while level:
            contents = in_parallel(self._contents, level)
            for unit_id, (_, accounts) in zip(level, contents, strict=True):
                self.accounts |= {a.account_id: replace(a, unit=unit_id) for a in accounts}
            within = (child.unit_id for children, _ in contents for child in children)
            level = [unit_id for unit_id in within if unit_id not in seen]
            seen.update(level)

    def _contents(self, unit_id: str) -> tuple[tuple[Unit, ...], list[Account]]:
        children = self._within(self.units[unit_id])
        accounts = pages(self._call, "ListAccountsForParent", "Accounts", ParentId=unit_id)
        return children, [_account(found) for found in accounts]

    def _within(self, parent: Unit) -> tuple[Unit, ...]:
        if parent.unit_id not in self._children:
            listed = pages(
                self._call,
                "ListOrganizationalUnitsForParent",
                "OrganizationalUnits",
                ParentId=parent.unit_id,
            )
            path = parent.path.rstrip("/")
            children = [(str(found["Id"]), str(found["Name"])) for found in listed]
            self._children[parent.unit_id] = tuple(
                self._known(Unit(unit_id=unit_id, name=name, path=f"{path}/{name}"))
                for unit_id, name in children
            )
            for child in self._children[parent.unit_id]:
                self.parents[child.unit_id] = parent.unit_id
        return self._children[parent.unit_id]

    def _top(self) -> Unit:
        if self._root is None:
            root = next(pages(self._call, "ListRoots", "Roots"), None)
            if root is None:
                raise BadValueError("the organisation cannot be read: it has no root")
            self._root = self._known(Unit(unit_id=str(root["Id"]), name="/", path="/"))
        return self._root

    def _known(self, unit: Unit) -> Unit:
        """The unit; a path from the root is kept, where one by an id is known too."""
        known = self.units.get(unit.unit_id)
        if known is None or unit.path.startswith("/"):
            self.units[unit.unit_id] = known = unit
        return known


def _account(found: Mapping[str, Any]) -> Account:
    # arn:aws:organizations::MANAGEMENT:account/o-…/ACCOUNT
    try:
        _, partition, _, _, management, _ = str(found["Arn"]).split(":", 5)
    except ValueError:
        wrong = f"an account has the ARN {found['Arn']!r}"
        raise BadValueError(f"the organisation cannot be read: {wrong}") from None
    joined = found.get("JoinedTimestamp")
    return Account(
        account_id=str(found["Id"]),
        name=str(found.get("Name", "")),
        partition=partition,
        state=_state(found),
        joined=joined.timestamp() if joined else 0.0,
        management=found["Id"] == management,
    )


def _state(found: Mapping[str, Any]) -> str:
    """Active only where nothing that is said is anything else.

    `Status` is the older name, which AWS sends no more: botocore before 1.40.27 knows no other.
    """
    said = [str(found[key]) for key in ("State", "Status") if found.get(key)]
    return next((state for state in said if state != ACTIVE), ACTIVE if said else UNKNOWN)
