"""The demo, start to end: what it says of itself is checked here too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.tutorial import steps

FIRST_RUN = Path(__file__).parents[2] / "docs" / "first-run.md"
DEMO = Path(__file__).parents[2] / "pipeline" / "demo" / "demo.py"


def test_the_demo_deploys_to_four_accounts_and_is_denied_a_second_time(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = subprocess.run(
        [sys.executable, str(DEMO)], capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 succeeded" in done.stdout
    assert "1 of 4 roles could not be assumed; nothing was deployed" in done.stdout
    for account in ("dev", "test", "acceptance", "production"):
        assert f"release 1 in {account}" in done.stdout
    assert "release 2 in dev" not in done.stdout
    assert list(tmp_path.iterdir()) == []
    # The tutorial shows parts of it.
    shown = [s.text for s in steps(FIRST_RUN.read_text("utf-8")) if s.mark == "a part of the demo"]
    assert len(shown) == 2
    assert [text for text in shown if text not in done.stdout] == []
