"""What the source's profile says beside credentials, read as botocore reads it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import botocore.session
import pytest

from rolecall import aws_files
from rolecall.aws_files import OwnProfile
from rolecall.aws_variables import OF_PROFILES
from rolecall.errors import ConfigError

FILE = """
[default]
region = eu-central-1
output = text
ca_bundle = ~/.aws/ca.pem
credential_process = steal
s3 =
    addressing_style = path
    aws_access_key_id = AKIAEXAMPLE
services = local
granted_sso_start_url = https://x

[profile hub]
role_arn = arn:aws:iam::111111111111:role/x
source_profile = default
ca_bundle = certificates/ca.pem
max_attempts = 7
key_of_2030 = AKIAEXAMPLE

[profile "two words"]
region = eu-west-3

[services local]
s3 =
    endpoint_url = http://127.0.0.1:1
elastic_beanstalk =
    endpoint_url = http://127.0.0.1:2
    token = of another year
"""


@pytest.fixture
def own(tmp_path):
    config = tmp_path / "config"
    config.write_text(FILE)

    def read(**environ):
        paths = {"HOME": str(tmp_path / "home"), "AWS_CONFIG_FILE": str(config)}
        return aws_files.own({**paths, **environ}, tmp_path / "work")

    return read


def test_settings_are_kept_and_no_way_to_credentials_is(own, tmp_path):
    assert own() == OwnProfile(
        region="eu-central-1",
        settings={"output": "text", "ca_bundle": str(tmp_path / "home/.aws/ca.pem")},
        nested={"s3": {"addressing_style": "path"}},
        services={"s3": "http://127.0.0.1:1", "elastic_beanstalk": "http://127.0.0.1:2"},
        unknown=("granted_sso_start_url",),
    )


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_the_profile_that_is_named_counts_and_default_does_not_beside_it(own, tmp_path, variable):
    found = own(**{variable: "hub"})
    assert found == OwnProfile(
        settings={"ca_bundle": str(tmp_path / "work/certificates/ca.pem"), "max_attempts": "7"},
        unknown=("key_of_2030",),
    )


def test_a_quoted_name_is_read(own):
    assert own(AWS_PROFILE="two words").region == "eu-west-3"


def test_what_stands_in_the_credentials_file_counts_first(own, tmp_path):
    stored = tmp_path / "credentials"
    stored.write_text("[default]\naws_access_key_id = x\nregion = eu-north-1\noutput = json\n")
    found = own(AWS_SHARED_CREDENTIALS_FILE=str(stored))
    assert (found.region, found.settings["output"], found.unknown) == (
        "eu-north-1",
        "json",
        ("granted_sso_start_url",),
    )


@pytest.mark.parametrize("file", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
@pytest.mark.parametrize("text", ["no section", "[default]\n[", "[default]\na = \xff"])
def test_a_file_that_is_no_aws_file_is_told_and_never_its_content(tmp_path, file, text):
    path = tmp_path / "file"
    path.write_text(text, "latin-1")
    with pytest.raises(ConfigError) as raised:
        aws_files.own({"HOME": str(tmp_path), file: str(path)}, tmp_path)
    [problem] = raised.value.problems
    assert problem.place.startswith(str(path))
    assert text not in problem.text


def test_a_file_that_may_not_be_read_gives_nothing_as_to_botocore(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe", "gone", "gone/deeper", "/dev/null"):
        environ = {"HOME": str(tmp_path), "AWS_CONFIG_FILE": str(tmp_path / name)}
        assert aws_files.own(environ, tmp_path) == OwnProfile()


def test_of_several_sections_of_a_profile_botocore_takes_the_last(own, tmp_path, monkeypatch):
    path = tmp_path / "config"
    text = "[DEFAULT]\noutput = text\n[profile default]\nregion = a\nmax_attempts = 3\n"
    path.write_text(f"{text}[default]\nregion = b\n")
    found = own()
    assert (found.region, found.region_file) == ("b", str(path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    expected = {"region": found.region, **found.settings}
    assert botocore.session.Session().get_scoped_config() == expected


PATHS = [
    "a",
    "~",
    "~/a",
    "~root/a",
    "~nobody-there/a",
    "$HOME/a",
    "${HOME}/a",
    "$A$B/c",
    "a/~",
    "$",
]


@pytest.mark.parametrize("name", [*PATHS, "$NONE/a", "${A}b", "$A", "${A", "$$A", "/x/../y"])
def test_files_lie_where_botocore_looks_for_them(tmp_path, monkeypatch, name):
    environ = {"HOME": str(tmp_path / "home"), "A": "~", "B": "$A"}
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    expected = os.path.expanduser(os.path.expandvars(name))  # noqa: PTH111
    given = {**environ, "AWS_CONFIG_FILE": name, "AWS_SHARED_CREDENTIALS_FILE": name}
    if expected.startswith("~"):
        with pytest.raises(ConfigError, match="names no home folder that is known; set HOME"):
            aws_files.files(given, tmp_path)
        with pytest.raises(ConfigError, match=re.escape(f"AWS_CONFIG_FILE: {name!r} names")):
            aws_files.own(given, tmp_path)
    else:
        found = aws_files.files(given, tmp_path)
        assert found.config == found.credentials == tmp_path / expected


def test_where_nobody_knows_a_home_no_file_lies_there_and_one_that_is_named_counts(
    own, tmp_path, monkeypatch
):
    def unknown(path):
        raise RuntimeError

    monkeypatch.setattr(Path, "expanduser", unknown)
    assert aws_files.own({}, tmp_path) == OwnProfile()
    assert own(HOME="").region == "eu-central-1"
    assert own(HOME="").settings["ca_bundle"].endswith("~/.aws/ca.pem")
    with pytest.raises(ConfigError, match="AWS_CONFIG_FILE"):
        aws_files.files({}, tmp_path)


def test_botocore_reads_what_is_written_as_what_was_read(own, tmp_path, monkeypatch):
    found = own()
    written = tmp_path / "written"
    written.write_text(f"[profile dev]\n{found.section()}{found.services_section()}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(written))
    monkeypatch.setenv("AWS_PROFILE", "dev")
    session = botocore.session.Session()
    assert session.get_scoped_config() == {
        **found.settings,
        "s3": {"addressing_style": "path"},
        "services": "source",
    }
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "eu-west-1"}
    for number, service in enumerate(("s3", "elasticbeanstalk"), start=1):
        client = session.create_client(service, verify=False, **keys)
        assert client.meta.endpoint_url == f"http://127.0.0.1:{number}"


def test_what_has_a_variable_is_said_by_it_and_the_rest_is_left(own, tmp_path):
    found = own()
    assert found.variables() == {
        "AWS_DEFAULT_OUTPUT": "text",
        "AWS_CA_BUNDLE": str(tmp_path / "home/.aws/ca.pem"),
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_ELASTIC_BEANSTALK": "http://127.0.0.1:2",
    }
    assert found.section(left=True) == "s3 =\n  addressing_style = path\n"


def test_every_setting_that_botocore_knows_is_passed_on_unless_it_leads_to_credentials():
    from botocore import configprovider  # noqa: PLC0415

    known = {
        **configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES,
        **configprovider.DEFAULT_PROXIES_CONFIG_VARS,
    }
    keys = {key for key, *_ in known.values() if isinstance(key, str)}
    left = {key for key in keys if key not in OF_PROFILES}
    assert left == {
        "region",
        "data_path",
        "csm_enabled",
        "csm_host",
        "csm_port",
        "csm_client_id",
        *(key for key in keys if key.startswith(("ec2_metadata", "imds_", "metadata_service"))),
    }
