"""What the README says of the image is run as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support import engine
from support.command import SOURCE_KEYS, TARGETS
from support.relay import Relay

README = (engine.ROOT / "README.md").read_text()
LINE = re.search(r"^docker run .* rolecall$", README, re.MULTILINE)[0]


@pytest.fixture
def laptop(sts, tmp_path):
    """A user's home with a profile, whose AWS is where containers of Docker's own network get."""
    template = "{{range .IPAM.Config}}{{.Gateway}}{{end}}"
    found = engine.docker("network", "inspect", "--format", template, "bridge").stdout.strip()
    with Relay(found or "172.17.0.1", urlsplit(sts.url).port) as relay:
        home, sources = tmp_path / "home", tmp_path / "sources"
        (home / ".aws").mkdir(parents=True)
        sources.mkdir()
        (home / ".aws/config").write_text(
            f"[profile hub]\nregion = eu-central-1\nendpoint_url = {relay.url}\n"
        )
        (home / ".aws/credentials").write_text(
            f"[hub]\naws_access_key_id = {SOURCE_KEYS['AWS_ACCESS_KEY_ID']}\n"
            f"aws_secret_access_key = {SOURCE_KEYS['AWS_SECRET_ACCESS_KEY']}\n"
        )
        (sources / "VERSION").write_text("42")
        yield {
            **engine.ENVIRON,
            "HOME": str(home),
            "AWS_PROFILE": "hub",
            "AWS_REGION": "eu-central-1",
            "ROLECALL_TARGETS": TARGETS,
            "ROLECALL_COMMANDS": "cat VERSION; id -u",
            "PWD": str(sources),
        }


def check(script, laptop):
    done = subprocess.run(
        ["bash", "-euc", script],
        env=laptop,
        cwd=laptop["PWD"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 succeeded" in done.stdout
    assert re.search(r"^42", done.stdout, re.MULTILINE)
    report = Path(laptop["PWD"]) / "rolecall-report/report.json"
    assert json.loads(report.read_text())["counts"]["succeeded"] == 3
    assert report.stat().st_uid == os.getuid()


def test_the_line_of_the_readme_deploys_from_a_laptop(full, laptop):
    check(f"{LINE.removesuffix(' rolecall')} {full}", laptop)


def test_make_run_image_does_the_same(full, laptop):
    check(f'make run-image --directory {engine.ROOT} IMAGE={full} SOURCES="$PWD"', laptop)
