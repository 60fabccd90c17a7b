"""The image, built once, on a real engine. Without one there is a single test that says so."""

from __future__ import annotations

import os

import pytest

from support import engine
from support.command import SOURCE_KEYS, TARGETS
from support.engine import Image
from support.sts import ScriptedSts

_GIVEN = os.environ.get("IMAGE")
_BUILD_SECONDS = 1800

collect_ignore_glob = ["test_image_*.py"] if engine.lacking() else []


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent.name == "image":
            item.add_marker(pytest.mark.timeout(_BUILD_SECONDS))


@pytest.fixture(scope="session")
def base():
    return engine.base_image()


@pytest.fixture(scope="session")
def built(base):
    """The default target's tag."""
    return engine.build("rolecall-test", base)


@pytest.fixture(scope="session")
def full(request):
    """The image under test: IMAGE where it is given, else the one that is built here."""
    return _GIVEN or request.getfixturevalue("built")


@pytest.fixture(scope="session")
def slim(base):
    return engine.build("rolecall-test-slim", base, target="slim")


@pytest.fixture
def sts():
    with ScriptedSts() as server:
        yield server


@pytest.fixture
def folder(tmp_path):
    """The sources, that any user may write to."""
    made = tmp_path / "sources"
    made.mkdir()
    made.chmod(0o777)
    return made


@pytest.fixture
def bare(full, folder):
    """The image as it is, told nothing."""
    return Image(name=full, folder=folder, variables={})


@pytest.fixture
def image(full, folder, sts):
    """The image against the scripted STS, with the source's keys and three targets."""
    variables = {**SOURCE_KEYS, "AWS_ENDPOINT_URL": sts.url, "ROLECALL_TARGETS": TARGETS}
    return Image(name=full, folder=folder, options=("--network", "host"), variables=variables)


@pytest.fixture
def background():
    """Starts containers that are removed when the test ends."""
    started = []

    def start(image, *words, **more):
        started.append(image.start(*words, **more))
        return started[-1]

    yield start
    for container in started:
        engine.docker("rm", "--force", container)
