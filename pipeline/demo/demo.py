"""Deploys to four simulated accounts, proves it, then shows a run that is stopped in time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from accounts import RELEASE_PARAMETER, Deployed, Target
from organisation import Organisation
from prettytable import PrettyTable

WIDTH = 80
COULD_NOT_ASSUME = 4
_SITE = Path(__file__).with_name("site")
_STOP_SECONDS = 30
# What a terminal or a user may say about looks, and nothing else of this machine's environment.
_PASSED_ON = ("PATH", "TERM", "LANG", "NO_COLOR")


class DemoError(Exception):
    """Something is not as the demo says it is."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """What a pipeline deploys: a folder with a site, and the release's number."""

    folder: Path
    number: int

    def write(self) -> None:
        """Puts this release's site into the folder."""
        site = shutil.copytree(_SITE, self.folder / "site", dirs_exist_ok=True)
        page = site / "index.html"
        text = page.read_text("utf-8").replace("release 1", f"release {self.number}")
        page.write_text(text, "utf-8")

    def files(self) -> dict[str, bytes]:
        site = self.folder / "site"
        return {path.name: path.read_bytes() for path in sorted(site.iterdir())}

    def parameter(self, target: str) -> str:
        return f"release {self.number} in {target}"

    def variables(self, targets: Sequence[Target]) -> dict[str, str]:
        """What the pipeline's stage sets for rolecall."""
        commands = f"""\
            - aws sts get-caller-identity --query Arn --output text
            - aws s3 sync site s3://site-$ROLECALL_TARGET-$ROLECALL_ACCOUNT_ID --no-progress
            - aws ssm put-parameter --name {RELEASE_PARAMETER} --type String --overwrite
              --value "{self.parameter("$ROLECALL_TARGET")}"
            """
        return {
            "ROLECALL_TARGETS": "\n".join(f"{each.name}={each.role_arn}" for each in targets),
            "ROLECALL_COMMANDS": textwrap.dedent(commands).strip(),
            "ROLECALL_REPORT_DIR": "report",
        }


def main() -> int:
    """Returns 0 where everything went as the demo says."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
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
            before = deploy_everywhere(organisation, Path(name))
            stop_in_time(organisation, Path(name), before)
    except DemoError as error:
        say(f"The demo failed: {error}")
        return 1
    heading("Done")
    say("The simulated organisation is stopped, and nothing of it is left.")
    return 0


def deploy_everywhere(organisation: Organisation, folder: Path) -> Mapping[Target, Deployed]:
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
    code = run(organisation, release)
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
    organisation: Organisation, folder: Path, before: Mapping[Target, Deployed]
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
    code = run(organisation, Release(folder=folder, number=2))
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


def run(organisation: Organisation, release: Release) -> int:
    """Runs `rolecall run` as a pipeline would; returns its exit code."""
    release.write()
    variables = release.variables(organisation.targets)
    print("$ rolecall run\n", flush=True)
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment = {**kept, "HOME": str(release.folder), **organisation.environment(), **variables}
    # In a session of its own Ctrl-C reaches rolecall once, from here, and not a second time from
    # the terminal: that would mean to kill.
    with subprocess.Popen(
        ["rolecall", "run"], cwd=release.folder, env=environment, start_new_session=True
    ) as process:
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            raise


def show(found: Mapping[Target, Deployed]) -> None:
    table = PrettyTable(["account", "bucket", "objects", RELEASE_PARAMETER], border=False)
    table.align = "l"
    table.left_padding_width = 0
    for target, deployed in found.items():
        table.add_row([target.account_id, target.bucket, len(deployed.objects), deployed.release])
    print("\n".join(line.rstrip() for line in table.get_string().splitlines()))


def heading(text: str) -> None:
    print(f"\n== {text} {'=' * (WIDTH - len(text) - 4)}", flush=True)


def say(text: str) -> None:
    print(f"\n{textwrap.fill(text, WIDTH, break_on_hyphens=False)}\n", flush=True)


def _interrupted(number: int, frame: FrameType | None) -> NoReturn:
    """Leaves through every `with` above; what asks again is not heard, so that all is tidied up."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
