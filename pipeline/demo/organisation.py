"""A simulated AWS organisation: a hub account, and four workload accounts to deploy to.

    with Organisation() as organisation:
        run(["rolecall", "run"], env={"PATH": path, **organisation.environment()})
        organisation.deployed(organisation.targets[0])

The roles come from the CloudFormation templates beside this folder, and IAM policies are enforced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from accounts import RELEASE_PARAMETER, TARGETS, Deployed, StoredObject, Target
from simulation import REGION, Keys, Simulation

HUB_ACCOUNT = "111111111111"
HUB_ROLE = "rolecall-codebuild"
_TEMPLATES = Path(__file__).resolve().parents[1]
_STACK = "rolecall"


class Organisation:
    """The organisation, while the context lasts.

    Attributes:
        targets: the workload accounts, in the order of deployment.
    """

    def __init__(self) -> None:
        self.targets = TARGETS
        self._simulation = Simulation()
        self._stack = ExitStack()
        self._admins: dict[str, Keys] = {}
        self._hub_role: Keys | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._simulation)
            for account_id in (HUB_ACCOUNT, *(target.account_id for target in self.targets)):
                self._admins[account_id] = self._simulation.make_admin(account_id)
            for target in self.targets:
                self._make_target(target)
            self._make_hub()
            self._simulation.enforce_policies()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        return self._simulation.url

    def environment(self) -> Mapping[str, str]:
        """What a build in the hub account finds in its environment, and where AWS is."""
        if self._hub_role is None:
            raise RuntimeError("enter the organisation first")
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            **self._hub_role.environment(),
        }

    def client(self, service: str, account_id: str) -> Any:
        """A client with the credentials of that account's administrator."""
        return self._simulation.client(service, self._admins[account_id])

    def client_with(self, keys: Keys, service: str) -> Any:
        return self._simulation.client(service, keys)

    def deployed(self, target: Target) -> Deployed:
        """What the account holds, read by its own administrator."""
        s3 = self.client("s3", target.account_id)
        listed = s3.list_objects_v2(Bucket=target.bucket).get("Contents", [])
        objects = tuple(
            StoredObject(
                key=found["Key"],
                body=s3.get_object(Bucket=target.bucket, Key=found["Key"])["Body"].read(),
                modified=found["LastModified"],
            )
            for found in listed
        )
        ssm = self.client("ssm", target.account_id)
        found = ssm.get_parameters(Names=[RELEASE_PARAMETER])["Parameters"]
        return Deployed(
            objects=objects,
            release=found[0]["Value"] if found else "",
            release_version=found[0]["Version"] if found else 0,
        )

    def deploy(
        self, account_id: str, template: str, parameters: Mapping[str, str], stack: str = _STACK
    ) -> None:
        """Makes a stack of one of the templates in that account, as its administrator."""
        self.client("cloudformation", account_id).create_stack(
            StackName=stack,
            TemplateBody=(_TEMPLATES / template).read_text("utf-8"),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )

    def role(self, role_name: str) -> Keys:
        """What a service gets that uses a role of the hub."""
        self._simulation.enforce_policies(after=1)
        return self._simulation.session(HUB_ACCOUNT, role_name)

    def deny(self, target: Target) -> None:
        """Takes the target's role off the list of roles that the hub's role may assume."""
        self.allow([other.role_arn for other in self.targets if other != target])

    def allow(self, role_arns: Sequence[str]) -> None:
        """Makes these the list of roles that the hub's role may assume."""
        self.client("cloudformation", HUB_ACCOUNT).update_stack(
            StackName=_STACK,
            UsePreviousTemplate=True,
            Parameters=[
                {"ParameterKey": "TargetRoleArns", "ParameterValue": ",".join(role_arns)},
                {"ParameterKey": "RoleName", "UsePreviousValue": True},
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )

    def _make_target(self, target: Target) -> None:
        self.client("s3", target.account_id).create_bucket(
            Bucket=target.bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        parameters = {
            "Environment": target.name,
            "SourceAccountId": HUB_ACCOUNT,
            "SourceRoleName": HUB_ROLE,
            "BucketName": target.bucket,
        }
        self.deploy(target.account_id, "target-role.yaml", parameters)

    def _make_hub(self) -> None:
        arns = ",".join(target.role_arn for target in self.targets)
        parameters = {"RoleName": HUB_ROLE, "TargetRoleArns": arns}
        self.deploy(HUB_ACCOUNT, "source-role.yaml", parameters)
        # CodeBuild's part: the role trusts nobody else, but moto doesn't ask for that yet.
        self._hub_role = self._simulation.session(HUB_ACCOUNT, HUB_ROLE)
