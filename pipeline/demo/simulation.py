"""A simulated AWS on the loopback interface, and clients of it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import botocore.config
import botocore.session

REGION = "eu-central-1"
_PROGRAM = Path(__file__).with_name("moto_server.py")
_START_SECONDS = 60
_END_SECONDS = 10
_EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}
# Taken instead of the user's own settings, so that neither profiles nor proxies get in the way.
_NO_SETTINGS = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Credentials of one principal."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)

    def environment(self) -> dict[str, str]:
        """The variables in which AWS's tools look for credentials."""
        token = {"AWS_SESSION_TOKEN": self.token} if self.token else {}
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            **token,
        }


_ANYBODY = Keys(access_key="AKIAANYBODY000000000", secret_key="not-checked")  # noqa: S106  moto's


class SimulationError(Exception):
    """The simulated AWS did not start."""


class Simulation:
    """moto's server, while the context lasts. It ends with this process, however that ends.

    Args:
        program: what serves. environ: variables of its process beside the PATH.
    """

    def __init__(self, program: Path = _PROGRAM, **environ: str) -> None:
        self._program, self._environ = program, environ
        self.url = ""
        self._aws = botocore.session.Session(_NO_SETTINGS)
        self._making = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        # A session of its own, so that Ctrl-C leaves the server to us: what runs against it can
        # end in good order first.
        self._process = subprocess.Popen(
            [sys.executable, self._program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": os.defpath, **self._environ},
            start_new_session=True,
        )
        try:
            self.url = f"http://127.0.0.1:{self._port(self._process)}"
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def client(self, service: str, keys: Keys) -> Any:
        """A botocore client that depends on nothing of this machine's settings."""
        # One session for all, which reads AWS's models once; it is not for several threads.
        with self._making:
            return self._aws.create_client(
                service,
                region_name=REGION,
                endpoint_url=self.url,
                aws_access_key_id=keys.access_key,
                aws_secret_access_key=keys.secret_key,
                aws_session_token=keys.token or None,
                config=botocore.config.Config(proxies={}),
            )

    def enforce_policies(self, *, after: int = 0) -> None:
        """Once so many more calls were made, each needs credentials and a policy that allows it."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        # Sent as text: moto would take a form apart and find no number in it.
        request = urllib.request.Request(  # noqa: S310  the server that was started here
            f"{self.url}/moto-api/reset-auth",
            data=str(after).encode(),
            headers={"Content-Type": "text/plain"},
        )
        with opener.open(request, timeout=10):
            pass

    def session(self, account_id: str, role_name: str) -> Keys:
        """What a service gets that uses a role of its account: free only while nothing is enforced.

        Trust policies are none of moto's business, but for calls within one account.
        """
        found = self.client("sts", _ANYBODY).assume_role(
            RoleArn=f"arn:aws:iam::{account_id}:role/{role_name}", RoleSessionName="build"
        )["Credentials"]
        return Keys(
            access_key=found["AccessKeyId"],
            secret_key=found["SecretAccessKey"],
            token=found["SessionToken"],
        )

    def make_admin(self, account_id: str) -> Keys:
        """An IAM user that may do everything; before enforcement any role can make one."""
        iam = self.client("iam", self.session(account_id, "OrganizationAccess"))
        iam.create_user(UserName="admin")
        iam.put_user_policy(
            UserName="admin", PolicyName="everything", PolicyDocument=json.dumps(_EVERYTHING)
        )
        key = iam.create_access_key(UserName="admin")["AccessKey"]
        return Keys(access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])

    @staticmethod
    def _port(process: subprocess.Popen[str]) -> int:
        assert process.stdout  # noqa: S101  it is piped
        ready, _, _ = select.select([process.stdout], [], [], _START_SECONDS)
        line = process.stdout.readline() if ready else ""
        if not line:
            raise SimulationError("moto's server did not start: see its message above, if any")
        return int(line)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with process:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)
            process.kill()
