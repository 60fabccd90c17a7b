"""Writes what an image is made of as CycloneDX JSON: its Debian packages and rolecall's wheels.

The same image gives the same file, byte for byte: no time is in it, and its serial number is made
of the image's digest. Source: https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

_DEBIAN = ("dpkg-query", "--show", "--showformat", "${Package}\t${Version}\t${Architecture}\n")
_LIST_WHEELS = """\
from importlib.metadata import distributions
for each in distributions():
    print(each.name, each.version, sep="\t")
"""
_WHEELS = ("/opt/rolecall/bin/python", "-c", _LIST_WHEELS)


def bill(image: str) -> str:
    """The bill of materials of an image that the engine has."""
    identity = _docker("image", "inspect", "--format", "{{.Id}}", image).strip()
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, identity))
    whole = Component(
        name="rolecall", version=identity, type=ComponentType.CONTAINER, bom_ref="image"
    )
    parts = list(_components(image))
    bom.metadata.component = whole
    bom.components.update(parts)
    bom.register_dependency(whole, parts)
    text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    document = json.loads(text)
    document["metadata"].pop("timestamp", None)
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _components(image: str) -> Iterator[Component]:
    for name, version, architecture in _rows(image, *_DEBIAN):
        qualifiers = {"arch": architecture, "distro": "debian-13"}
        purl = PackageURL("deb", "debian", name, version, qualifiers=qualifiers)
        yield Component(name=name, version=version, purl=purl, bom_ref=str(purl))
    for name, version in _rows(image, *_WHEELS):
        purl = PackageURL("pypi", None, name.lower().replace("_", "-"), version)
        yield Component(name=name, version=version, purl=purl, bom_ref=str(purl))


def _rows(image: str, program: str, *arguments: str) -> list[list[str]]:
    run = ("run", "--rm", "--network", "none", "--entrypoint", program)
    return [line.split("\t") for line in _docker(*run, image, *arguments).splitlines()]


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def main() -> None:
    """Writes the bill of the image named first to the file named second."""
    image, path = sys.argv[1:]
    Path(path).write_text(bill(image), "utf-8")
    print(f"{path}: what {image} is made of")


if __name__ == "__main__":
    main()
