"""What the image is made with, where no engine is needed."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import audit
import botocore
import pytest
import trim

from rolecall.cli import parser
from support.engine import ROOT

IMAGE = ROOT / "pipeline/image"


def test_the_entrypoint_knows_the_commands_of_the_command_line(tmp_path):
    (tmp_path / "rolecall").write_text('#!/bin/sh\necho "rolecall $*"\n')
    entrypoint = (IMAGE / "entrypoint").read_text()
    (tmp_path / "tini").write_text('#!/bin/sh\necho "tini $*"\n')
    for folder in ("/opt/rolecall/bin", "/usr/bin"):
        entrypoint = entrypoint.replace(f"{folder}/", f"{tmp_path}/")
    (tmp_path / "entrypoint").write_text(entrypoint)
    for name in ("rolecall", "tini", "entrypoint"):
        (tmp_path / name).chmod(0o755)

    def run(*words, path="/usr/bin:/bin"):
        return subprocess.run(
            [tmp_path / "entrypoint", *words],
            env={"PATH": path},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    listed = re.findall(r"^ {2}(\w+) ", _help(), re.MULTILINE)
    assert set(listed) == set(parser.HELP)
    for command in listed:
        assert run(command, "a b") == f"rolecall {command} a b\n"
    # By name: without one, rolecall would show the plan at the terminal of `docker run -it`.
    assert run() == "rolecall run\n"
    assert run("--log-format", "json") == "rolecall run --log-format json\n"
    assert [run(word) for word in ("-h", "--help", "--version")] == [
        "rolecall -h\n",
        "rolecall --help\n",
        "rolecall --version\n",
    ]
    assert run("rolecall") == "rolecall \n"
    assert run("rolecall", "run", "--only", "a b") == "rolecall run --only a b\n"
    assert run("echo", "a b") == "tini -s -- echo a b\n"
    case = re.search(r"^ +(init \| .*?)\)", (IMAGE / "entrypoint").read_text(), re.MULTILINE)[1]
    assert set(case.split(" | ")) == set(listed)


def test_what_the_container_starts_is_found_whatever_its_path():
    (line,) = re.findall(r"^ENTRYPOINT (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert json.loads(line) == ["/usr/local/bin/rolecall-entrypoint"]
    started = re.findall(r"exec ([/\"]\S+)", (IMAGE / "entrypoint").read_text())
    assert set(started) == {"/opt/rolecall/bin/rolecall", "/usr/bin/tini"}


def test_the_build_of_the_image_is_given_all_that_the_wheel_is_made_of():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    scripts = wheel["targets"]["wheel"]["shared-scripts"]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    hidden = [f"!{path}" for path in scripts if Path(path).name.startswith(".")]
    assert hidden
    assert set(hidden) <= set(ignored[ignored.index("**/.*") :])


def _help():
    return parser.made().format_help()


def test_every_service_the_source_calls_keeps_its_data():
    text = "".join(path.read_text() for path in ROOT.glob("src/**/*.py"))
    called = set(re.findall(r"\bclient\(\s*[\"']([a-z0-9-]+)", text))
    assert called >= {"sts", "ssm", "s3"}
    assert called <= set(trim.services())


def test_every_service_that_gives_credentials_keeps_its_data():
    folder = Path(botocore.__file__).parent
    text = "".join((folder / name).read_text() for name in ("credentials.py", "tokens.py"))
    asked = r"(?:client_creator|create_client|nested_client)\((?:self\._session,)?\s*['\"]([\w-]+)"
    services = set(re.findall(asked, text))
    assert services >= {"sts", "sso", "sso-oidc", "signin"}
    assert services <= set(trim.services())


def report(*dependencies):
    return json.dumps({"dependencies": list(dependencies), "fixes": []})


CLEAN = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "not found: b (2)"}
KNOWN = {
    "name": "c",
    "version": "3",
    "vulns": [{"id": "CVE-2026-1", "fix_versions": ["3.1"], "aliases": [], "description": ""}],
}


@pytest.mark.parametrize(
    ("answers", "code", "said"),
    [
        ({"pypi": [CLEAN]}, 0, "nothing known against lock.txt (asked pypi)"),
        ({"pypi": [CLEAN, KNOWN]}, 1, "c 3: CVE-2026-1, mended in 3.1"),
        ({"pypi": [CLEAN, SKIPPED], "osv": [CLEAN]}, 0, "asked osv"),
        ({"pypi": [SKIPPED, KNOWN]}, 1, "CVE-2026-1"),
        ({"pypi": [SKIPPED], "osv": [SKIPPED]}, 2, "NOT DONE"),
    ],
)
def test_an_audit_passes_only_what_was_looked_up(capsys, answers, code, said):
    def ask(service, locked):
        return audit.read(report(*answers[service]))

    assert audit.audit([Path("lock.txt")], ask) == code
    assert said in capsys.readouterr().out
