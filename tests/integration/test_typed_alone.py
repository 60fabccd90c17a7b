"""`rolecall` alone: at a terminal the plan and what to type, anywhere else the main job."""

from __future__ import annotations

import pytest

from support.command import ROLECALL
from support.watched import Watched


@pytest.fixture
def typed(rolecall, tmp_path):
    """What a terminal shows, and the exit code."""

    def _typed(*words, **extra):
        environ = rolecall.environ({"TERM": "xterm", "CI": "", **extra})
        environ |= {"ROLECALL_COMMANDS": "touch deployed"}
        environ.pop("CODEBUILD_BUILD_ID", None)
        argv = [ROLECALL, *words]
        with Watched(argv, folder=tmp_path, environ=environ, columns=120, rows=60) as seen:
            code = seen.end()
            return code, "\n".join(seen.scrolled)

    return _typed


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "rolecall run"),
        (["--only", "dev tst"], "rolecall run --only 'dev tst'"),
    ],
)
def test_typed_alone_it_shows_the_plan_and_what_to_type(typed, sts, tmp_path, words, line):
    code, text = typed(*words)
    assert code == 3  # no script takes it for a deployment
    assert "touch deployed" in text
    assert "222222222222" in text
    assert f"Nothing was done. To do it: {line}" in text
    assert not sts.calls
    assert not (tmp_path / "deployed").exists()


def test_typed_alone_it_tells_mistakes(typed):
    code, text = typed("--allowed-accounts", "")
    assert code == 2
    assert "would allow every account" in text
    assert "To do it" not in text


def test_its_name_at_a_terminal_or_a_build_around_it_make_it_run(typed, tmp_path):
    assert typed("run")[0] == 0
    assert (tmp_path / "deployed").exists()
    (tmp_path / "deployed").unlink()
    assert typed(CI="true")[0] == 0
    assert (tmp_path / "deployed").exists()


def test_where_there_is_no_terminal_it_runs(rolecall):
    assert rolecall(ROLECALL_COMMANDS="touch deployed").code == 0
    assert (rolecall.folder / "deployed").exists()
