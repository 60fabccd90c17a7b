"""A wish → the accounts found, with a name and a role for each one taken."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from rolecall.errors import Problem
from rolecall.settings.sources import BadValueError
from rolecall.targets import grammar, names, roles
from rolecall.targets.organization import choose, read
from rolecall.targets.organization.model import Account, Call, Decision, Found
from rolecall.targets.organization.wish import Wish

LISTED = "among TARGETS already"
_LONGEST = 64


def discover(
    wish: Wish,
    call: Call,
    *,
    allowed: Collection[str],
    listed_roles: Collection[str],
    listed_names: Collection[str],
) -> tuple[Found, list[Problem]]:
    """Every account looked at, and what is wrong with the wish now that the organisation is known.

    Args:
        allowed: account ids, none for all.
        listed_roles, listed_names: ARNs of the roles, and names, that targets have already.

    Raises:
        BadValueError: where the organisation cannot be read.
    """
    tree, problems = read.read_tree(wish, call)
    decisions, idle = choose.by_place(wish, tree, allowed)
    if not problems:
        mistakes = [(term.place, choose.mistake(term, tree)) for term in idle]
        problems = [Problem(place, text) for place, text in mistakes if text]
    if (wish.tags or wish.wave_tag) and not problems:
        taken = [decision.account for decision in decisions if decision.taken]
        decisions, more = choose.by_tags(wish, decisions, read.read_tags(taken, call))
        problems += more
    taken_decisions = [decision for decision in decisions if decision.taken]
    chosen = named([d.account for d in taken_decisions], wish.name, listed_names)
    made: list[Decision] = []
    for decision, name in zip(taken_decisions, chosen, strict=True):
        account_id = decision.account.account_id
        if names.is_of_another(name, account_id):
            wrong = f"account {account_id} is called {name!r}, which is the id of another account"
            hint = "rename it, or let `name` tell them apart: {name}-{account}"
            problems.append(Problem(wish.place, f"{wrong}; {hint}"))
            continue
        try:
            made.append(_with_role(replace(decision, name=name), wish, listed_roles))
        except BadValueError as error:
            problems.append(Problem(wish.place, str(error)))
    left = [decision for decision in decisions if not decision.taken]
    made.sort(key=lambda decision: not decision.taken)
    unused = tuple(term.text for term in idle)
    return Found(decisions=(*made, *left), unused=unused), problems


def _with_role(decision: Decision, wish: Wish, listed: Collection[str]) -> Decision:
    role = roles.of_account(
        wish.role_name,
        account_id=decision.account.account_id,
        name=decision.name,
        partition=decision.account.partition,
        option="role_name",
    )
    reason = LISTED if role.text in listed else ""
    return replace(decision, role=role, reason=reason)


def named(accounts: Sequence[Account], template: str, taken: Collection[str]) -> list[str]:
    """A target's name for each account; those that would be alike get their account id behind."""
    wanted = [
        _cleaned(names.filled(template, {"name": account.name, "account": account.account_id}))
        for account in accounts
    ]
    times = Counter([*wanted, *taken, *grammar.RESERVED])
    return [
        name if name and times[name] == 1 else _numbered(name, account.account_id)
        for name, account in zip(wanted, accounts, strict=True)
    ]


def _numbered(name: str, account_id: str) -> str:
    return f"{name[: _LONGEST - len(account_id) - 1]}-{account_id}".lstrip("-")


def _cleaned(text: str) -> str:
    """A name that targets may have: letters without their accents, anything else a hyphen."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^\w.@+-]+", "-", plain, flags=re.ASCII).strip("-")[:_LONGEST]
