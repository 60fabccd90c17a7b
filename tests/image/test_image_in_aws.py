"""Deployments with the AWS CLI in the image, where credentials come as CodeBuild gives them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from organisation import Organisation

from support import engine
from support.engine import Image
from support.relay import Relay

NETWORK = "rolecall-test"
PATH = "/v2/credentials/0a1b2c3d"


@dataclass(frozen=True, kw_only=True)
class CodeBuild:
    """A build's surroundings. `options` put a container beside the credentials' endpoint."""

    organisation: Organisation
    options: tuple[str, ...]
    variables: dict[str, str]


@pytest.fixture(scope="module")
def private_network():
    """The address at which containers of a network without a way out find this machine."""
    engine.docker("network", "rm", NETWORK, check=False)
    engine.docker("network", "create", "--internal", NETWORK)
    template = "{{(index .IPAM.Config 0).Gateway}}"
    yield engine.docker("network", "inspect", "--format", template, NETWORK).stdout.strip()
    engine.docker("network", "rm", NETWORK)


@pytest.fixture(scope="module")
def codebuild(full, private_network):
    with Organisation() as organisation:
        variables = dict(organisation.environment())
        keys = {
            "AccessKeyId": variables.pop("AWS_ACCESS_KEY_ID"),
            "SecretAccessKey": variables.pop("AWS_SECRET_ACCESS_KEY"),
            "Token": variables.pop("AWS_SESSION_TOKEN"),
            "Expiration": "2099-01-01T00:00:00Z",
        }
        # Standard input, since what a container is started with can be read by `docker inspect`.
        endpoint = engine.docker(
            *("create", "--interactive", "--network", NETWORK, "--cap-add", "NET_ADMIN"),
            *("--volume", f"{engine.ROOT}/tests/image:/tests:ro"),
            *(full, "python3", "/tests/credentials_endpoint.py", PATH),
        ).stdout.strip()
        try:
            with (
                subprocess.Popen(
                    ["docker", "start", "--attach", "--interactive", endpoint],
                    env=engine.ENVIRON,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    text=True,
                ) as attached,
                Relay(private_network, urlsplit(organisation.url).port) as relay,
            ):
                attached.stdin.write(json.dumps(keys))
                attached.stdin.close()
                engine.wait_for(endpoint, "serving")
                variables["AWS_ENDPOINT_URL"] = relay.url
                variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = PATH
                options = ("--network", f"container:{endpoint}")
                yield CodeBuild(organisation=organisation, options=options, variables=variables)
                engine.docker("kill", endpoint)
        finally:
            engine.docker("rm", "--force", endpoint)


@pytest.fixture
def build(codebuild, full, folder):
    """The image, with every account of the organisation as its targets."""
    targets = " ".join(f"{each.name}={each.role_arn}" for each in codebuild.organisation.targets)
    return Image(
        name=full,
        folder=folder,
        options=codebuild.options,
        variables={**codebuild.variables, "ROLECALL_TARGETS": targets},
    )


@pytest.mark.parametrize(
    ("release", "options", "words"),
    [
        ("by-entrypoint", (), ()),
        ("as-in-codebuild", ("--entrypoint", "/bin/sh"), ("-c", "rolecall run")),
    ],
)
def test_the_aws_cli_deploys_to_every_account(codebuild, build, release, options, words):
    (build.folder / "site").mkdir()
    (build.folder / "site/index.html").write_text(release)
    put = "aws ssm put-parameter --name /rolecall/release --type String --overwrite --value"
    commands = [
        "aws s3 sync site s3://site-$ROLECALL_TARGET-$ROLECALL_ACCOUNT_ID --no-progress",
        f"{put} $ROLECALL_TARGET",
    ]
    done = build(*words, options=options, ROLECALL_COMMANDS=json.dumps(commands))
    assert done.code == 0, done.out + done.err
    targets = codebuild.organisation.targets
    assert done.statuses == ["succeeded"] * len(targets)
    assert len({each.account_id for each in targets}) == 4
    for target in targets:
        found = codebuild.organisation.deployed(target)
        assert [each.body.decode() for each in found.objects] == [release]
        assert found.release == target.name


def test_an_account_that_denies_the_role_stops_all(codebuild, build):
    organisation = codebuild.organisation
    organisation.deny(organisation.targets[-1])
    done = build(ROLECALL_COMMANDS="touch reached")
    organisation.allow([each.role_arn for each in organisation.targets])
    assert done.code == 4
    assert not (build.folder / "reached").exists()
