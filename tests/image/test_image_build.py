"""What is in the layers: the same on any day, small, and no secret."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
import tarfile

import pytest
import sbom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from support import engine
from support.engine import ROOT

MOST_ADDED = 25_000_000
SECRET_NAMES = re.compile(
    r"(^|/)(\.aws|\.env|\.netrc|\.git|\.git-credentials|\.docker|\.npmrc|\.pypirc)($|/)"
    r"|(^|/)id_(rsa|ed25519)$|^(root|tmp|build|files)/."
)
DATED_NAMES = re.compile(r"^var/(lib/apt/lists/.|cache/apt/.*\.(deb|bin)$)")
SECRETS = re.compile(
    rb"(AKIA|ASIA)[A-Z0-9]{16}|aws_secret_access_key *= *[\w/+]{16}|-----BEGIN [A-Z ]*PRIVATE KEY"
    rb"|://[^/\s]+:[^/\s]+@"
)
# Where the files of this repository go; Debian's packages and the wheels are checked by hash.
OWN_FILES = re.compile(r"usr/local/|opt/rolecall/(?!lib/)|opt/rolecall/lib/.*/rolecall(-.*-info)?/")
SOURCES = (
    *("Dockerfile", ".dockerignore", "Makefile", "LICENSE", "README.md"),
    *("hatch_build.py", "pyproject.toml"),
)
# What lies about in a checkout, and must not come along.
STRAY = (
    ".env",
    ".aws/credentials",
    ".git/config",
    "id_rsa",
    "requirements/private.txt",
    "src/rolecall/.env",
    "src/rolecall/__pycache__/stray.pyc",
    "pipeline/image/.netrc",
)


@pytest.fixture(scope="session")
def saved(full, base, tmp_path_factory):
    """The layers that the Dockerfile adds to its base, as files, the lowest first."""
    folder = tmp_path_factory.mktemp("saved")
    engine.docker("save", "--output", folder / "image.tar", full)
    with tarfile.open(folder / "image.tar") as archive:
        archive.extractall(folder, filter="data")
    (folder / "image.tar").unlink()
    (manifest,) = json.loads((folder / "manifest.json").read_text())
    own = manifest["Layers"][len(engine.layers(base)) :]
    yield [folder / name for name in own]
    shutil.rmtree(folder)


def names(layer):
    with tarfile.open(layer) as archive:
        return archive.getnames()


def test_two_builds_make_the_same_layers(built, base):
    engine.build("rolecall-test-again", base, options="--no-cache")
    assert engine.layers("rolecall-test-again") == engine.layers(built)


def test_rolecall_adds_at_most_25_mb_to_python_and_the_aws_cli(saved):
    (layer,) = [path for path in saved if "opt/rolecall/bin/rolecall" in names(path)]
    size = len(gzip.compress(layer.read_bytes(), 6))
    print(f"rolecall adds {size / 1e6:.1f} MB, compressed")
    assert 1_000_000 < size <= MOST_ADDED


def test_no_layer_has_a_file_that_tells_a_secret_or_the_day(saved):
    for layer in saved:
        assert not [name for name in names(layer) if SECRET_NAMES.search(name)]
        assert not [name for name in names(layer) if DATED_NAMES.search(name)]


def test_no_secret_is_in_what_comes_from_this_repository(saved):
    seen = 0
    for layer in saved:
        with tarfile.open(layer) as archive:
            for member in archive:
                if member.isfile() and OWN_FILES.match(member.name):
                    assert not SECRETS.search(archive.extractfile(member).read()), member.name
                    seen += 1
    assert seen > 50


def test_a_checkout_full_of_secrets_makes_the_same_layers(built, base, tmp_path):
    for name in SOURCES:
        shutil.copy(ROOT / name, tmp_path)
    for name in ("requirements", "pipeline/image", "src"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.pyc"))
    for name in STRAY:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("aws_secret_access_key = leaked")
    stray = engine.build("rolecall-test-stray", base, sources=tmp_path)
    assert engine.layers(stray) == engine.layers(built)


def test_the_history_shows_no_variable_but_the_time(full):
    history = engine.docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", full).stdout
    arguments = set(re.findall(r"\|\d+ (.*?) /bin/sh", history))
    assert arguments <= {"SOURCE_DATE_EPOCH=946684800"}
    assert not SECRETS.search(history.encode())
    variables = engine.docker("image", "inspect", "--format", "{{json .Config.Env}}", full).stdout
    assert {line.split("=")[0] for line in json.loads(variables)} == {"PATH", "LANG", "AWS_PAGER"}


def test_a_client_of_each_service_rolecall_calls_can_be_made(bare):
    listed = (ROOT / "pipeline/image/aws-services.txt").read_text()
    services = re.findall(r"^[a-z0-9-]+$", listed, re.MULTILINE)
    script = (
        "import botocore.session, sys\n"
        "session = botocore.session.get_session()\n"
        "made = [session.create_client(name, 'eu-central-1') for name in sys.argv[1:]]\n"
        "print([client.meta.service_model.service_name for client in made])\n"
        "print(session.get_available_services())"
    )
    done = bare("/opt/rolecall/bin/python", "-c", script, *services)
    assert done.code == 0, done.err
    assert done.out.splitlines() == [str(services), str(sorted(services))]


def test_bytecode_is_there_and_never_written(bare):
    script = """
        find /opt/rolecall/lib -name '*.py' | while read -r source; do
          folder=$(dirname "$source") name=$(basename "$source" .py)
          test -f "$folder/__pycache__/$name.cpython-313.pyc" || echo "none for $source"
        done
        rolecall plan >/dev/null 2>&1
        find /opt/rolecall -newer /opt/rolecall/bin/rolecall
    """
    assert bare("bash", "-c", script).out == ""


def test_the_locked_wheels_are_there_for_arm64_too(tmp_path):
    platforms = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
            *("--only-binary", ":all:", "--python-version", "3.13", "--implementation", "cp"),
            *(word for platform in platforms for word in ("--platform", platform)),
            *("--dest", tmp_path, "--requirement", ROOT / "requirements/runtime.txt"),
        ],
        check=True,
        env=engine.ENVIRON,
        timeout=300,
    )
    assert any("aarch64" in path.name for path in tmp_path.iterdir())


def test_the_bill_of_materials_names_every_package_and_is_valid(full):
    text = sbom.bill(full)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert sbom.bill(full) == text
    names = {each["purl"].partition("@")[0] for each in json.loads(text)["components"]}
    runtime = (ROOT / "requirements/runtime.txt").read_text()
    locked = re.findall(r"^([a-z0-9-]+)==", runtime, re.MULTILINE)
    assert names >= {f"pkg:pypi/{name}" for name in [*locked, "rolecall"]}
    assert names >= {"pkg:deb/debian/awscli", "pkg:deb/debian/python3", "pkg:deb/debian/tini"}
