"""Looks at each answer of AWS before anybody uses it, since what answers may not be AWS.

A network's page to sign in at, a proxy or a wrong endpoint answers 200 with HTML or with JSON of
its own, of which botocore makes an answer without its parts; or it refuses in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

from rolecall.sessions.session import MalformedAnswerError

# Each operation that is called, and what its answer has in any case: `*` is each item of a list.
# Source: the operations' API references; S3 answers DeleteObject with headers alone.
_PARTS: Mapping[str, tuple[str, ...]] = {
    "assume_role": ("Credentials", "AssumedRoleUser.Arn"),
    "get_caller_identity": ("Arn",),
    "get_parameter": ("Parameter.Value",),
    "get_object": ("Body", "ETag", "LastModified"),
    "put_object": ("ETag",),
    "delete_object": (),
    "list_objects_v2": ("IsTruncated",),
    "publish": ("MessageId",),
    "put_events": ("FailedEntryCount", "Entries"),
    "list_roots": ("Roots.*.Id",),
    "list_accounts": ("Accounts.*.Id", "Accounts.*.Arn"),
    "list_accounts_for_parent": ("Accounts.*.Id", "Accounts.*.Arn"),
    "list_organizational_units_for_parent": (
        "OrganizationalUnits.*.Id",
        "OrganizationalUnits.*.Name",
    ),
    "list_tags_for_resource": ("Tags.*.Key", "Tags.*.Value"),
}
# What botocore's parsers raise where they can make nothing of an answer. The messages quote it.
_UNREADABLE = (ResponseParserError, LookupError, ValueError, TypeError, AttributeError)
_TOO_MANY_REQUESTS = 429


class CheckedClient:
    """A client of botocore's that gives no answer but AWS's.

    Its operations raise, beside what botocore's raise, MalformedAnswerError, which says what
    answered. An operation that `_PARTS` lacks is none of its attributes.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        if operation not in _PARTS:
            raise AttributeError(f"{operation}: nothing says what its answer has")
        do = getattr(self._client, operation)

        def call(**request: Any) -> dict[str, Any]:
            try:
                answer: dict[str, Any] = do(**request)
            except ClientError as error:
                if _is_aws(error):
                    raise
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                raise self._strange(f"HTTP status {status} without an error code") from None
            except BotoCoreError as error:
                if why := _too_long(error):
                    raise self._strange(why) from None
                raise
            except _UNREADABLE:  # nothing of it is said, since it may hold a secret
                raise self._strange(
                    f"its answer to {self._name(operation)} makes no sense"
                ) from None
            if wrong := _wrong(answer, _PARTS[operation]):
                if body := answer.get("Body"):
                    body.close()
                raise self._strange(f"its answer to {self._name(operation)} {wrong}")
            return answer

        return call

    def _name(self, operation: str) -> str:
        return str(self._client.meta.method_to_api_mapping[operation])

    def _strange(self, why: str) -> MalformedAnswerError:
        meta = self._client.meta
        return MalformedAnswerError(
            f"what answered at {_shown(meta.endpoint_url)} does not answer as"
            f" {meta.service_model.service_id} does: {why}"
        )


def _too_long(error: BotoCoreError) -> str:
    """What bounds.py says of an answer, which botocore wraps; empty for any other error."""
    why = error.kwargs.get("error") if isinstance(error, HTTPClientError) else None
    return str(why) if isinstance(why, MalformedAnswerError) else ""


def _is_aws(error: ClientError) -> bool:
    """Whether the error has a code, or headers, of AWS.

    botocore makes a code of the HTTP status where there is none, and status 500 of a success of
    S3's that is no XML.
    """
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(error.response.get("Error", {}).get("Code") or "")
    has_code = code not in {"", "Unknown", str(status)}
    return has_code or status == _TOO_MANY_REQUESTS or _has_headers(error.response)


def _wrong(answer: Mapping[str, Any], parts: Sequence[str]) -> str:
    """What is wrong with an answer that should have these parts; empty where nothing is."""
    if _is_page(answer):
        return "is a page of HTML"
    lacking = next((part for part in parts if not _has(answer, part)), "")
    return lacking and f"has no {lacking.replace('.*', '')}"


def _is_page(answer: Mapping[str, Any]) -> bool:
    """Whether it is HTML, and has none of AWS's headers: an object of S3 may be HTML itself."""
    kind = _headers(answer).get("content-type", "")
    return kind.lower().startswith("text/html") and not _has_headers(answer)


def _has_headers(answer: Mapping[str, Any]) -> bool:
    return any(name.lower().startswith("x-amz") for name in _headers(answer))


def _headers(answer: Mapping[str, Any]) -> Mapping[str, str]:
    found: Mapping[str, str] = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return found


def _has(answer: Any, path: str) -> bool:
    found = [answer]
    for name in path.split("."):
        if name == "*":
            found = [item for each in found for item in each]
        else:
            found = [each.get(name) if isinstance(each, Mapping) else None for each in found]
        if None in found:
            return False
    return True


def _shown(endpoint: str) -> str:
    """The endpoint without a user and a password in it."""
    url = urlsplit(endpoint)
    return url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()
