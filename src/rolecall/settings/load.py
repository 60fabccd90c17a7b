"""Merges flags, variables and file into Settings, and finds every mistake in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Self

from rolecall.errors import Problem
from rolecall.settings import levels, sources, unresolved, yamlfile
from rolecall.settings.options import Settings, options
from rolecall.settings.sources import PREFIX, BadValueError, Raw
from rolecall.wording import nearest

CONFIG = "CONFIG"
DEFAULT_FILE = "rolecall.yml"
TARGET = "TARGET_"
# Set for the commands of a target, so that a rolecall that they start meets them.
CONTEXT = frozenset(
    {"TARGET", "ACCOUNT_ID", "ROLE_ARN", "REGION", "INDEX", "COUNT", "ARTIFACTS", "SCRATCH"}
)
# Put out by a run (report.exports); a pipeline may hand them on to another one.
EXPORTS = frozenset(
    {
        "SUCCEEDED",
        "SUCCEEDED_TARGETS",
        "SUCCEEDED_BEFORE",
        "SUCCEEDED_BEFORE_TARGETS",
        "FAILED",
        "FAILED_TARGETS",
        "NOT_ASSUMED",
        "NOT_ASSUMED_TARGETS",
        "NOT_RUN",
        "NOT_RUN_TARGETS",
        "EXIT_CODE",
        "REPORT_FILE",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """Settings, and what was found on the way to them.

    Attributes:
        given: the raw value of each option that was set, by name.
        empty: where those that have no other value were given an empty one.
        bad: names of the options whose value would not do; they hold their default.
        target_variables: `ROLECALL_TARGET_<NAME>`, by `<NAME>`.
        folder: what relative paths start from.
        flags: what the command line gave, as words.
        file: what was found of the settings file, in words.
        unread: whether there is a settings file, or should be, that could not be read.
        remarks: which of two values that exclude each other counts.
    """

    settings: Settings
    given: Mapping[str, Raw]
    empty: Mapping[str, Raw]
    bad: frozenset[str]
    target_variables: Mapping[str, Raw]
    problems: tuple[Problem, ...]
    folder: Path
    file: str
    flags: tuple[str, ...] = ()
    unread: bool = False
    remarks: tuple[Problem, ...] = ()

    @property
    def names_targets(self) -> bool:
        """Whether there is any target, or may be in what could not be read."""
        known = self.given.keys() & set(levels.LISTS) or self.target_variables
        return bool(known or self.unread)

    def may_hold(self, name: str) -> bool:
        """Whether the option may be set by what could not be read, or by what will not do."""
        return name in self.bad or (self.unread and name not in self.given)

    def with_target(self, raw: Raw) -> Self:
        """The same with one target, in place of all that are configured."""
        settings = replace(self.settings, targets=raw, organization=None)
        return replace(self, settings=settings, bad=self.bad - {"TARGETS"})


def load(
    *,
    environ: Mapping[str, str],
    flags: Mapping[str, str | None],
    folder: Path,
    spelt: Mapping[str, str] | None = None,
) -> Loaded:
    """Settings of flag > variable > file > default.

    Args:
        environ: the environment. flags: option name to text, None where it was not given.
        folder: the working folder, where `rolecall.yml` is looked for.
        spelt: what a flag was called, by option name, where that is not as the option's own.
    """
    variables, given_flags = sources.from_variables(environ), sources.from_flags(flags, spelt or {})
    words = tuple(word for raw in given_flags.values() for word in (raw.place, raw.value))
    config = given_flags.pop(CONFIG, variables.get(CONFIG))
    variables.pop(CONFIG, None)
    file, problems = _read_file(config, folder)
    unread = bool(problems) and not file
    targets = {n.removeprefix(TARGET): r for n, r in variables.items() if n.startswith(TARGET)}
    passed_over = CONTEXT | EXPORTS | {n for n in variables if n.startswith(TARGET)}
    named = {n: r for n, r in variables.items() if n not in passed_over}
    problems += [*_unknown(named, prefix=PREFIX), *_unknown(file, prefix="")]
    if (alone := variables.get("TARGET")) and str(alone.value).startswith("arn:"):
        right = f"{PREFIX}TARGETS, or {PREFIX}{TARGET}<NAME> for each target"
        problems.append(Problem(alone.place, f"holds an ARN, and is no option; set {right}"))
    targets = {name: raw for name, raw in targets.items() if not raw.empty}
    problems += chain.from_iterable(unresolved.problems(TARGET, raw) for raw in targets.values())
    given, empty = levels.winning(given_flags, named, file)
    replaced = levels.one_list(given, targets)
    values, mistakes = _parse(given, empty)
    contradictions, loosened = levels.one_policy(given, values)
    return Loaded(
        settings=Settings(**values),
        given={option.name: given[option.name] for option in options() if option.name in given},
        empty=empty,
        bad=frozenset(mistakes),
        target_variables=targets,
        problems=(*problems, *chain.from_iterable(mistakes.values()), *contradictions),
        folder=folder,
        file=_found(config, folder),
        flags=words,
        unread=unread,
        remarks=(*replaced, *loosened),
    )


def _found(config: Raw | None, folder: Path) -> str:
    name = (config and config.value) or DEFAULT_FILE
    if (folder / name).is_file():
        return f"{name} was read"
    other = next((p.name for p in folder.glob("rolecall.y*ml")), "")
    more = "" if config else "; `rolecall init` writes one"
    return f"no {name} in {folder}" + (f"; there is a {other}" if other else more)


def _read_file(config: Raw | None, folder: Path) -> tuple[dict[str, Raw], list[Problem]]:
    if config and config.empty:
        wrong = f"is given and empty; leave it out for {DEFAULT_FILE} of the working folder"
        return {}, [Problem(config.place, wrong)]
    if config and (unmet := unresolved.problems(CONFIG, config)):
        return {}, unmet
    name = config.value if config else DEFAULT_FILE
    path = folder / name
    if path.exists() or path.is_symlink():
        return yamlfile.read(path, name)
    if config:
        return {}, [Problem(config.place, f"{name!r} is no file; write the path of a YAML file")]
    return {}, []


def _parse(
    given: Mapping[str, Raw], empty: Mapping[str, Raw]
) -> tuple[dict[str, Any], dict[str, list[Problem]]]:
    values: dict[str, Any] = {}
    mistakes = {name: [problem] for name, problem in levels.empty_mistakes(empty)}
    for option in options():
        raw = given.get(option.name)
        if raw is None:
            continue
        if wrong := unresolved.problems(option.name, raw):
            mistakes[option.name] = wrong
            continue
        try:
            parsed = option.kind.parse(raw.value)
            values[option.key] = raw if option.name in levels.LISTS else parsed
        except BadValueError as error:
            mistakes[option.name] = [Problem(raw.at(*e.path), str(e)) for e in (error, *error.more)]
    return values, mistakes


def _unknown(given: Mapping[str, Raw], *, prefix: str) -> Iterable[Problem]:
    known = [option.name for option in options()]
    for name, raw in given.items():
        if name not in known:
            # The place of a variable is its name; that of a key is its line.
            shown = "" if prefix else f"{name.lower()} "
            yield Problem(raw.at(), f"{shown}is no option{_nearest(name, known, prefix)}")


def _nearest(name: str, known: list[str], prefix: str) -> str:
    words = [*known, CONFIG, "TARGET_<NAME>"] if prefix else known
    near = nearest(re.sub(r"[^A-Z0-9]+", "_", name.upper()), words)
    if not near:
        return "; `rolecall config --all` lists all of them"
    return f"; did you mean {prefix + near if prefix else near.lower()}?"
