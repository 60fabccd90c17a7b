"""The reports of many builds, joined into the one that a single run would have given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest

from rolecall import wording
from rolecall.errors import FileError
from rolecall.results import Outcome, Plan, Result, Span, Status
from rolecall.targets.pin import differences

_MOST_NAMED = 10
_WHOLE = "1/1"
_LONGEST = 60
_DEPLOY_AGAIN = "deploy every part of one list with the same commands, and merge those reports only"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One build's report. `place` is where it was read from."""

    place: str
    outcome: Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """The whole, and what is to be said of how it came about."""

    outcome: Outcome
    notes: tuple[str, ...]


def merge(parts: Sequence[Part]) -> Merged:
    """Joins reports: one Result per target and region, in the order of deployment.

    What stands in several reports is taken from the one that started last; one in which it was not
    run counts for less than one in which it was. Of a build that was done again as a whole nothing
    else is kept.

    Args:
        parts: one at least.

    Raises:
        FileError: where they are not of one list of targets.
    """
    parts = sorted(parts, key=lambda part: part.outcome.started_at)
    _check_runs(parts)
    _check(parts)
    _check_lists(parts)
    taken = _taken(parts)
    results = sorted((result for _, result in taken.values()), key=lambda result: result.index)
    kept = {id(part) for part, _ in taken.values()}
    counting = [p.outcome for p in parts if id(p) in kept or not p.outcome.results]
    outcome = replace(_head(counting, [part.outcome for part in parts]), results=tuple(results))
    missing = _missing(outcome)
    notes = [
        *_again(parts, len(taken)),
        *_once("before", counting),
        *_once("after", counting),
        *_differing(counting),
        *_absent(outcome, missing, counting),
    ]
    return Merged(outcome=replace(outcome, missing=len(missing)), notes=tuple(notes))


def _check_runs(parts: Sequence[Part]) -> None:
    """Whether they can be of one run, by what they say of it.

    A run's success must not fill the gap that a build of another one has left.
    """
    _same(parts, "run", lambda outcome: outcome.run_id)
    _same(parts, "number of targets", lambda outcome: outcome.targets_in_all)
    shards = [part for part in parts if part.outcome.shard != _WHOLE]
    for part in parts:
        outcome = part.outcome
        whole = len({result.index for result in outcome.results}) == outcome.targets_in_all
        if shards and outcome.shard == _WHOLE and whole:
            raise FileError(
                f"{part.place} is of a run to all {outcome.targets_in_all:,} targets, and"
                f" {shards[0].place} is a shard of one; merge the reports of one run only"
            )


def _same(parts: Sequence[Part], what: str, known: Callable[[Outcome], object]) -> None:
    """Whether all that know it say the same."""
    knowing = [part for part in parts if known(part.outcome)]
    for part in knowing:
        if known(part.outcome) != known(knowing[0].outcome):
            raise FileError(
                f"{knowing[0].place} and {part.place} are not of one run: the {what} is"
                f" {known(knowing[0].outcome)} in the first and {known(part.outcome)} in the"
                " second; merge the reports of one run only"
            )


def _check(parts: Sequence[Part]) -> None:
    """Each place in the list is one target's, and each name one role's, in all of the reports."""
    seen: dict[int | str, tuple[str, str]] = {}
    for part in parts:
        for result in part.outcome.results:
            pairs: tuple[tuple[int | str, str], ...] = (
                (result.index, result.target),
                (result.target, result.role_arn),
            )
            for key, value in pairs:
                known, place = seen.setdefault(key, (value, part.place)) if key else (value, "")
                if known != value:
                    what = f"target {key}" if isinstance(key, int) else key
                    raise FileError(
                        f"{place} and {part.place} are not of one list of targets: {what} is"
                        f" {known} in the first and {value} in the second; merge the reports of"
                        " one run only"
                    )


def _check_lists(parts: Sequence[Part]) -> None:
    """Whether all were parts of one list, and did the same: else some target is in none."""
    for one, other in _first_beside_others(parts, lambda outcome: outcome.targets_digest):
        if what := differences(one.outcome.targets_digest, other.outcome.targets_digest):
            raise FileError(
                f"{one.place} and {other.place} are not of one list of targets: {what} between the"
                f" two; {_DEPLOY_AGAIN}"
            )
    for one, other in _first_beside_others(parts, lambda outcome: outcome.commands_digest):
        if one.outcome.commands_digest != other.outcome.commands_digest:
            differing = _command_that_differs(one.outcome.plan, other.outcome.plan)
            raise FileError(
                f"{one.place} and {other.place} are not of the same commands: {differing};"
                f" {_DEPLOY_AGAIN}"
            )


def _first_beside_others(
    parts: Sequence[Part], known: Callable[[Outcome], str]
) -> Iterator[tuple[Part, Part]]:
    """Of those that know it, the first with each of the others."""
    knowing = [part for part in parts if known(part.outcome)]
    yield from ((knowing[0], part) for part in knowing[1:])


def _command_that_differs(one: Plan, other: Plan) -> str:
    for number, (was, now) in enumerate(zip_longest(one.commands, other.commands), 1):
        if was != now:
            first, second = _quoted(was), _quoted(now)
            return f"command {number} is {first} in the first and {second} in the second"
    return "their shell is another one, or they are otherwise divided"


def _quoted(command: str | None) -> str:
    if command is None:
        return "missing"
    line = wording.printable(command.strip())
    return f"`{line[:_LONGEST]}…`" if len(line) > _LONGEST else f"`{line}`"


def _taken(parts: Iterable[Part]) -> dict[tuple[str, str], tuple[Part, Result]]:
    """For each target and region the Result that holds, and the report it is of."""
    taken: dict[tuple[str, str], tuple[Part, Result]] = {}
    for part in parts:
        for result in part.outcome.results:
            key = (result.target, result.region)
            if key not in taken or _replaces(result, taken[key][1]):
                taken[key] = (part, result)
    return taken


def _replaces(later: Result, earlier: Result) -> bool:
    """Of what was done and what only tells of it, the first says more."""
    if later.status is Status.SUCCEEDED_BEFORE:
        return earlier.status is not Status.SUCCEEDED
    return later.status is not Status.NOT_RUN or earlier.status is Status.NOT_RUN


def _head(counting: Sequence[Outcome], everything: Sequence[Outcome]) -> Outcome:
    """All but the results. The time is that of every build, also of those done again."""
    starts = [outcome.started_at for outcome in everything]
    ends = [outcome.started_at + outcome.seconds for outcome in everything]
    signals = [o.signal_number for o in counting if o.signal_number is not None]
    return Outcome(
        results=(),
        before=_gravest([outcome.before for outcome in counting]),
        after=_gravest([outcome.after for outcome in counting]),
        plan=_plan([outcome.plan for outcome in counting]),
        preflight=_preflight([outcome.preflight for outcome in counting]),
        preflight_failed=any(outcome.preflight_failed for outcome in counting),
        signal_number=signals[0] if signals else None,
        started_at=min(starts),
        seconds=max(ends) - min(starts),
        bug="\n".join(outcome.bug for outcome in counting if outcome.bug),
        run_id=_known(outcome.run_id for outcome in everything),
        targets_in_all=max(outcome.targets_in_all for outcome in everything),
        targets_digest=_known(outcome.targets_digest for outcome in everything),
        commands_digest=_known(outcome.commands_digest for outcome in everything),
        origins=tuple(dict.fromkeys(o for outcome in counting for o in outcome.origins)),
    )


def _known(found: Iterable[str]) -> str:
    """What all say that know it."""
    return next(filter(None, found), "")


def _gravest(found: Iterable[Result | None]) -> Result | None:
    """One that failed, else the first."""
    there = [result for result in found if result]
    failed = (result for result in there if result.status is Status.FAILED)
    return next(failed, next(iter(there), None))


def _plan(plans: Sequence[Plan]) -> Plan:
    """The first one's, with the options that all of them were given alike."""
    shared = set(plans[0].options).intersection(*(plan.options for plan in plans[1:]))
    options = tuple(option for option in plans[0].options if option in shared)
    flags = plans[0].flags if all(plan.flags == plans[0].flags for plan in plans) else None
    return replace(plans[0], options=options, flags=flags)


def _preflight(spans: Iterable[Span | None]) -> Span | None:
    there = [span for span in spans if span]
    if not there:
        return None
    first = min(span.started_at for span in there)
    return Span(
        started_at=first, seconds=max(span.started_at + span.seconds for span in there) - first
    )


def _missing(outcome: Outcome) -> list[int]:
    """The places, from 1, of the targets that no report tells of."""
    seen = {result.index for result in outcome.results}
    return [index for index in range(1, outcome.targets_in_all + 1) if index not in seen]


def _again(parts: Sequence[Part], distinct: int) -> Iterator[str]:
    double = sum(len(part.outcome.results) for part in parts) - distinct
    if double:
        yield (
            f"{wording.count(double, 'result')} stand in more than one report: what was started"
            " last counts"
        )


def _once(name: str, outcomes: Iterable[Outcome]) -> Iterator[str]:
    found = [outcome for outcome in outcomes if getattr(outcome, name)]
    if len(found) > 1:
        kept = _gravest(getattr(outcome, name) for outcome in found)
        yield (
            f"the commands {name} ran in {len(found):,} builds; the report has the one that"
            f" {kept.status if kept else ''}"
        )


def _differing(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if any(one.plan.commands != other.plan.commands for one, other in pairwise(outcomes)):
        yield "the builds did not all run the same commands"


def _absent(outcome: Outcome, missing: Sequence[int], outcomes: Iterable[Outcome]) -> Iterator[str]:
    if not missing:
        return
    places = ", ".join(map(str, missing[:_MOST_NAMED]))
    places += f" and {len(missing) - _MOST_NAMED:,} more" if len(missing) > _MOST_NAMED else ""
    whole = wording.count(outcome.targets_in_all, "target")
    verb = "is" if len(missing) == 1 else "are"
    yield (f"{len(missing):,} of {whole} {verb} in no report, by their place in the list: {places}")
    shards = {outcome.shard for outcome in outcomes}
    count = max((int(shard.rpartition("/")[2]) for shard in shards), default=1)
    gone = [f"{n}/{count}" for n in range(1, count + 1) if f"{n}/{count}" not in shards]
    if gone:
        yield f"there is no report of {', '.join(gone[:_MOST_NAMED])} (SHARD)"
