"""What STS itself takes at the rate of so many threads: prints the seconds to stderr."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

workers = int(sys.argv[1])
sts = boto3.client("sts", config=Config(max_pool_connections=workers))


def assume(role_arn: str) -> object:
    return sts.assume_role(RoleArn=role_arn, RoleSessionName="bench")


begun = time.perf_counter()
with ThreadPoolExecutor(workers) as pool:
    list(pool.map(assume, sys.argv[2:]))
print(time.perf_counter() - begun, file=sys.stderr)
