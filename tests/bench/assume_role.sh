#!/usr/bin/env bash
# The steps of the script that pipelines copy: a session by the AWS CLI, stored key by key.
set -euo pipefail
number=0
for role_arn in "$@"; do
  number=$((number + 1))
  profile="target-$number"
  answer=$(aws sts assume-role --role-arn "$role_arn" --role-session-name bench --output text \
    --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]')
  read -r key secret token <<<"$answer"
  aws configure set aws_access_key_id "$key" --profile "$profile"
  aws configure set aws_secret_access_key "$secret" --profile "$profile"
  aws configure set aws_session_token "$token" --profile "$profile"
  bash -c true
done
