"""What every command starts from: arguments, environment and folder, made into settings."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from rolecall import aws_variables
from rolecall.aws_variables import Inherited
from rolecall.cli.arguments import Arguments
from rolecall.errors import ConfigError, NothingToDoError, Problem
from rolecall.masking import below, named
from rolecall.report import accounts
from rolecall.secret import Mask, Secret
from rolecall.settings import Settings
from rolecall.settings.documents import Commands
from rolecall.settings.levels import leaves_none
from rolecall.settings.load import Loaded, load
from rolecall.settings.options import REGION
from rolecall.settings.sources import PREFIX, clean
from rolecall.state.identity import Identity, identity
from rolecall.targets import Build, Resolved, lists, resolve
from rolecall.targets.arns import HOME_REGIONS
from rolecall.targets.entries import ReadList
from rolecall.wording import harmless, wrapped

if TYPE_CHECKING:
    from rolecall.aws_files import OwnProfile
    from rolecall.targets.organization import Call, Found, Wish

# Whoever may write to a webhook is no business of the commands.
_NOTIFY = f"{PREFIX}NOTIFY"
# Options that may have variables of targets and regions in them.
_WITH_VARIABLES = ("TARGETS", "ORGANIZATION", "REGION_VARIABLES")
# The variables of these options, and those of single targets.
_LISTS = (*(f"{PREFIX}{name}" for name in _WITH_VARIABLES), f"{PREFIX}TARGET_")
_POSIX_SHELLS = frozenset({"sh", "bash", "dash", "ksh", "mksh", "zsh", "ash", "busybox"})


class Context:
    """Settings of this process, and what is made of them step by step.

    Attributes:
        mask: hides the secrets of the environment, and of the source once that is known.
    """

    def __init__(self, arguments: Arguments, *, environ: Mapping[str, str], folder: Path) -> None:
        self.environ, self.folder = environ, folder
        self.mask = Mask(map(Secret, aws_variables.secrets(environ)))
        self.loaded: Loaded = load(
            environ=environ, flags=arguments.flags, spelt=arguments.spelt, folder=folder
        )
        self.mask.add(secret for each in self.settings.notify for secret in each.secrets)
        self._named: set[Secret] = set()
        self._hide_named()

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    @property
    def shell(self) -> list[str]:
        """The shell's argv, its program looked up on the PATH once for all targets."""
        program, *flags = shlex.split(self.settings.shell)
        return [shutil.which(program, path=self.environ.get("PATH")) or program, *flags]

    @cached_property
    def own_profile(self) -> OwnProfile:
        """What the source's profile says, beside its credentials.

        Raises:
            ConfigError: where the user's AWS files cannot be read as such.
        """
        from rolecall import aws_files  # noqa: PLC0415  a plan of given regions reads none

        return aws_files.own(self.environ, self.folder)

    @property
    def handed_on(self) -> dict[str, str]:
        """The variables that commands are given of this process's."""
        return {name: value for name, value in self.environ.items() if name != _NOTIFY}

    @cached_property
    def inherited(self) -> Inherited:
        """What of those the commands of a target are given."""
        # What is said of other targets is no business of one's commands.
        own = {name: v for name, v in self.handed_on.items() if not name.startswith(_LISTS)}
        return aws_variables.inherited(own)

    @cached_property
    def identity(self) -> Identity:
        """Which run this is."""
        return identity(self.loaded, self.environ, self.inherited.kept)

    @property
    def region_variable(self) -> str:
        """AWS_REGION, or AWS_DEFAULT_REGION, as the SDKs read them."""
        names = ("AWS_REGION", "AWS_DEFAULT_REGION")
        return next(filter(None, (clean(self.environ.get(name, "")) for name in names)), "")

    @property
    def default_region(self) -> str:
        """That of the variables, else of the source's profile."""
        return self.region_variable or self.own_profile.region

    @property
    def build(self) -> Build:
        user = self.environ.get("USER") or self.environ.get("LOGNAME") or ""
        return Build(
            build_id=self.environ.get("CODEBUILD_BUILD_ID", ""),
            execution_id=self.settings.execution_id,
            user=user,
        )

    def sts_region(self, resolved: Resolved | None = None) -> str:
        """Where STS is called: the region set, else the first deployed to, or the home region."""
        if self.default_region:
            return self.default_region
        if resolved and resolved.targets:
            first = resolved.targets[0]
            return next(iter(first.regions), HOME_REGIONS.get(first.role.partition, ""))
        return next(iter(self.settings.regions), HOME_REGIONS["aws"])

    def read_list(self, where: str) -> str:
        """Reads a `file:` list; the others need AWS."""
        return lists.read(where, folder=self.folder, fetch=None)

    def resolve(
        self,
        *,
        read_list: ReadList | None,
        organization: Callable[[Wish], Call] | None = None,
        problems: Iterable[Problem] = (),
        needs_region: bool = True,
        may_be_empty: bool = False,
        own_region: bool = True,
        name: str = "",
    ) -> Resolved:
        """The targets.

        Args:
            read_list: None reads `file:` lists only.
            organization: gives what calls AWS Organizations; None where it is not to be read.
            needs_region: whether a target without a region is a mistake.
            own_region: whether the region of the source's profile counts.
            name: of the one target that is wanted, or its account id or role; empty for all.
            problems: mistakes found elsewhere, to be reported with the rest.

        Raises:
            ConfigError: with every mistake at once.
            NothingToDoError: where there are no targets, unless there may be none; where what
                narrows them is empty, too.
        """
        loaded, nothing = self.loaded, leaves_none(self.loaded.empty)
        region, wrong = self._region(own=own_region)
        mistakes = [*loaded.problems, *wrong, *problems]
        resolved = resolve(
            loaded,
            build=self.build,
            default_region=region,
            region_place="" if wrong else self._region_place,
            read_list=read_list or self.read_list,
            # Nobody is asked for what comes to nothing anyway.
            organization=None if mistakes or nothing else organization,
            remote=read_list is not None and not nothing and not wrong,
            needs_region=needs_region and not wrong and not loaded.may_hold("REGIONS"),
            name=name,
        )
        mistakes += resolved.problems
        if mistakes:
            raise ConfigError([*(() if may_be_empty or nothing else self._no_list()), *mistakes])
        if nothing:
            raise NothingToDoError(
                f"nothing to do: {nothing.at()} is given and empty, which leaves no target; leave"
                " it out for all of them"
            )
        for remark in (*loaded.remarks, *resolved.remarks):
            _say_once(remark)
        self._hide_variables(resolved)
        if not may_be_empty:
            self.require_any(resolved)
        return resolved

    def _hide_named(self) -> None:
        """What MASK names in the environment, and in what is written of targets and regions."""
        options = [raw for name, raw in self.loaded.given.items() if name in _WITH_VARIABLES]
        written = (pair for raw in options for pair in below(raw.value))
        found = named(self.settings.mask, chain(self.environ.items(), written))
        self._hide(found.secrets)
        for remark in found.remarks:
            _say_of_mask(remark)

    def _hide_variables(self, resolved: Resolved) -> None:
        """The same of targets from elsewhere; and what targets are called is no secret."""
        known = resolved.whole or resolved.targets
        if self.settings.mask:
            variables = (pair for target in known for pair in target.every_variable())
            self._hide(named(self.settings.mask, variables).secrets)
        ours = (text for t in known for text in (t.name, t.account_id, t.role.text, *t.regions))
        if self._named & self.mask.spare(ours):
            _say_of_mask("a value that is also what a target or region is called is not hidden")

    def _hide(self, secrets: Iterable[Secret]) -> None:
        self._named.update(secrets)
        self.mask.add(secrets)

    def require_right(self, *names: str) -> None:
        """Raises ConfigError where one of these options will not do: its default is another's."""
        if self.loaded.unread or self.loaded.bad & {*names}:
            raise ConfigError(self.loaded.problems)

    def require_any(self, resolved: Resolved) -> None:
        """Raises NothingToDoError where there are no targets, and none may come of a list."""
        if not resolved.count and not resolved.unread:
            raise NothingToDoError(self._nothing(resolved.found))

    def _no_list(self) -> Iterator[Problem]:
        """What is to be told beside mistakes: that nothing says where to deploy."""
        if not self.loaded.names_targets and self.settings.targets is None:
            each = f"or set {PREFIX}TARGET_<NAME> for each"
            yield Problem(f"{PREFIX}TARGETS", f"is not set: name the roles to deploy with, {each}")

    def _nothing(self, found: Found | None) -> str:
        if found:
            return f"nothing to do: no targets; {accounts.summary(found)}"
        return (
            "nothing to do: no targets; set ROLECALL_TARGETS, or ROLECALL_TARGET_<NAME> for each,"
            f" to the ARNs of the roles to deploy with ({self.loaded.file})"
        )

    def _region(self, *, own: bool) -> tuple[str, Sequence[Problem]]:
        """Where targets without a region of their own are, and what is wrong with it.

        The AWS files are read in any case, as the source will.

        Args:
            own: whether the region of the source's profile counts.
        """
        try:
            profile = self.own_profile
        except ConfigError as error:
            return self.region_variable, error.problems
        region = self.region_variable or (profile.region if own else "")
        if not region or re.fullmatch(REGION, region):
            return region, []
        why = f"{region!r} is no region; write one such as eu-central-1"
        return region, [Problem(self._region_place, why)]

    @property
    def _region_place(self) -> str:
        return "AWS_REGION" if self.region_variable else f"region in {self.own_profile.region_file}"

    def command_problems(self) -> list[Problem]:
        """Mistakes in the commands and their shell that the options alone don't show."""
        settings, problems = self.settings, []
        place = "ROLECALL_COMMANDS"
        if not settings.commands and not self.loaded.may_hold("COMMANDS"):
            why = f"is not set: write what to run in each target ({self.loaded.file})"
            problems.append(Problem(place, why))
        try:
            shell = self.shell
        except ValueError as error:
            return [*problems, Problem("ROLECALL_SHELL", f"{settings.shell!r}: {error}")]
        if not shutil.which(shell[0]):
            where = "cannot be run" if "/" in shell[0] else "is not on the PATH"
            problems.append(Problem("ROLECALL_SHELL", f"{shell[0]!r} {where}"))
        listed = (settings.commands, settings.before, settings.after)
        if Path(shell[0]).name not in _POSIX_SHELLS and any(map(_is_listed, listed)):
            problems.append(
                Problem(
                    "ROLECALL_SHELL",
                    f"{settings.shell!r} runs one script only; a list of commands needs sh, bash"
                    " or another POSIX shell",
                )
            )
        return problems


def _say_of_mask(remark: str) -> None:
    print(f"rolecall: ROLECALL_MASK: {harmless(remark)}", file=sys.stderr)


@cache
def _say_once(remark: Problem) -> None:
    """However often the targets are made."""
    print(wrapped(harmless(f"rolecall: {remark}"), 80, "", "  "), file=sys.stderr)


def _is_listed(commands: Commands) -> bool:
    return commands.listed


def terminal(environ: Mapping[str, str]) -> bool:
    """Whether standard output is a terminal that more can be told than what to print."""
    return bool(sys.stdout) and sys.stdout.isatty() and environ.get("TERM") != "dumb"


def colour(environ: Mapping[str, str]) -> bool:
    """Whether standard output takes colours; NO_COLOR as on https://no-color.org."""
    return terminal(environ) and not environ.get("NO_COLOR")
