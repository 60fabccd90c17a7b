"""Decides about each account: taken, or left out and why. Asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from rolecall.errors import Problem
from rolecall.settings.options import WAVE
from rolecall.settings.sources import BadValueError
from rolecall.targets.organization.model import ACTIVE, Account, Decision, Tree
from rolecall.targets.organization.wish import ANY, Term, Wish
from rolecall.wording import nearest

MANAGEMENT = "the management account"
NOT_ALLOWED = "not among ALLOWED_ACCOUNTS"
_ORDERS: Mapping[str, Callable[[Account], tuple[str | float, ...]]] = {
    "name": lambda account: (account.name.casefold(), account.account_id),
    "account": lambda account: (account.account_id,),
    "joined": lambda account: (account.joined, account.account_id),
}


def by_place(
    wish: Wish, tree: Tree, allowed: Collection[str]
) -> tuple[list[Decision], tuple[Term, ...]]:
    """A decision about each account by its state, unit, name and id, in the order of deployment.

    That order is the units' as they are given, and within each the wish's.

    Args:
        allowed: account ids, none for all.

    Returns:
        The decisions, and the terms of `exclude` that leave out nothing.
    """
    used: set[str] = set()
    decisions = []
    for account in sorted(tree.accounts, key=_ORDERS[wish.order]):
        decision, terms = _placed(account, tree)
        terms = [*(term.text for term in wish.exclude if _names(term, account)), *terms]
        used.update(terms)
        reason = _reason(account, terms, allowed)
        decisions.append(replace(decision, reason=reason, wave=_wave(wish, decision)))
    decisions.sort(key=lambda decision: decision.entry)
    return decisions, tuple(term for term in wish.exclude if term.text not in used)


def mistake(term: Term, tree: Tree) -> str:
    """What is wrong with a term that leaves out nothing; empty where that may be as it should be.

    Accounts go, and so do the units that ids stand for; a unit may be empty, or be none of those
    asked for. But a name that nothing has is one misspelt, or one from before a rename.
    """
    if any(term.text in terms for terms in tree.excluded.values()):
        return ""
    names = [account.name for account in tree.accounts]
    if not term.exact:
        near = nearest(term.text, (name for name in names if "[" in name))
        return _nothing(term, near) if near and "[" in term.text else ""
    word = term.text.strip("/")
    paths = [path.strip("/") for path in tree.paths.values() if path.startswith("/")]
    near = next((path for path in paths if path.endswith(f"/{word}")), "")
    return _nothing(term, near or nearest(word, [*names, *filter(None, paths)]))


def _nothing(term: Term, near: str) -> str:
    hint = f"; did you mean {near!r}?" if near else ""
    return (
        f"{term.text!r} leaves nothing out: no account or unit that was read is called that{hint}"
        " (where it is gone for good, take it out)"
    )


def by_tags(
    wish: Wish, decisions: Sequence[Decision], tags: Mapping[str, Mapping[str, str]]
) -> tuple[list[Decision], list[Problem]]:
    """The decisions once the tags of the accounts taken so far are known, by account id."""
    made, problems = [], []
    for decision in decisions:
        its = tags.get(decision.account.account_id, {})
        reason = decision.reason or _unwanted(wish, its)
        wave = decision.wave
        if not reason and (text := its.get(wish.wave_tag)):
            try:
                wave = WAVE.parse(text)
            except BadValueError as error:
                account = f"{decision.account.account_id} ({decision.account.name})"
                wrong = f"the tag {wish.wave_tag} of account {account}: {error}"
                problems.append(Problem(wish.place, wrong))
        made.append(replace(decision, reason=reason, wave=wave))
    return made, problems


def _placed(account: Account, tree: Tree) -> tuple[Decision, Sequence[str]]:
    """Which of the units asked for holds it: the nearest above it has the say.

    With it come the terms that leave that unit out, if any do.
    """
    path = tree.paths.get(account.unit, "")
    for unit_id in tree.upwards(account.unit):
        if unit_id in tree.excluded:
            return Decision(account=account, path=path), tree.excluded[unit_id]
        if unit_id in tree.given:
            return Decision(account=account, path=path, entry=tree.given[unit_id]), ()
    return Decision(account=account, path=path), ()


def _wave(wish: Wish, decision: Decision) -> int:
    return wish.units[decision.entry].wave if wish.units else 0


def _names(term: Term, account: Account) -> bool:
    """Whether it may mean the account. A bracket is read both as itself and as a set's."""
    literal = term.text.replace("[", "[[]")
    return term.text == account.account_id or any(
        fnmatchcase(account.name, pattern) for pattern in (term.text, literal)
    )


def _reason(account: Account, terms: Sequence[str], allowed: Collection[str]) -> str:
    if account.management:
        return MANAGEMENT
    if account.state != ACTIVE:
        return account.state.lower().replace("_", " ")
    if terms:
        return f"excluded by {terms[0]}"
    if allowed and account.account_id not in allowed:
        return NOT_ALLOWED
    return ""


def _unwanted(wish: Wish, tags: Mapping[str, str]) -> str:
    """The first tag that is asked for and will not do; empty where all do."""
    for key, wanted in wish.tags.items():
        if key not in tags:
            return f"no tag {key}"
        if ANY not in wanted and tags[key] not in wanted:
            return f"tag {key} is {tags[key]!r}"
    return ""
