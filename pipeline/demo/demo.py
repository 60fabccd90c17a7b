"""Deploys to four simulated accounts, proves it, then shows a run that is stopped in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import NoReturn

import leftovers
from accounts import RELEASE_PARAMETER, Deployed, Target
from organisation import Organisation
from release import REPORT, Release

from rolecall.report import table

WIDTH = 80
COULD_NOT_ASSUME = 4
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOP_SECONDS = 30
# What a terminal or a user may say about looks, and nothing else of this machine's environment.
_PASSED_ON = ("PATH", "TERM", "LANG", "NO_COLOR")


class DemoError(Exception):
    """Something is not as the demo says it is."""


def main(kept: Path) -> int:
    """Returns 0 where everything went as the demo says.

    Args:
        kept: gets the report of each run, in a folder of its own.
    """
    leave_when_interrupted()
    heading("A simulated AWS organisation")
    say(
        "moto's server, on this machine only: a hub account and four workload accounts. Their"
        " roles come from pipeline/source-role.yaml and pipeline/target-role.yaml, and IAM"
        " policies are enforced. It takes a few seconds to start."
    )
    try:
        with (
            tempfile.TemporaryDirectory(prefix="rolecall-demo-") as name,
            Organisation() as organisation,
        ):
            before = deploy_everywhere(organisation, Path(name), kept)
            stop_in_time(organisation, Path(name), kept, before)
    except DemoError as error:
        say(f"The demo failed: {error}")
        return 1
    heading("Done")
    say("The simulated organisation is stopped, and nothing of it is left.")
    leftovers.tell(kept)
    return 0


def deploy_everywhere(
    organisation: Organisation, folder: Path, kept: Path
) -> Mapping[Target, Deployed]:
    """The first act. Returns what each account holds after it."""
    release = Release(folder=folder, number=1)
    heading("1. Release 1 goes to four accounts")
    say(
        "A pipeline's stage sets these variables and runs one command, as CodeBuild's service role"
        " in the hub account. The commands are the AWS CLI's."
    )
    for name, value in release.variables(organisation.targets).items():
        print(f"{name}={value}" if "\n" not in value else f"{name}=\n{value}")
    print()
    code = run(organisation, release, kept)
    if code:
        raise DemoError(f"rolecall ended with exit code {code} instead of 0")
    heading("What each account's administrator finds there")
    found = {target: organisation.deployed(target) for target in organisation.targets}
    show(found)
    for target, deployed in found.items():
        objects = {each.key: each.body for each in deployed.objects}
        if objects != release.files() or deployed.release != release.parameter(target.name):
            raise DemoError(f"{target.name} does not hold release 1")
    say("Each account got the whole site, byte for byte, and a parameter of its own.")
    return found


def stop_in_time(
    organisation: Organisation, folder: Path, kept: Path, before: Mapping[Target, Deployed]
) -> None:
    """The second act: one role is out of reach, so nothing is deployed anywhere."""
    denied = organisation.targets[-1]
    heading(f"2. Release 2, but the hub may not assume the role in {denied.name}")
    say(
        f"The hub's stack is updated: the list of roles that CodeBuild may assume lacks the one in"
        f" {denied.name}. {denied.name} comes last, so a plain loop over the accounts would deploy"
        " to three of them before it noticed. The variables are as before, but for the release's"
        " number."
    )
    organisation.deny(denied)
    code = run(organisation, Release(folder=folder, number=2), kept)
    if code != COULD_NOT_ASSUME:
        raise DemoError(f"rolecall ended with exit code {code} instead of {COULD_NOT_ASSUME}")
    heading("What each account's administrator finds there now")
    after = {target: organisation.deployed(target) for target in organisation.targets}
    show(after)
    if after != before:
        raise DemoError("an account was changed")
    say(
        f"Exit code {code}: a role could not be assumed. No object and no parameter was written in"
        " any account, and the message above says what to mend."
    )


def run(organisation: Organisation, release: Release, kept: Path) -> int:
    """Runs `rolecall run` as a pipeline would, and keeps its report; returns its exit code."""
    release.write()
    variables = release.variables(organisation.targets)
    print("$ rolecall run\n", flush=True)
    environment = {**surroundings(organisation, release.folder), **variables}
    # In a session of its own Ctrl-C reaches rolecall once, from here, and not a second time from
    # the terminal: that would mean to kill.
    with subprocess.Popen(
        ["rolecall", "run"], cwd=release.folder, env=environment, start_new_session=True
    ) as process:
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    leftovers.keep(release.folder / REPORT, kept / f"release-{release.number}")
    return code


def surroundings(organisation: Organisation, home: Path) -> dict[str, str]:
    """The variables of a build in the hub, and nothing of this machine's but looks and programs."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "HOME": str(home), **organisation.environment()}


def show(found: Mapping[Target, Deployed]) -> None:
    rows = [
        (target.account_id, target.bucket, str(len(deployed.objects)), deployed.release)
        for target, deployed in found.items()
    ]
    names = ("account", "bucket", "objects", RELEASE_PARAMETER)
    print(table.fitted(names, rows, WIDTH, flexible="bucket"))


def heading(text: str) -> None:
    print(f"\n== {text} {'=' * (WIDTH - len(text) - 4)}", flush=True)


def say(text: str) -> None:
    print(f"\n{textwrap.fill(text, WIDTH, break_on_hyphens=False)}\n", flush=True)


def leave_when_interrupted() -> None:
    """Makes a signal end what was begun, in good order, and then this process."""
    for number in SIGNALS:
        signal.signal(number, _interrupted)


def _interrupted(number: int, frame: FrameType | None) -> NoReturn:
    """Leaves through every `with` above; what asks again is not heard, so that all is tidied up."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute()))
