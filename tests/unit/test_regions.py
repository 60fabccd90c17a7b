"""Regions: those that are known, and what is said of others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.session import Session

from rolecall.sessions import regions as asked
from rolecall.sessions import remedies
from rolecall.settings.load import load
from rolecall.targets import Build, regions, resolve

ARN = "arn:aws:iam::222222222222:role/deploy"


def remarks(default="eu-west-1", file=None, folder=Path("/"), **given):
    if file:
        (folder / "rolecall.yml").write_text(file)
    environ = {f"ROLECALL_{name}": value for name, value in {"TARGETS": ARN, **given}.items()}
    loaded = load(environ=environ, flags={}, folder=folder)
    found = resolve(loaded, build=Build(), default_region=default, read_list=str)
    assert not found.problems
    return [str(remark) for remark in found.remarks]


def unanswered(region):
    return EndpointConnectionError(endpoint_url=f"https://sts.{region}.amazonaws.com/")


def test_every_region_that_boto3_knows_is_known():
    session = Session()
    names = {
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("ec2", partition)
    }
    assert names
    assert names <= regions.known()
    assert not any(map(regions.unknown, names))


def test_to_know_regions_botocore_is_not_imported():
    code = (
        "import sys; from rolecall.targets import regions; assert regions.known();"
        " sys.exit('botocore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, []),
        ({"default": "cn-north-1", "TARGETS": ARN.replace(":aws:", ":aws-cn:")}, []),
        (
            {"default": "eu-cental-1"},
            ["AWS_REGION: 'eu-cental-1' is no region that is known here; did you mean eu-cen"],
        ),
        (
            {"REGIONS": "eu-west-1 ue-west-2"},
            ["ROLECALL_REGIONS: 'ue-west-2' is no region that is known here; did you mean us-west"],
        ),
        (
            {"REGIONS": "zz-zz-zz-9"},
            ["ROLECALL_REGIONS: 'zz-zz-zz-9' is no region that is known here; check how it is"],
        ),
    ],
)
def test_a_region_that_may_be_misspelt_is_remarked_upon_where_it_stands(given, said):
    found = remarks(**given)
    assert len(found) == len(said)
    assert all(text.startswith(start) for text, start in zip(found, said, strict=True))


def test_a_region_of_one_target_is_remarked_upon_once_with_its_line(tmp_path):
    file = (
        "targets:\n"
        f"  - {{name: a, role_arn: '{ARN}', regions: [eu-west-1]}}\n"
        f"  - {{name: b, role_arn: '{ARN}b', regions: [eu-wst-1]}}\n"
        f"  - {{name: c, role_arn: '{ARN}c', regions: [eu-wst-1]}}\n"
    )
    [remark] = remarks(file=file, folder=tmp_path, TARGETS="")
    assert remark.startswith("rolecall.yml:3: 'eu-wst-1' is no region that is known here")


def test_a_region_that_is_unknown_and_does_not_answer_is_taken_for_misspelt():
    error = asked.explained(unanswered("eu-cental-1"), "eu-cental-1", "222222222222")
    assert (error.code, error.reason) == (
        "RegionUnknown",
        "region eu-cental-1 is not known here, and does not answer for account 222222222222",
    )
    assert error.remedy.startswith("did you mean eu-central-1? If AWS has added it lately")
    error = asked.explained(unanswered("me-south-1"), "me-south-1", "222222222222")
    assert "region me-south-1 does not answer" in error.reason


def test_where_sts_is_looked_for_in_an_unknown_region_the_remedy_names_the_right_one():
    remedy = remedies.explained(unanswered("eu-cental-1")).remedy
    assert remedy.startswith("region eu-cental-1 is not known here: did you mean eu-central-1?")
    assert remedies.explained(unanswered("eu-west-1")).remedy.startswith("AWS cannot be reached")


def test_without_data_on_regions_none_is_doubted(monkeypatch):
    regions.known.cache_clear()
    monkeypatch.setattr(regions, "find_spec", lambda name: None)
    try:
        assert not regions.unknown("eu-cental-1")
    finally:
        regions.known.cache_clear()
