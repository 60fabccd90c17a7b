"""`make secrets`: what is found in the repository's files, and what is let through."""

from __future__ import annotations

import base64
import random
import subprocess
import sys
from pathlib import Path

import pytest

SCAN = Path(__file__).parents[2] / ".ci" / "secrets.py"
# Made here, since this file is looked through as well.
_DICE = random.Random(7)
KEY_ID = "AKIA" + base64.b32encode(_DICE.randbytes(10)).decode()
SECRET = base64.b64encode(_DICE.randbytes(30)).decode()
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----"
PLANTED = {
    f'aws_access_key_id = "{KEY_ID}"': "AWS Access Key",
    f'"{SECRET}"': "Base64 High Entropy String",
    f'password = "{SECRET}"': "Secret Keyword",
    PEM: "Private Key",
}


def scan(folder, *names):
    return subprocess.run(
        [sys.executable, str(SCAN), *names],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["src/x.py", "tests/unit/test_x.py", "README.md", "rolecall.yml"])
def test_a_planted_secret_is_found_and_not_shown(tmp_path, name):
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(PLANTED) + "\n")
    done = scan(tmp_path, name)
    assert done.returncode == 1
    for number, kind in enumerate(PLANTED.values(), 1):
        assert f"{name}:{number}: {kind}\n" in done.stdout
    assert not [secret for secret in (KEY_ID, SECRET) if secret in done.stdout + done.stderr]


def test_without_files_all_that_git_knows_are_looked_through(tmp_path):
    (tmp_path / "known.py").write_text(f'key = "{KEY_ID}"\n')
    (tmp_path / "unknown.py").write_text(f'key = "{KEY_ID}"\n')
    for words in (["init", "--quiet"], ["add", "known.py"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    done = scan(tmp_path)
    assert done.returncode == 1
    assert "known.py:1: AWS Access Key\n" in done.stdout
    assert "unknown.py" not in done.stdout


def test_what_a_test_makes_up_is_let_through_there_alone(tmp_path):
    made_up = 'key = "AKIAIOSFODNN7EXAMPLE"\nother = "AKIASOURCEKEY0000000"\npassword = "hunter2"\n'
    for name in ("tests/test_x.py", "src/x.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(made_up)
    assert scan(tmp_path, "tests/test_x.py").returncode == 0
    done = scan(tmp_path, "src/x.py")
    assert done.returncode == 1
    assert done.stdout.count("src/x.py:") == 3
