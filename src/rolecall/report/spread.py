"""How a run is spread over waves and time, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rolecall import wording
from rolecall.commands.workspace import COPY, SHARED
from rolecall.schedule import policy_of
from rolecall.settings import Settings
from rolecall.targets import Target

_MOST_NAMED = 8
_LONGEST_NAME = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """How a run is spread.

    Attributes:
        count: of all targets. waves: the numbers that they have, in order.
        at_once: how many targets, or regions of targets, may ever run at once.
        name_width: what the names before lines of output are padded to.
        words: the same for people.
        workspace: where commands run: in a copy of the folder for each, or in the folder itself.
        unit: what a target in one of its regions is called. lane: what counts as one in a wave.
    """

    count: int = 0
    waves: tuple[int, ...] = (1,)
    at_once: int = 1
    name_width: int = 0
    words: str = ""
    unit: str = "target"
    lane: str = "target"
    workspace: str = SHARED

    @property
    def where(self) -> str:
        """Where commands run, for people."""
        if self.workspace == SHARED:
            return "this folder" + (
                f", shared by up to {self.at_once:,} at once" if self._many else ""
            )
        many = f", up to {self.at_once:,} at once" if self._many else ""
        return f"a copy of this folder for each {self.unit}{many}"

    @property
    def _many(self) -> bool:
        return self.at_once > 1

    def prefix(self, target: Target, region: str) -> str:
        """What stands before each line of a target's output."""
        return f"{wording.padded(label(target, region), self.name_width)} | "


def spread(settings: Settings, targets: Sequence[Target], count: int) -> Spread:
    """How the targets will run under the settings. `count` is that of all targets."""
    policy = policy_of(settings)
    by_region = settings.region_concurrency == "parallel"
    sizes = Counter(target.wave for target in targets)
    lanes: Counter[int] = Counter()
    for target in targets:
        lanes[target.wave] += len(target.regions) if by_region else 1
    at_once = max(map(policy.at_once, lanes.values()), default=1)
    deployments = [(target, region) for target in targets for region in target.regions]
    unit = wording.unit(target.name for target, _ in deployments)
    lane = unit if by_region else "target"
    names = (label(*deployment) for deployment in deployments)
    words = wording.count(len(targets), "target")
    if len(targets) < count:
        words += f" of {count:,}"
    beside = [f"shard {settings.shard}"] if settings.shard.count > 1 else []
    if unit != "target":
        regions = wording.count(len({region for _, region in deployments}), "region")
        beside.append(f"{wording.count(len(deployments), unit)} in {regions}")
    words += f" ({'; '.join(beside)})" if beside else ""
    if len(sizes) > 1:
        words += f" in {len(sizes)} waves{_few([sizes[number] for number in sorted(sizes)])}"
    each = f" {lane}s" if lane != "target" else ""
    words += f", up to {at_once}{each} at once" if at_once > 1 else ", in sequence"
    return Spread(
        count=count,
        unit=unit,
        lane=lane,
        workspace=settings.workspace or (COPY if at_once > 1 else SHARED),
        waves=tuple(sorted(sizes)),
        at_once=at_once,
        name_width=min(_LONGEST_NAME, max(map(wording.columns, names), default=0)),
        words=f"{words}; on failure: {settings.on_failure}"
        + _tolerance(settings, [lanes[number] for number in sorted(lanes)])
        + (f"; as approved in {settings.plan}" if settings.plan else ""),
    )


def label(target: Target, region: str) -> str:
    """A target's name, with the region where it has several."""
    return f"{target.name} {region}" if len(target.regions) > 1 else target.name


def _few(sizes: Sequence[int]) -> str:
    """The sizes of waves, where they are few enough to be read."""
    return f" of {', '.join(map(str, sizes))}" if len(sizes) <= _MOST_NAMED else ""


def _tolerance(settings: Settings, sizes: Sequence[int]) -> str:
    """How many may fail, a share as the number that it is of waves of these sizes."""
    most = settings.max_failures
    if most is None:
        return ""
    if settings.failures_per == "wave":
        number = f" ({_of_each([most.of(size) for size in sizes])})" if most.percent else ""
        return f" once more than {most} of a wave failed{number}"
    if not most.percent or not sizes:
        return f" once more than {most} failed"
    total = sum(sizes)
    return f" once more than {most.of(total):,} failed ({most} of {total:,})"


def _of_each(numbers: Sequence[int]) -> str:
    if len(set(numbers)) > 1 and len(numbers) <= _MOST_NAMED:
        return ", ".join(map(str, numbers))
    least, most = min(numbers, default=0), max(numbers, default=0)
    return f"{least} to {most}" if least < most else f"{most} in each"
