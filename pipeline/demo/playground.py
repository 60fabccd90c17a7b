"""A shell in which rolecall and the AWS CLI meet a simulated organisation, until one leaves it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from organisation import Organisation
from release import Release

from demo import SIGNALS, heading, leave_when_interrupted, say, surroundings

# What shells read when they start. An empty one keeps zsh from asking what to put there.
_STARTS: Mapping[str, str] = {
    ".bashrc": 'PS1="playground \\$ "\neval "$(rolecall completion bash)"\n',
    ".zshrc": 'PROMPT="playground %# "\nautoload -U compinit; compinit -u\n'
    'eval "$(rolecall completion zsh)"\n',
}
TRY: Mapping[str, str] = {
    "rolecall plan": "what would be done; calls nothing",
    "rolecall run --only dev": "deploys to one account",
    "rolecall run --waves 1,rest --max-parallel 4": "to all of them, a canary first",
    "rolecall report": "what became of it, again",
    "rolecall exec production -- aws s3 ls s3://site-production-555555555555": "looks around",
    "rolecall exec --all -- aws sts get-caller-identity --query Arn": "asks everywhere",
}
_LOOK, _END_SECONDS = 0.2, 5


def main() -> int:
    """Returns 0, or the exit code of a shell that was given a script."""
    leave_when_interrupted()
    print("Starting a simulated AWS organisation; it takes a few seconds.", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="rolecall-playground-") as name:
        folder = Path(name)
        with Organisation() as organisation:
            release = Release(folder=folder, number=1)
            release.write()
            environment = surroundings(organisation, folder)
            _settle(release, organisation, environment)
            shell = os.environ.get("SHELL") or "/bin/sh"
            if sys.stdin.isatty():
                _welcome()
                _run(shell, folder, environment)
                return 0
            return _run(shell, folder, environment)


def _settle(release: Release, organisation: Organisation, environment: Mapping[str, str]) -> None:
    """Writes rolecall.yml, as `rolecall init` makes it of the variables of the demo's pipeline."""
    given = {**environment, **release.variables(organisation.targets)}
    text = subprocess.run(
        ["rolecall", "init", "--print"],
        cwd=release.folder,
        env=given,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    (release.folder / "rolecall.yml").write_bytes(text)
    for name, start in _STARTS.items():
        (release.folder / name).write_text(start, "utf-8")


def _welcome() -> None:
    heading("A playground")
    say(
        "This shell is a build in the hub account of a simulated organisation, with four workload"
        " accounts: dev, test, acceptance and production. Its folder has a rolecall.yml, and a site"
        " to deploy. Nothing here is AWS's, and your AWS variables and home folder are not used:"
        " HOME is this folder, and goes when you leave."
    )
    for command, what in TRY.items():
        print(f"  {command}\n      {what}")
    say("`exit` or Ctrl-D ends the shell and the organisation.")


def _run(shell: str, folder: Path, environment: Mapping[str, str]) -> int:
    """The exit code of the shell. A signal to this process ends the shell first."""
    asked: list[int] = []
    # No exception, which might come just when the shell has been started and nobody holds it yet.
    for number in SIGNALS:
        signal.signal(number, lambda number, _: asked.append(number))
    with subprocess.Popen(
        shlex.split(shell), cwd=folder, env={**environment, "SHELL": shell}
    ) as process:
        while not asked:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(_LOOK)
        # One at a terminal passes SIGTERM over.
        process.send_signal(signal.SIGHUP)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
        process.kill()
    sys.exit(128 + asked[0])


if __name__ == "__main__":
    sys.exit(main())
