"""Drafts → targets: roles, names, waves, options, and every mistake in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import fields
from functools import cache
from typing import Any

from rolecall.errors import Problem
from rolecall.settings import Settings
from rolecall.settings.load import Loaded
from rolecall.settings.options import Option, options
from rolecall.settings.sources import BadValueError
from rolecall.targets import arns, grammar, names, roles, selection, waves
from rolecall.targets.arns import RoleArn
from rolecall.targets.entries import Draft
from rolecall.targets.flags import Flags
from rolecall.targets.model import SessionOptions, Target
from rolecall.targets.names import Build
from rolecall.targets.pin import differences, pin


class Maker:
    """Makes targets of drafts and keeps the mistakes it meets."""

    def __init__(
        self, loaded: Loaded, build: Build, default_region: str, *, needs_region: bool
    ) -> None:
        self._needs_region = needs_region
        self._loaded, self._build = loaded, build
        self._settings: Settings = loaded.settings
        self._regions = self._settings.regions or tuple(filter(None, [default_region]))
        self._partition = arns.partition_of(next(iter(self._regions), ""))
        self._default_name = names.default_session_name(build)
        # Targets that assume their roles alike share one object: there may be thousands.
        self._session = cache(SessionOptions)
        self.flags = Flags(loaded)
        self.problems: list[Problem] = []

    def with_roles(self, drafts: Iterable[Draft]) -> list[tuple[Draft, RoleArn]]:
        kept: list[tuple[Draft, RoleArn]] = []
        for draft in drafts:
            if not draft.value.startswith("arn:") and self._loaded.may_hold("ROLE"):
                continue
            try:
                kept.append((draft, self._role(draft)))
            except BadValueError as error:
                self.problems.append(Problem(draft.place, str(error)))
        return kept

    def make(self, kept: Sequence[tuple[Draft, RoleArn]]) -> tuple[Target, ...]:
        chosen = names.derived([role for _, role in kept], [draft.name for draft, _ in kept])
        in_waves = self._waves([draft.wave for draft, _ in kept])
        targets = [
            self._target(index, draft, role, name, wave)
            for index, ((draft, role), name, wave) in enumerate(
                zip(kept, chosen, in_waves, strict=True), 1
            )
        ]
        self._check([draft for draft, _ in kept], targets)
        return tuple(targets)

    def _role(self, draft: Draft) -> RoleArn:
        if draft.value.startswith("arn:"):
            return arns.parse(draft.value)
        arns.check_account(draft.value)
        template = self._settings.role
        if not template:
            raise BadValueError(
                f"{draft.value!r} is an account id: set ROLECALL_ROLE to the role's name"
            )
        return roles.of_account(
            template,
            account_id=draft.value,
            name=draft.name or draft.value,
            partition=self._partition,
            option="ROLECALL_ROLE",
        )

    def _waves(self, own: Sequence[int]) -> list[int]:
        sizes = self._settings.waves
        if not any(own):
            return waves.by_size(len(own), sizes)
        if sizes:
            wrong = "stands beside a `wave` of a target's own; keep one of the two"
            self.problems.append(Problem(self._loaded.given["WAVES"].at(), wrong))
        return waves.by_number(own)

    def chosen(
        self, whole: tuple[Target, ...], *, complete: bool, name: str = ""
    ) -> tuple[Target, ...]:
        """Those that ONLY leaves, in the regions of a flag, and of these the one that is named.

        Without a name it is those of the SHARD: who names a target has divided them already.

        Args:
            whole: all the targets. complete: no list was left unread.
        """
        settings = self._settings
        if complete and (changed := self._changed(whole)):
            self.problems.append(changed)
            complete = False
        targets = known = self.flags.narrowed(whole)
        if settings.only:
            targets, unknown = selection.only(known, settings.only)
            if complete:
                self.problems += [self._means_none(word, known) for word in unknown]
            self.problems += self._twofold(known)
        if not name:
            targets = selection.shard(targets, settings.shard.number, settings.shard.count)
        elif complete and known and not self.problems:
            targets = self._named(name, targets, known)
        self.problems += self.flags.problems(targets, whole)
        return targets

    def _named(
        self, name: str, targets: tuple[Target, ...], known: Sequence[Target]
    ) -> tuple[Target, ...]:
        try:
            return (selection.named(targets, name),)
        except BadValueError as error:
            wrong = str(error)
        with suppress(BadValueError):
            selection.named(known, name)
            wrong = f"{name!r} is not among the targets that ONLY leaves; leave one of them out"
        self.problems.append(Problem("TARGET", wrong))
        return ()

    def _twofold(self, known: Sequence[Target]) -> list[Problem]:
        place = self._loaded.given["ONLY"].at()
        return [
            Problem(place, f"{word!r} {names.twofold(others)}")
            for word in self._settings.only
            if (others := selection.also_of(word, known))
        ]

    def _changed(self, targets: tuple[Target, ...]) -> Problem | None:
        """A part of another list than this would leave some targets out and take others twice."""
        pinned = self._settings.shard.pin
        what = pinned and differences(pinned, pin(targets))
        if not what:
            return None
        wrong = (
            f"the list of targets has changed since it was divided: {what}; divide it again"
            " (`rolecall plan --batch`), and deploy every part of that"
        )
        return Problem(self._loaded.given["SHARD"].at(), wrong)

    def _means_none(self, word: str, known: Sequence[Target]) -> Problem:
        text = f"{word!r} means no target{selection.instead(word, known)}"
        return Problem(self._loaded.given["ONLY"].at(), text)

    def _target(self, index: int, draft: Draft, role: RoleArn, name: str, wave: int) -> Target:
        values: dict[str, Any] = {}
        for option in _session_options():
            values[option.key] = self.flags.value(option, draft, index)
        values["session_name"] = self._session_name(draft, role, name, values["session_name"])
        return Target(
            index=index,
            name=name,
            role=role,
            regions=draft.own.get("regions") or self._regions,
            variables=draft.variables,
            session=self._session(**values),
            wave=wave,
            region_variables=self.flags.region_variables(draft),
        )

    def _session_name(self, draft: Draft, role: RoleArn, name: str, template: str) -> str:
        raw = self._loaded.given.get("SESSION_NAME")
        own = "session_name" in draft.own and not self.flags.goes_before("SESSION_NAME", draft)
        if not own and raw is None:
            return self._default_name
        try:
            return names.session_name(
                template, self._build, target=name, account_id=role.account_id
            )
        except BadValueError as error:
            place = draft.place if own or raw is None else raw.at()
            self.problems.append(Problem(place, str(error)))
            return self._default_name

    def _check(self, drafts: Sequence[Draft], targets: Sequence[Target]) -> None:
        seen: dict[str, str] = {}
        roles: dict[tuple[str, str], str] = {}
        first = targets[0].role.partition if targets else ""
        for draft, target in zip(drafts, targets, strict=True):
            place = draft.place
            for text in self._mistakes(draft, target, first):
                self.problems.append(Problem(place, text))
            if target.name in seen:
                wrong = f"{target.name!r} is already the name of {seen[target.name]}"
                hint = "" if draft.name else "; give one of them a name: name=arn:aws:iam::…"
                self.problems.append(Problem(place, wrong + hint))
            for region in target.regions:
                key = (target.role.text, region)
                if key in roles:
                    self.problems.append(
                        Problem(place, f"{target.role.text} stands in {roles[key]} already")
                    )
                    break
                roles[key] = place
            seen.setdefault(target.name, place)

    def _mistakes(self, draft: Draft, target: Target, partition: str) -> list[str]:
        mistakes = []
        allowed = self._settings.allowed_accounts
        if not re.fullmatch(grammar.NAME, target.name, re.ASCII):
            mistakes.append(
                f"{target.name!r} is no name; write 1 to 64 of letters, digits and _.@+-"
            )
        if names.is_of_another(target.name, target.account_id):
            wrong = f"{target.name!r} cannot be the name of a target in account {target.account_id}"
            mistakes.append(f"{wrong}: it is the id of another account; give it another name")
        if target.name in grammar.RESERVED:
            mistakes.append(
                f"{target.name!r} is no name for a profile: SDKs take that section of AWS's files"
                " for something else; write another name"
            )
        if allowed and target.account_id not in allowed:
            mistakes.append(f"account {target.account_id} is not among ALLOWED_ACCOUNTS")
        if target.role.partition != partition:
            mistakes.append(
                f"{target.role.text} is of another partition than the first target ({partition});"
                " credentials do not cross partitions: run rolecall once for each"
            )
        if not target.regions and self._needs_region:
            mistakes.append(f"{target.name} has no region: set ROLECALL_REGIONS or AWS_REGION")
        mistakes += [
            f"region {region!r} is not of the partition of {target.role.text}"
            for region in target.regions
            if arns.partition_of(region) != target.role.partition
        ]
        mistakes += [
            f"VIA has {arn}, which is of another partition than {target.role.text}"
            for arn in target.session.via
            if arn.split(":")[1] != target.role.partition
        ]
        # Where a flag says the regions of all, those of the file that it replaces may be more.
        if "region_variables" in draft.own and ("regions" in draft.own or not self.flags.regions):
            strange = {region for region, _ in draft.own["region_variables"]} - {*target.regions}
            mistakes += [f"region_variables has {r!r}, where it is not deployed" for r in strange]
        missing = set(target.session.transitive_tags) - {key for key, _ in target.session.tags}
        if missing:
            mistakes.append(f"TRANSITIVE_TAGS names {min(missing)!r}, which TAGS has not")
        return mistakes


@cache
def _session_options() -> tuple[Option, ...]:
    wanted = {item.name for item in fields(SessionOptions)}
    return tuple(option for option in options() if option.key in wanted)
