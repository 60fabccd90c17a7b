"""What is told of a preflight that takes long."""

from __future__ import annotations

import io
import os
import re
import time
from dataclasses import fields

from rolecall import runner
from rolecall.aws_files import OwnProfile
from rolecall.deploy import Surroundings
from rolecall.errors import AssumeError
from rolecall.report.console import Console
from rolecall.secret import Mask
from rolecall.settings import Settings
from rolecall.stop import Stop
from rolecall.targets import SessionOptions, Target, arns


class Slow:
    """Denies every role, after a while."""

    def assume(self, target: Target) -> None:
        time.sleep(0.05)
        raise AssumeError("AccessDenied", "no")


def target(number: int) -> Target:
    options = SessionOptions(**{field.name: () for field in fields(SessionOptions)})
    role = arns.parse(f"arn:aws:iam::{number:012}:role/deploy")
    return Target(
        index=number,
        name=f"t{number}",
        role=role,
        regions=("eu-west-1",),
        variables=(),
        session=options,
    )


def told(monkeypatch, tmp_path, *, every: float) -> list[str]:
    monkeypatch.setattr(runner, "_TOLD_EVERY", every)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    stream, mask = io.BytesIO(), Mask()
    with Stop() as stop:
        outside = Surroundings(
            environ=dict(os.environ),
            inherited={},
            folder=tmp_path,
            shell=("sh",),
            own=OwnProfile(),
            mask=mask,
            stop=stop,
        )
        view = Console(stream, mask=mask, colour=False)
        targets = [target(number) for number in range(1, 41)]
        outcome = runner.Runner(Settings(), Slow, view, outside).run(targets, 40)
    assert outcome.preflight_failed
    return [line for line in stream.getvalue().decode().splitlines() if " tried " in line]


def test_it_says_now_and_then_how_far_it_is(monkeypatch, tmp_path):
    lines = told(monkeypatch, tmp_path, every=0.1)
    form = re.compile(r"Preflight: (\d+) of 40 roles tried \(0\.\d s\)")
    done = [int(form.fullmatch(line)[1]) for line in lines]
    assert done
    assert done == sorted(set(done))
    assert done[-1] <= 40


def test_one_that_is_quick_says_nothing(monkeypatch, tmp_path):
    assert told(monkeypatch, tmp_path, every=60) == []
