"""The variables that AWS SDKs of any age read: which are settings, and which lead to credentials.

Sources: https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html, and for what that
leaves out the code of botocore, boto 2, the AWS CLI, and the SDKs for Go, Java, JavaScript, PHP,
Ruby and .NET. All of them tell capitals from small letters, as the system does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# Whatever begins so is an SDK's or a tool's of AWS. Of these the commands of a target get settings
# alone: a name that nobody here has heard of may be a way to credentials of somebody else's.
_OF_AWS = ("AWS_", "AMAZON_", "EC2_")
# Settings of a profile, by their keys, and the variable that each has, if it has one.
OF_PROFILES: Mapping[str, str] = {
    "account_id_endpoint_mode": "AWS_ACCOUNT_ID_ENDPOINT_MODE",
    "api_versions": "",
    "auth_scheme_preference": "AWS_AUTH_SCHEME_PREFERENCE",
    "ca_bundle": "AWS_CA_BUNDLE",
    "cli_auto_prompt": "AWS_CLI_AUTO_PROMPT",
    "cli_binary_format": "",
    "cli_error_format": "",
    "cli_follow_urlparam": "",
    "cli_help_output": "",
    "cli_history": "",
    "cli_pager": "AWS_PAGER",
    "cli_timestamp_format": "",
    "defaults_mode": "AWS_DEFAULTS_MODE",
    "disable_host_prefix_injection": "AWS_DISABLE_HOST_PREFIX_INJECTION",
    "disable_request_compression": "AWS_DISABLE_REQUEST_COMPRESSION",
    "endpoint_discovery_enabled": "AWS_ENABLE_ENDPOINT_DISCOVERY",
    "endpoint_url": "AWS_ENDPOINT_URL",
    "ignore_configured_endpoint_urls": "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "max_attempts": "AWS_MAX_ATTEMPTS",
    "output": "AWS_DEFAULT_OUTPUT",
    "parameter_validation": "",
    "proxy_ca_bundle": "",
    "proxy_client_cert": "",
    "proxy_use_forwarding_for_https": "",
    "request_checksum_calculation": "AWS_REQUEST_CHECKSUM_CALCULATION",
    "request_min_compression_size_bytes": "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
    "response_checksum_validation": "AWS_RESPONSE_CHECKSUM_VALIDATION",
    "retry_mode": "AWS_RETRY_MODE",
    "s3": "",
    "s3_disable_express_session_auth": "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
    "s3_disable_multiregion_access_points": "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
    "s3_us_east_1_regional_endpoint": "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
    "s3_use_arn_region": "AWS_S3_USE_ARN_REGION",
    "s3api": "",
    "sdk_ua_app_id": "AWS_SDK_UA_APP_ID",
    "sigv4a_signing_region_set": "AWS_SIGV4A_SIGNING_REGION_SET",
    "sts_regional_endpoints": "AWS_STS_REGIONAL_ENDPOINTS",
    "tcp_keepalive": "BOTOCORE_TCP_KEEPALIVE",
    "use_dualstack_endpoint": "AWS_USE_DUALSTACK_ENDPOINT",
    "use_fips_endpoint": "AWS_USE_FIPS_ENDPOINT",
}
OF_SERVICES = "AWS_ENDPOINT_URL_"
_SETTINGS = frozenset(OF_PROFILES.values()) | {
    "AWS_CLI_FILE_ENCODING",
    "AWS_CLI_HISTORY_FILE",
    "AWS_CLI_S3_MV_VALIDATE_SAME_S3_PATHS",
    "AWS_DATA_PATH",
    "AWS_ENDPOINT_DISCOVERY_ENABLED",
    "AWS_EXECUTION_ENV",
    "AWS_JAVA_V1_DISABLE_DEPRECATION_ANNOUNCEMENT",
    "AWS_NODEJS_CONNECTION_REUSE_ENABLED",
    "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED",
    "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE",
    # Terraform before it knew AWS_ENDPOINT_URL.
    "AWS_DYNAMODB_ENDPOINT",
    "AWS_IAM_ENDPOINT",
    "AWS_S3_ENDPOINT",
    "AWS_STS_ENDPOINT",
}
_OWNERS = r"(?:AWS|AMAZON|EC2)_(?:\w+_)?"  # in between Serverless has a stage
# A pattern of each way to credentials, and of what says where one begins or that one is left out.
# None of these can be a target's own, and nothing is said of them where they are left behind.
_WAYS = (
    # keys and tokens, by all the names they have had
    rf"{_OWNERS}(?:ACCESS_KEY(?:_ID)?|SECRET(?:_ACCESS)?_KEY|SESSION_TOKEN|SECURITY_TOKEN)",
    r"AWS_CREDENTIAL_EXPIRATION",
    r"AWS_BEARER_TOKEN_\w+",
    # files and the profiles in them
    rf"{_OWNERS}PROFILE",
    r"AWS_CONFIG_FILE",
    r"AWS_SHARED_CREDENTIALS_FILE",
    r"AWS_CREDENTIAL_FILE",
    r"AWS_CREDENTIAL_PROFILES_FILE",
    r"AWS_SDK_LOAD_CONFIG",
    r"AWS_SDK_LOAD_NONDEFAULT_CONFIG",
    r"AWS_SDK_CONFIG_OPT_OUT",
    r"BOTO_CONFIG",
    r"BOTO_PATH",
    r"S3CMD_CONFIG",
    r"MINIO_SHARED_CREDENTIALS_FILE",
    # roles, web identity, browsers' logins
    r"AWS_(?:IAM_)?ROLE_(?:ARN|SESSION_NAME)",
    r"AWS_WEB_IDENTITY_\w+",
    r"AWS_SSO_\w+",
    r"AWS_LOGIN_\w+",
    # endpoints that give credentials
    r"AWS_CONTAINER_\w+",
    r"AWS_EC2_\w+",
    r"AWS_IMDS_\w+",
    r"AWS_METADATA_\w+",
    r"AWS_IMDSV1_FALLBACK",
    # what aws-vault and its like say of the session they have made
    r"AWS_VAULT\w*",
    r"AWS_SESSION_(?:EXPIRATION|TTL)",
    r"AWS_(?:ASSUME_ROLE_TTL|CHAINED_SESSION_TOKEN_TTL|FEDERATION_TOKEN_TTL|MFA_SERIAL)",
    r"AWS_OKTA_\w+",
    r"AWS_PROFILE_\w+",
    # where the session is, which the target's own says
    r"(?:AWS|AMAZON)_(?:DEFAULT_)?REGION",
)
RESERVED = "|".join(_WAYS)
_RESERVED = re.compile(rf"(?:{RESERVED})")
# The account and region that rolecall itself was started in; keys that a client of S3 (restic) has
# before those of any profile; what bash reads before a script, which may set keys anew.
_BESIDES = frozenset(
    {
        "BASH_ENV",
        "CDK_DEFAULT_ACCOUNT",
        "CDK_DEFAULT_REGION",
        "MINIO_ACCESS_KEY",
        "MINIO_ROOT_PASSWORD",
        "MINIO_ROOT_USER",
        "MINIO_SECRET_KEY",
    }
)
_SECRET = re.compile(
    rf"{_OWNERS}(?:SECRET(?:_ACCESS)?_KEY|SESSION_TOKEN|SECURITY_TOKEN)"
    r"|AWS_CONTAINER_AUTHORIZATION_TOKEN|AWS_BEARER_TOKEN_\w+"
    r"|MINIO_(?:SECRET_KEY|ROOT_PASSWORD)"
)
# Words of a JVM's options win over the environment in the SDKs for Java.
_OPTIONS = re.compile(r"\w*(?:OPTS|OPTIONS|ARGS)")
_PROPERTY = re.compile(
    r"""(?<!\S)(?:(?P<quote>["'])-D(?:aws|com\.amazonaws)\..*?(?P=quote)(?!\S)"""
    r"""|-D(?:aws|com\.amazonaws)\.(?:"[^"]*"|'[^']*'|[^\s"'])*)"""
)
_SECRET_PROPERTY = re.compile(
    r"""-Daws\.(?:secretKey|secretAccessKey|sessionToken)=["']?([^\s"']+)"""
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Inherited:
    """What commands may have of an environment.

    Attributes:
        kept: names and values. unknown: names of AWS's that were left out, and no known way to
            credentials. shortened: names of options whose words `-Daws.…` were taken out.
    """

    kept: Mapping[str, str]
    unknown: tuple[str, ...]
    shortened: tuple[str, ...]


def inherited(environ: Mapping[str, str]) -> Inherited:
    """The environment without what leads an SDK to credentials, or to the account of others."""
    kept: dict[str, str] = {}
    unknown: list[str] = []
    shortened: list[str] = []
    for name, value in environ.items():
        if _RESERVED.fullmatch(name):
            continue
        if _is_setting(name) or not (name.startswith(_OF_AWS) or name in _BESIDES):
            kept[name] = without_properties(name, value)
            if kept[name] != value:
                shortened.append(name)
        else:
            unknown.append(name)
    return Inherited(kept=kept, unknown=tuple(sorted(unknown)), shortened=tuple(shortened))


def _is_setting(name: str) -> bool:
    return name in _SETTINGS or name.startswith(OF_SERVICES)


def without_properties(name: str, value: str) -> str:
    """The value; of a variable with a JVM's options, without those that are an SDK's of AWS."""
    if "-D" not in value or not _OPTIONS.fullmatch(name):
        return value
    return _PROPERTY.sub("", value)


def secrets(environ: Mapping[str, str]) -> Iterator[str]:
    """What of an environment is never to be shown."""
    for name, value in environ.items():
        if _SECRET.fullmatch(name):
            yield value
        elif "-Daws." in value:
            yield from _SECRET_PROPERTY.findall(value)
