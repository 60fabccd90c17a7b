"""What commands get of the environment: settings, and no way to credentials of somebody else's."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from rolecall.aws_variables import RESERVED, inherited, secrets
from rolecall.commands import environment
from rolecall.targets import SessionOptions, Target, arns

WAYS = """
AWS_ACCESS_KEY_ID AWS_ACCESS_KEY AWS_SECRET_ACCESS_KEY AWS_SECRET_KEY AWS_SESSION_TOKEN
AWS_SECURITY_TOKEN AWS_CREDENTIAL_EXPIRATION AMAZON_ACCESS_KEY_ID AMAZON_SECRET_ACCESS_KEY
AMAZON_SESSION_TOKEN EC2_ACCESS_KEY EC2_SECRET_KEY EC2_SECURITY_TOKEN AWS_BEARER_TOKEN_BEDROCK
AWS_BEARER_TOKEN_WHATEVER_COMES AWS_PROFILE AWS_DEFAULT_PROFILE AWS_CONFIG_FILE
AWS_SHARED_CREDENTIALS_FILE AWS_CREDENTIAL_FILE AWS_CREDENTIAL_PROFILES_FILE AWS_SDK_LOAD_CONFIG
AWS_SDK_CONFIG_OPT_OUT BOTO_CONFIG BOTO_PATH AWS_ROLE_ARN AWS_ROLE_SESSION_NAME
AWS_WEB_IDENTITY_TOKEN_FILE AWS_SSO_START_URL AWS_LOGIN_CACHE_DIRECTORY
AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI
AWS_CONTAINER_AUTHORIZATION_TOKEN AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE AWS_EC2_METADATA_DISABLED
AWS_EC2_METADATA_SERVICE_ENDPOINT AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE AWS_IMDS_USE_IPV6
AWS_METADATA_URL AWS_METADATA_SERVICE_TIMEOUT AWS_VAULT AWS_VAULT_BACKEND AWS_REGION
AWS_DEFAULT_REGION AMAZON_REGION AWS_PROD_ACCESS_KEY_ID AWS_PROD_SECRET_ACCESS_KEY
AWS_PROD_PROFILE MINIO_SHARED_CREDENTIALS_FILE S3CMD_CONFIG
"""
SETTINGS = """
AWS_CA_BUNDLE AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3 AWS_ENDPOINT_URL_DYNAMODB AWS_MAX_ATTEMPTS
AWS_IGNORE_CONFIGURED_ENDPOINT_URLS AWS_USE_FIPS_ENDPOINT AWS_USE_DUALSTACK_ENDPOINT AWS_PAGER
AWS_RETRY_MODE AWS_STS_REGIONAL_ENDPOINTS AWS_DEFAULTS_MODE AWS_DEFAULT_OUTPUT AWS_SDK_UA_APP_ID
AWS_CLI_AUTO_PROMPT AWS_DATA_PATH AWS_EXECUTION_ENV AWS_REQUEST_CHECKSUM_CALCULATION
AWS_RESPONSE_CHECKSUM_VALIDATION AWS_NODEJS_CONNECTION_REUSE_ENABLED
AWS_S3_US_EAST_1_REGIONAL_ENDPOINT AWS_ACCOUNT_ID_ENDPOINT_MODE
"""
UNKNOWN = """
AWS_FOO AWS_ACCOUNT_ID AWS_TOKEN_OF_2030 AMAZON_WHATEVER EC2_URL CDK_DEFAULT_ACCOUNT
CDK_DEFAULT_REGION AWS_CSM_HOST AWS_XRAY_DAEMON_ADDRESS AWS_LAMBDA_METADATA_TOKEN
MINIO_ACCESS_KEY MINIO_ROOT_USER
"""


def target(**variables):
    options = SessionOptions(**{field.name: () for field in fields(SessionOptions)})
    return Target(
        index=1,
        name="dev",
        role=arns.parse("arn:aws:iam::222222222222:role/deploy"),
        regions=("eu-west-1",),
        variables=tuple(variables.items()),
        session=options,
    )


def seen(environ, *, settings=None, profile=None, **variables):
    return environment.of_target(
        inherited(environ).kept,
        target(**variables),
        region="eu-west-1",
        index=1,
        count=1,
        settings=settings or {},
        profile=profile or {},
    )


@pytest.mark.parametrize("name", WAYS.split())
def test_a_way_to_credentials_is_left_behind_and_no_target_can_have_it(name):
    found = inherited({name: "the hub's", "PATH": "/bin"})
    assert (dict(found.kept), found.unknown) == ({"PATH": "/bin"}, ())
    assert seen({name: "the hub's"}).get(name) != "the hub's"
    assert re.fullmatch(RESERVED, name)


@pytest.mark.parametrize("name", SETTINGS.split())
def test_a_setting_is_passed_on_and_a_target_can_have_its_own(name):
    assert inherited({name: "x"}).kept == {name: "x"}
    assert seen({name: "x"}, **{name: "y"})[name] == "y"
    assert not re.fullmatch(RESERVED, name)


@pytest.mark.parametrize("name", UNKNOWN.split())
def test_what_nobody_has_heard_of_is_left_behind_and_told_and_a_target_can_have_it(name):
    found = inherited({name: "x"})
    assert (dict(found.kept), found.unknown) == ({}, (name,))
    assert seen({name: "x"}, **{name: "y"})[name] == "y"
    assert not re.fullmatch(RESERVED, name)


@pytest.mark.parametrize("name", ["PATH", "aws_profile", "TF_VAR_region", "AWSUME", "BOTO_X"])
def test_what_no_sdk_reads_is_passed_on(name):
    assert inherited({name: "x"}).kept == {name: "x"}


def test_every_way_that_is_open_by_itself_is_closed():
    found = seen({})
    assert found["AWS_EC2_METADATA_DISABLED"] == "true"
    assert found["AWS_SDK_LOAD_CONFIG"] == "1"
    for name in ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        assert re.fullmatch(
            r"http://127\.0\.0\.1:\d{1,3}", found[name]
        )  # root's port, if anybody's


def test_the_profile_s_own_endpoint_takes_the_place_of_the_closed_one():
    own = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:4711/credentials"}
    assert seen({}, profile=own).items() >= own.items()


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("-Xmx1g -Daws.profile=hub -Dfoo=bar", "-Xmx1g  -Dfoo=bar"),
        ("-Daws.accessKeyId=AKIAEXAMPLE -Daws.secretKey=x", " "),
        ('-Daws.profile="my hub" -Xss1m', " -Xss1m"),
        ('"-Daws.profile=my hub" -Xss1m', " -Xss1m"),
        ("-Dcom.amazonaws.sdk.ec2MetadataServiceEndpointOverride=http://x -ea", " -ea"),
        ("-Dmy.aws.profile=x -Dawsome=1", "-Dmy.aws.profile=x -Dawsome=1"),
    ],
)
@pytest.mark.parametrize("name", ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "MAVEN_OPTS", "MAVEN_ARGS"])
def test_properties_of_a_jvm_lead_to_no_credentials_and_the_rest_stays(name, given, left):
    found = inherited({name: given})
    assert found.kept == {name: left}
    assert found.shortened == ((name,) if left != given else ())
    assert seen({}, **{name: given})[name] == left


def test_commands_that_name_a_property_are_left_as_they_are():
    script = {"ROLECALL_COMMANDS": "java -Daws.region=x -jar it.jar"}
    assert inherited(script).kept == script


def test_what_a_profile_sets_holds_where_no_variable_says_otherwise():
    settings = {
        "AWS_CA_BUNDLE": "/file",
        "AWS_ENDPOINT_URL": "https://file",
        "AWS_ENDPOINT_URL_S3": "https://s3.file",
    }
    assert seen({}, settings=settings).items() >= settings.items()
    found = seen({"AWS_CA_BUNDLE": "/variable", "AWS_ENDPOINT_URL": "https://v"}, settings=settings)
    assert (found["AWS_CA_BUNDLE"], found["AWS_ENDPOINT_URL"]) == ("/variable", "https://v")
    assert "AWS_ENDPOINT_URL_S3" not in found  # in SDKs too the variable wins over the file


def test_every_secret_of_the_environment_is_known_to_the_mask():
    environ = {
        "AWS_SECRET_ACCESS_KEY": "a",
        "AWS_BEARER_TOKEN_BEDROCK": "b",
        "AWS_PROD_SECRET_ACCESS_KEY": "c",
        "AMAZON_SESSION_TOKEN": "d",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "e",
        "MAVEN_OPTS": "-Daws.accessKeyId=id -Daws.secretKey=f -Daws.sessionToken='g'",
        "AWS_REGION": "eu-west-1",
    }
    assert sorted(secrets(environ)) == list("abcdefg")
