"""States in S3. A write counts only where nobody has written since: S3 itself sees to that.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Protocol

from rolecall.errors import AssumeError, StateError
from rolecall.sessions import remedies
from rolecall.sessions.faults import FAILURES, code_of
from rolecall.sessions.retry import Retry
from rolecall.state.store import TURNS, ConflictError, Found, file_name

_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
_CONFLICTS = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})
_DENIED = frozenset({"AccessDenied", "403", "Forbidden"})
_UNKNOWN = frozenset({"NotImplemented", "501"})
_CONDITIONAL = (
    "name a bucket of S3 in ROLECALL_STATE, another store that refuses such writes (412"
    " PreconditionFailed), or a folder"
)
_NOBODY_S = '"00000000000000000000000000000000"'  # an ETag that no object has
# S3 answers 409 where two write at once, and asks to try again.
_TRIES = 5


class S3Client(Protocol):
    """What rolecall asks of S3."""

    def get_object(self, **request: Any) -> dict[str, Any]: ...

    def put_object(self, **request: Any) -> dict[str, Any]: ...

    def delete_object(self, **request: Any) -> dict[str, Any]: ...

    def list_objects_v2(self, **request: Any) -> dict[str, Any]: ...


class BucketStore:
    """One object. Its version is its ETag.

    Args:
        listed: whether it is known to be there.
    """

    leased = True

    def __init__(
        self, client: S3Client, retry: Retry, bucket: str, key: str, *, listed: bool = False
    ) -> None:
        self._client, self._retry, self._bucket, self._key = client, retry, bucket, key
        self.where = f"s3://{bucket}/{key}"
        self._listed = listed
        # Whoever may not list a bucket is denied what is not there, not told so.
        self._denied: StateError | None = None

    def claim(self) -> bool:
        return True

    def release(self) -> None:
        pass

    def read(self, *, patient: bool = True) -> Found | None:
        self._denied = None
        try:
            found: Found = self._call("read", self._get, patient=patient)
        except FAILURES as error:
            if code_of(error) in _MISSING:
                return None
            failure = _failure(error, self.where, "read", "s3:GetObject")
            if code_of(error) in _DENIED and not self._listed:
                self._denied = failure
                return None
            raise failure from None
        return found

    def _call(self, verb: str, do: Callable[[], Any], *, patient: bool) -> Any:
        return self._retry.call(f"{verb} {self.where}", do) if patient else do()

    def _get(self) -> Found:
        answer = self._client.get_object(Bucket=self._bucket, Key=self._key)
        return Found(
            data=bytes(answer["Body"].read()),
            version=str(answer["ETag"]),
            age=max(0.0, (_now(answer) - answer["LastModified"]).total_seconds()),
        )

    def _put(self, data: bytes, version: str | None) -> str:
        only_if = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        answer = self._client.put_object(
            Bucket=self._bucket,
            Key=self._key,
            Body=data,
            ContentType="application/json",
            **only_if,
        )
        return str(answer["ETag"])

    def write(self, data: bytes, version: str | None, *, patient: bool = True) -> str:
        for _ in range(_TRIES):
            try:
                put = self._call("write", lambda: self._put(data, version), patient=patient)
                return str(put)
            except FAILURES as error:
                if code_of(error) not in _CONFLICTS | _MISSING:
                    raise _failure(error, self.where, "written", "s3:PutObject") from None
            found = self.read(patient=patient)
            # An earlier try of this very write may have got there, and its answer been lost.
            if found and found.data == data:
                return found.version
            if self._denied and found is None:
                raise self._denied
            if (found.version if found else None) != version:
                break
        raise ConflictError(
            f"{self.where} was written by another process, which has taken the run over"
        )

    def prove(self, data: bytes, version: str) -> None:
        # Of what lies there already: where it is written all the same, nothing is lost.
        conditions = {"If-None-Match: *": None, "another If-Match": _NOBODY_S}
        for condition, other in conditions.items():
            try:
                self._call("write", partial(self._put, data, other), patient=True)
            except FAILURES as error:
                if code_of(error) in _CONFLICTS | _MISSING:
                    continue
                raise _failure(error, self.where, "written", "s3:PutObject") from None
            raise StateError(
                f"{self.where} was written although it was not to be ({condition}): this store does"
                " not keep to the conditions of a write, so that two runs could deploy at once",
                _CONDITIONAL,
            )

    def taken(self) -> bool:
        return False  # what is written says so, and is written often

    def delete(self, *, held: bool = False) -> None:
        def delete() -> Any:
            return self._client.delete_object(Bucket=self._bucket, Key=self._key)

        try:
            self._call("delete", delete, patient=True)
        except FAILURES as error:
            raise _failure(error, self.where, "removed", "s3:DeleteObject") from None


class Bucket:
    """A prefix of a bucket, with a prefix for each run. `client` makes the client once needed."""

    def __init__(
        self, client: Callable[[], S3Client], retry: Retry, bucket: str, prefix: str
    ) -> None:
        self._make_client, self._retry, self._bucket = client, retry, bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._made: S3Client | None = None

    @property
    def _client(self) -> S3Client:
        if self._made is None:
            self._made = self._make_client()
        return self._made

    def store(self, run_id: str, shard: str) -> BucketStore:
        key = f"{self._prefix}{run_id}/{file_name(shard)}"
        return BucketStore(self._client, self._retry, self._bucket, key)

    def turns(self, place: str) -> BucketStore:
        key = f"{self._prefix}{TURNS}/{place}"
        return BucketStore(self._client, self._retry, self._bucket, key)

    def stores(self, run_id: str = "") -> Iterator[BucketStore]:
        prefix = f"{self._prefix}{run_id}/" if run_id else self._prefix
        request = {"Bucket": self._bucket, "Prefix": prefix}
        where = f"s3://{self._bucket}/{prefix}"
        while True:
            try:
                answer = self._retry.call(
                    f"list {where}", lambda: self._client.list_objects_v2(**request)
                )
            except FAILURES as error:
                raise _failure(error, where, "listed", "s3:ListBucket") from None
            for each in answer.get("Contents", ()):
                if each["Key"].endswith(".json"):
                    key = each["Key"]
                    yield BucketStore(self._client, self._retry, self._bucket, key, listed=True)
            if not answer.get("IsTruncated"):
                return
            request["ContinuationToken"] = answer["NextContinuationToken"]


def _now(answer: dict[str, Any]) -> datetime:
    """S3's own time, so that no other clock need be right."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) if date else datetime.now(UTC)


def _failure(error: Exception, where: str, what: str, action: str) -> StateError:
    code = code_of(error)
    reason = f"{where} cannot be {what}: {remedies.reason_of(error)}"
    if code == "NoSuchBucket":
        return StateError(reason, "make the bucket, or name another one in ROLECALL_STATE")
    if code in _UNKNOWN:
        return StateError(f"{reason}: this store knows no conditional writes", _CONDITIONAL)
    if code in _DENIED:
        return StateError(
            reason,
            f"allow {action} on it to the source (docs/state.md has the policy), and the use of the"
            " bucket's key where it has one",
        )
    explained: AssumeError = remedies.explained(error)
    return StateError(reason, explained.remedy or "check the bucket's name in ROLECALL_STATE")
