"""Makes the empty bucket that aws-orga-deployer keeps its state in: arguments BUCKET FILE."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

bucket, described = sys.argv[1:]
s3 = boto3.client("s3")
with suppress(ClientError):
    s3.create_bucket(
        Bucket=bucket,
        CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_REGION"]},
    )
for found in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
    s3.delete_object(Bucket=bucket, Key=found["Key"])
s3.put_object(Bucket=bucket, Key="orga.json", Body=Path(described).read_bytes())
