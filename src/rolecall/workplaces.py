"""Where the commands of a target run, and where they may write what stays and what goes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rolecall.commands.workspace import Copies, relocated
from rolecall.errors import ConfigError, InterruptedRunError
from rolecall.files import new_folder, remove_folder
from rolecall.jobs import Job
from rolecall.logs import Log
from rolecall.profiles.private import private_root
from rolecall.stop import Stop

_ARTIFACTS, _SCRATCH = "ROLECALL_ARTIFACTS", "ROLECALL_SCRATCH"
Folders = Callable[[str, str], AbstractContextManager[Path]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Workplace:
    """Of one target in one region.

    Attributes:
        folder: where its commands run. variables: where they may write.
    """

    folder: Path
    variables: Mapping[str, str]
    copies: Copies | None = None

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """What commands see there, of what they would see in the user's folder."""
        if self.copies:
            environ = relocated(environ, self.copies.folder, self.folder, kept=self.copies.left_out)
        return {**environ, **self.variables}


@dataclass(frozen=True, kw_only=True, slots=True)
class Workplaces:
    """Of all targets. Safe in many threads.

    Attributes:
        folder: the user's. root: for what goes at the end. copies: None where commands run in the
            user's folder itself. artifacts: gives a target in a region its folder for what stays.
    """

    folder: Path
    root: Path
    copies: Copies | None = None
    artifacts: Folders | None = None
    _log: Log = field(default_factory=Log)

    def check(self, stop: Stop) -> None:
        """Looks whether working copies can be made, where there are to be any.

        Raises:
            ConfigError: where they can't.
            InterruptedRunError: as soon as a stop is requested.
        """
        if self.copies:
            self.copies.check(stop)

    def obstacle(self, stop: Stop) -> str:
        """As `check`, in words; empty where nothing is in the way, or a stop is requested."""
        try:
            self.check(stop)
        except ConfigError as error:
            return "; ".join(problem.text for problem in error.problems)
        except InterruptedRunError:
            pass
        return ""

    @contextmanager
    def of(self, job: Job, stop: Stop) -> Iterator[Workplace]:
        """That of a job, for as long as the context lasts.

        Raises:
            FileError: where it can't be made.
            InterruptedRunError: as soon as a stop is requested while it is made.
        """
        name = f"{job.target.index}-{job.region}"
        with self.once(name) as place, ExitStack() as stack:
            variables = dict(place.variables)
            if self.artifacts:
                kept = self.artifacts(job.target.name, job.region)
                variables[_ARTIFACTS] = str(stack.enter_context(kept))
            folder = self.folder
            if self.copies:

                def on_slow(waited: float) -> None:
                    about = {"target": job.target.name, "region": job.region}
                    self._log.info("workspace_copying", **about, seconds=round(waited))

                folder = stack.enter_context(self.copies.made(name, stop, on_slow))
            yield Workplace(folder=folder, variables=variables, copies=self.copies)

    @contextmanager
    def once(self, name: str) -> Iterator[Workplace]:
        """That of commands which run once, in the user's folder."""
        scratch = self.root / f"{name}-scratch"
        new_folder(scratch)
        try:
            yield Workplace(folder=self.folder, variables={_SCRATCH: str(scratch)})
        finally:
            with suppress(OSError):
                scratch.rmdir()
            remove_folder(scratch)


@contextmanager
def workplaces(
    environ: Mapping[str, str],
    folder: Path,
    root: Path,
    *,
    copies: int,
    left_out: Collection[Path],
    artifacts: Folders | None,
) -> Iterator[Workplaces]:
    """Those of a run.

    Args:
        root: the run's private folder. copies: how many there may be at once; 0 for none.
        left_out: what no copy has.

    Raises:
        FileError: where there is no folder to make copies in.
    """
    if not copies:
        yield Workplaces(folder=folder, root=root, artifacts=artifacts)
        return
    with private_root(environ, near=folder) as place:
        yield Workplaces(
            folder=folder,
            root=root,
            artifacts=artifacts,
            copies=Copies(
                folder=folder,
                place=place,
                left_out=frozenset({*left_out, place, root}),
                at_once=copies,
                path=environ.get("PATH"),
            ),
        )
