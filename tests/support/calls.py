"""Makes the AWS calls that it is given and says of each whether it was allowed.

    python calls.py '[["s3", "list_objects_v2", {"Bucket": "site"}]]'

prints one JSON list of `allowed`, `denied`, or whatever else happened. One process for many calls:
the AWS CLI takes seconds to start on a small machine.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3
from botocore.exceptions import ClientError

_FORBIDDEN = 403


def outcome(client: Any, operation: str, arguments: dict[str, Any]) -> str:
    """`allowed` also where the service then finds something else wrong with the call."""
    try:
        getattr(client, operation)(**arguments)
    except ClientError as error:
        # Each service has a code of its own for it; the status is the same.
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == _FORBIDDEN:
            return "denied"
        return f"allowed, but {error.response['Error']['Code']}"
    return "allowed"


if __name__ == "__main__":
    print(json.dumps([outcome(boto3.client(s), o, a) for s, o, a in json.loads(sys.argv[1])]))
