"""What holds a session lets go of it at once, not when Python next looks for cycles."""

from __future__ import annotations

import gc
import os
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from rolecall.commands.run import Plan, run
from rolecall.secret import Mask, Secret
from rolecall.sessions.alarms import Alarms
from rolecall.sessions.retry import Retry
from rolecall.settings.documents import Commands
from rolecall.stop import Stop


class Listener:
    """Hears nothing."""

    def command_started(self, *told: object) -> None: ...

    def output(self, data: bytes) -> None: ...

    def still_running(self, elapsed: float) -> None: ...

    def command_ended(self, *told: object) -> None: ...


@pytest.fixture(autouse=True)
def no_look_for_cycles() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_a_call_to_aws_keeps_nothing_of_its_answer():
    class Answer:
        pass

    retry = Retry(attempts=2, max_wait=1, access_denied=0, sleep=lambda seconds: None)
    answer = retry.call("AssumeRole", Answer)
    held = weakref.ref(answer)
    del answer
    assert held() is None


@pytest.mark.parametrize("listed", [True, False])
def test_commands_that_have_ended_keep_nothing_of_the_mask(tmp_path: Path, *, listed: bool):
    mask = Mask([Secret("not-to-be-kept")])
    held = weakref.ref(mask)
    plan = Plan(
        commands=Commands(items=("echo not-to-be-kept; false",), listed=listed),
        shell=("bash", "-eo", "pipefail"),
        folder=tmp_path,
        timeout=0,
        command_timeout=0,
        grace=1,
    )
    with Stop() as stop:
        (result,) = run(
            plan,
            scratch=tmp_path,
            environ=dict(os.environ),
            mask=mask,
            listener=Listener(),
            stop=stop,
            alarms=Alarms(),
        )
    del mask
    assert result.tail == ("***",)
    assert held() is None
