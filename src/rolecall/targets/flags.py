"""What a flag says of all targets, beside what a target has of its own: flags win."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rolecall.errors import Problem
from rolecall.settings.load import Loaded
from rolecall.settings.options import Option
from rolecall.targets import selection
from rolecall.targets.entries import Draft
from rolecall.targets.model import Target

Variables = tuple[tuple[str, str], ...]


class Flags:
    """Decides between the two, and keeps what a flag has gone before.

    A target's own value goes before a variable's or the file's for all targets, being said of it
    alone; a flag goes before it, unless a flag wrote it too. Two are exceptions, so that none does
    more than was meant: REGIONS narrows the regions that a target has, and what guards is not
    replaced.

    Attributes:
        regions: what the flag REGIONS names; empty where there is none.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._overruled: dict[int, list[tuple[Option, str]]] = {}
        self.regions = loaded.settings.regions if self._place("REGIONS") else ()

    def value(self, option: Option, draft: Draft, index: int) -> Any:
        """What holds for the target of that index."""
        common = getattr(self._loaded.settings, option.key)
        own = draft.own.get(option.key, common)
        if own == common or not self.goes_before(option.name, draft):
            return own
        self._overruled.setdefault(index, []).append((option, draft.place))
        return common

    def region_variables(self, draft: Draft) -> tuple[tuple[str, Variables], ...]:
        """Both, region by region; of one variable the later value counts."""
        common = self._loaded.settings.region_variables
        own = dict(draft.own.get("region_variables") or ())
        if not own:
            return common
        both = [dict(common), own]
        if self.goes_before("REGION_VARIABLES", draft):
            both.reverse()
        regions = dict.fromkeys([*dict(common), *own])
        return tuple((r, tuple(pair for each in both for pair in each.get(r, ()))) for r in regions)

    def goes_before(self, name: str, draft: Draft) -> bool:
        return bool(self._place(name)) and not draft.flagged

    def narrowed(self, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        return selection.within(targets, self.regions) if self.regions else targets

    def problems(self, chosen: Iterable[Target], whole: Sequence[Target]) -> Iterator[Problem]:
        """What flags want of the chosen targets that is not to be had, or not without a loss."""
        regions = {target.index: target.regions for target in whole}
        for target in chosen:
            own = regions[target.index]
            strange = [region for region in self.regions if own and region not in own]
            if strange:
                text = (
                    f"names {', '.join(strange)}, where {target.name} is not deployed to: its own"
                    f" regions are {', '.join(own)}; leave out what it has not, or choose targets"
                    f" by their region: --only '*/{strange[0]}'"
                )
                yield Problem(self._place("REGIONS"), text)
            for option, place, flag in self._of(target):
                if option.guards:
                    text = (
                        f"has a {option.key} of its own, which {flag} would replace, and which may"
                        " narrow more; leave the flag out, or take out the target's own"
                    )
                    yield Problem(place, text)

    def overruled(self, chosen: Iterable[Target]) -> Iterator[Problem]:
        """What the chosen targets have of their own and a flag goes before."""
        for target in chosen:
            for option, place, flag in self._of(target):
                yield Problem(place, f"has a {option.key} of its own, which {flag} goes before")

    def _of(self, target: Target) -> Iterator[tuple[Option, str, str]]:
        for option, place in self._overruled.get(target.index, ()):
            yield option, place, self._place(option.name)

    def _place(self, name: str) -> str:
        """The flag as it was written; empty where the option was not given by one."""
        raw = self._loaded.given.get(name)
        return raw.place if raw and raw.origin == "flag" else ""
