"""Reads an organisation, with as few calls as will do.

The whole of it is one list of accounts; where units are asked for, only those are read. Source:
https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rolecall.errors import Problem
from rolecall.settings.organization import UNIT_ID
from rolecall.settings.sources import BadValueError
from rolecall.targets.organization.calls import in_parallel, pages
from rolecall.targets.organization.model import ACTIVE, Account, Call, NoSuchUnitError, Tree, Unit
from rolecall.targets.organization.wish import Wish

_MOST_LISTED = 20
# An account's id, or a pattern of names.
_NO_NAME = re.compile(r"\d{12}|.*[*?\[].*", re.ASCII)


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
    excluded = dict(reader.excluded(wish.exclude))
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
                raise NoSuchUnitError(f"{where!r} is no unit of this organisation") from None
            return unit
        unit = self._top()
        for name in filter(None, where.split("/")):
            children = {child.name: child for child in self._within(unit)}
            if name not in children:
                there = ", ".join(list(children)[:_MOST_LISTED]) or "no units"
                more = f" and {len(children) - _MOST_LISTED:,} more" * (
                    len(children) > _MOST_LISTED
                )
                raise NoSuchUnitError(
                    f"{where!r} is no unit: in {unit.path} there is no {name!r}; there are"
                    f" {there}{more}"
                )
            unit = children[name]
        return unit

    def excluded(self, terms: Iterable[str]) -> Iterator[tuple[str, str]]:
        """The ids of the units that terms leave out, with the term.

        A word may be the name of an account or of a unit at the top: it is looked for among the
        units only where no account has that name.
        """
        account_names = {account.name for account in self.accounts.values()}
        for term in terms:
            is_unit = term.startswith("/") or re.fullmatch(UNIT_ID, term)
            is_word = not (is_unit or term in account_names or _NO_NAME.fullmatch(term))
            if is_unit or is_word:
                try:
                    yield self.unit(term if is_unit else f"/{term}").unit_id, term
                except NoSuchUnitError:
                    continue

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
    _, partition, _, _, management, _ = str(found["Arn"]).split(":", 5)
    joined = found.get("JoinedTimestamp")
    return Account(
        account_id=str(found["Id"]),
        name=str(found.get("Name", "")),
        partition=partition,
        # Status is the older name, which AWS has announced to retire in 2026.
        state=str(found.get("State") or found.get("Status") or ACTIVE),
        joined=joined.timestamp() if joined else 0.0,
        management=found["Id"] == management,
    )
