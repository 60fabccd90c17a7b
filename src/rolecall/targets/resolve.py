"""Settings and variables → targets, with every mistake found in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolecall.errors import Problem
from rolecall.settings import Settings
from rolecall.settings.load import Loaded
from rolecall.settings.sources import BadValueError, Raw
from rolecall.targets import regions
from rolecall.targets.arns import RoleArn
from rolecall.targets.entries import Draft, Reader, ReadList
from rolecall.targets.make import Maker
from rolecall.targets.model import Target
from rolecall.targets.names import Build

if TYPE_CHECKING:
    from rolecall.targets.organization import Call, Found, Wish

# What `plan` says of an organisation that it does not read.
ORGANIZATION = "AWS Organizations"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """The targets in order of deployment, the lists left unread, and every mistake.

    Attributes:
        targets: those of this process, of all in `whole`; `count` is that of all.
        found: what became of each account of the organisation; None where it was not read.
        remarks: what may be a mistake, and may be meant.
        overruled: what targets of this process have of their own that a flag goes before.
    """

    targets: tuple[Target, ...]
    count: int
    unread: tuple[str, ...]
    problems: tuple[Problem, ...]
    whole: tuple[Target, ...] = ()
    found: Found | None = None
    remarks: tuple[Problem, ...] = ()
    overruled: tuple[Problem, ...] = ()


def resolve(
    loaded: Loaded,
    *,
    build: Build,
    default_region: str,
    region_place: str = "AWS_REGION",
    read_list: ReadList,
    organization: Callable[[Wish], Call] | None = None,
    remote: bool = True,
    needs_region: bool = True,
    name: str = "",
) -> Resolved:
    """The targets that the settings mean.

    Args:
        default_region: where a target without regions is deployed; may be empty. region_place:
            what says so.
        read_list: reads the text of `ssm:`, `s3:` and `file:` lists.
        organization: gives what calls AWS Organizations; None where it is not to be read.
        remote: whether lists in AWS are read; else they are in `unread`.
        needs_region: whether a target without a region is a mistake.
        name: of the one target that is wanted; empty for all.
    """
    if "TARGETS" in loaded.bad:
        return Resolved(targets=(), count=0, unread=(), problems=())
    reader = Reader(loaded.target_variables, read_list, remote=remote)
    drafts = reader.drafts(loaded.settings.targets)
    maker = Maker(loaded, build, default_region, needs_region=needs_region)
    kept = maker.with_roles(drafts)
    wish, problems = _wish(loaded.settings)
    unread, found = reader.unread, None
    mistaken = [*loaded.problems, *reader.problems, *maker.problems, *problems]
    if wish and organization is None:
        unread = [*unread, ORGANIZATION]
    elif wish and organization and not mistaken:
        found, problems = _discovered(wish, organization, loaded.settings, kept)
        kept += maker.with_roles(_drafts(found, wish, loaded.settings.organization))
    targets = maker.make(kept)
    chosen = maker.chosen(targets, complete=not unread, name=name)
    return Resolved(
        targets=chosen,
        count=len(targets),
        whole=targets,
        unread=tuple(unread),
        problems=(*reader.problems, *problems, *maker.problems),
        found=found,
        remarks=tuple(
            _remarks(loaded, (region_place, (default_region,)), [draft for draft, _ in kept])
        ),
        overruled=tuple(maker.flags.overruled(chosen)),
    )


def _remarks(
    loaded: Loaded, default: tuple[str, tuple[str, ...]], drafts: Iterable[Draft]
) -> list[Problem]:
    """What is to be said of the regions: where STS is called, those of all targets, and of each."""
    given = loaded.given.get("REGIONS")
    common = (given.at() if given else "", loaded.settings.regions)
    own = ((draft.place, draft.own.get("regions") or ()) for draft in drafts)
    return regions.remarks([default, common, *own])


def _wish(settings: Settings) -> tuple[Wish | None, list[Problem]]:
    if settings.organization is None:
        return None, []
    from rolecall.targets.organization.wish import WishReader  # noqa: PLC0415  few have one

    reader = WishReader(settings.organization, settings.role)
    return reader.read(), reader.problems


def _discovered(
    wish: Wish,
    organization: Callable[[Wish], Call],
    settings: Settings,
    kept: Sequence[tuple[Draft, RoleArn]],
) -> tuple[Found | None, list[Problem]]:
    from rolecall.targets.organization import discover  # noqa: PLC0415  see _wish

    try:
        return discover(
            wish,
            organization(wish),
            allowed=frozenset(settings.allowed_accounts),
            listed_roles={role.text for _, role in kept},
            listed_names={draft.name for draft, _ in kept},
        )
    except BadValueError as error:
        return None, [Problem(wish.place, str(error))]


def _drafts(found: Found | None, wish: Wish, raw: Raw | None) -> Iterator[Draft]:
    for decision in found.taken() if found else ():
        unit = wish.units[decision.entry] if wish.units else None
        yield Draft(
            place=f"{wish.place}, account {decision.account.account_id}",
            name=decision.name,
            value=decision.role.text if decision.role else "",
            own=unit.own if unit else {},
            variables=unit.variables if unit else (),
            wave=decision.wave,
            flagged=raw is not None and raw.origin == "flag",
        )
