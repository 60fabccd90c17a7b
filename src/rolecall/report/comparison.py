"""What differs between two runs: what failed newly, what was mended, what takes longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from rolecall import wording
from rolecall.report.digest import Digest, verdict
from rolecall.report.record import minute
from rolecall.report.summary import code
from rolecall.report.texts import Texts
from rolecall.results import Outcome, Result, Status
from rolecall.secret import Mask

# Less than both is chance.
_SHARE, _SECONDS = 0.2, 1.0
_MOST_TIMES = 10
_LONGEST_TEXT = 300
_BAD = (Status.FAILED, Status.NOT_ASSUMED)
_GOOD = (Status.SUCCEEDED, Status.SUCCEEDED_BEFORE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A target and region of one run or both: `before` in the earlier one, `now` in the later."""

    before: Result | None
    now: Result | None

    @property
    def result(self) -> Result:
        found = self.now or self.before
        assert found is not None  # noqa: S101  one of two is there
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two runs, and what differs, by what it is called. `places` is where they were read."""

    before: Outcome
    now: Outcome
    changes: Mapping[str, list[Change]]
    places: tuple[str, str] = ("", "")


def compare(before: Outcome, now: Outcome, places: tuple[str, str] = ("", "")) -> Comparison:
    """What differs from one run to another. A target is the same where its name and region are."""
    old, new = _by_name(before), _by_name(now)
    pairs = [Change(before=old.get(key), now=new.get(key)) for key in {**old, **new}]
    # A target that a run was told to leave out is there all the same.
    names = {"Added": "Left out before"} if _narrowed(before) else {}
    names |= {"Gone": "Left out now"} if _narrowed(now) else {}
    changes: dict[str, list[Change]] = {names.get(name, name): [] for name in _KINDS}
    for change in pairs:
        if name := next((name for name, true in _KINDS.items() if true(change)), ""):
            changes[names.get(name, name)].append(change)
    return Comparison(before=before, now=now, changes=changes | _times(pairs), places=places)


def _narrowed(outcome: Outcome) -> bool:
    return any(option.name in ("only", "shard") for option in outcome.plan.options)


def _by_name(outcome: Outcome) -> dict[tuple[str, str, str], Result]:
    # A name that is another account's now is another target.
    return {(r.target, r.account_id, r.region): r for r in outcome.everything}


def _was(change: Change) -> Status | None:
    return change.before.status if change.before else None


def _is(change: Change) -> Status | None:
    return change.now.status if change.now else None


# In the order in which they matter; each change is told once, under the first that is true of it.
_KINDS: Mapping[str, Callable[[Change], bool]] = {
    "Newly failed": lambda c: _is(c) in _BAD and _was(c) not in _BAD,
    "Still failing": lambda c: _is(c) in _BAD,
    "No longer reached": lambda c: _is(c) is Status.NOT_RUN is not _was(c) and bool(c.before),
    "Mended": lambda c: _is(c) in _GOOD and _was(c) in _BAD,
    "Reached now": lambda c: _is(c) in _GOOD and _was(c) is Status.NOT_RUN,
    "Added": lambda c: c.before is None,
    "Gone": lambda c: c.now is None,
}


def _times(pairs: list[Change]) -> dict[str, list[Change]]:
    """Those that take much longer or less than before, the largest difference first."""
    both = [c for c in pairs if _is(c) is _was(c) is Status.SUCCEEDED]
    much = sorted((c for c in both if _much(c)), key=lambda c: -abs(_longer(c)))
    return {
        "Slower": [c for c in much if _longer(c) > 0],
        "Faster": [c for c in much if _longer(c) < 0],
    }


def _longer(change: Change) -> float:
    return change.now.seconds - change.before.seconds if change.now and change.before else 0.0


def _much(change: Change) -> bool:
    before = change.before.seconds if change.before else 0.0
    return abs(_longer(change)) >= max(_SECONDS, _SHARE * before)


def text(comparison: Comparison, mask: Mask) -> str:
    """For a terminal."""
    texts = Texts(mask)
    lines = [*_head(comparison)]
    for title, told in _sections(comparison, texts):
        lines += ["", f"{title}:", *(f"  {name}{what and '  '}{what}" for name, what in told)]
    return "\n".join(lines) + "\n"


def markdown(comparison: Comparison, mask: Mask) -> str:
    """For a comment on GitHub, GitLab or CodeCatalyst."""
    texts = Texts(mask)
    lines = ["## rolecall: two runs compared", "", *(f"- {line}" for line in _head(comparison))]
    for title, told in _sections(comparison, texts):
        lines += ["", f"### {title}", ""]
        lines += [f"- {code(name)}{what and ': '}{code(what)}" for name, what in told]
    return "\n".join(lines) + "\n"


def _head(comparison: Comparison) -> Iterator[str]:
    runs = (("before", comparison.before), ("now", comparison.now))
    for (name, outcome), place in zip(runs, comparison.places, strict=True):
        which = f"{name} ({wording.printable(place)})" if place else name
        said = verdict(outcome) or "nothing was run"
        when = minute(outcome.started_at)
        yield f"{which}: {said}, in {wording.seconds(outcome.seconds)} ({when})"
    if not any(comparison.changes.values()):
        yield "nothing differs"


def _sections(comparison: Comparison, texts: Texts) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each kind that there is, with its targets and what is said of each."""
    names = dict.fromkeys(("Gone", "Left out now"), Digest(comparison.before))
    digest = Digest(comparison.now)
    for title, changes in comparison.changes.items():
        timed = title in ("Slower", "Faster")
        shown = changes[:_MOST_TIMES] if timed else changes
        told = [
            (
                texts.start(names.get(title, digest).name(change.result), _LONGEST_TEXT),
                texts.start(_spent(change) if timed else _said(change), _LONGEST_TEXT),
            )
            for change in shown
        ]
        if told:
            more = f", the first {len(told)}" if len(told) < len(changes) else ""
            yield f"{title} ({len(changes):,}{more})", told


def _spent(change: Change) -> str:
    if not (change.before and change.now):
        return ""
    return f"{wording.seconds(change.before.seconds)} -> {wording.seconds(change.now.seconds)}"


def _said(change: Change) -> str:
    """What became of it and why; what it was before, where that is something else."""
    now, before = change.now, change.before
    if now is None:
        return f"was {before.status}" if before else ""
    failed = now.failed_command
    why = failed.reason if failed else now.reason
    said = f"{now.status}: {why}" if why else str(now.status)
    return f"{said} (was {before.status})" if before and before.status is not now.status else said
