"""What a secret looks like where something has encoded it on its way into the output."""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterator

# Shorter than this an encoded part could stand in any text.
SHORTEST = 6
_RESERVED = re.compile(rb"[^A-Za-z0-9._~-]")
_RESERVED_IN_PATHS = re.compile(rb"[^A-Za-z0-9._~/-]")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_HEX = re.compile(rb"%[0-9A-F]{2}")
# What JSON writers escape beside what they must: PHP the slash, .NET and Go's HTML-safe form these.
_ALSO_IN_JSON = str.maketrans(
    {"+": "\\u002B", "&": "\\u0026", "<": "\\u003C", ">": "\\u003E", "'": "\\u0027"}
)


def encoded(value: str) -> bytes:
    """Its bytes: those that a variable had, where they are no UTF-8."""
    try:
        return value.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return value.encode(errors="replace")


def base64_of(value: bytes) -> Iterator[bytes]:
    """The part of base64 that is the same whatever stands before and after the value.

    Which part that is depends on where the value begins: three bytes make four characters, so that
    there are three beginnings, each in two alphabets.
    Source: RFC 4648, sections 4 and 5.
    """
    for before in range(3):
        whole = binascii.b2a_base64(bytes(before) + value, newline=False)
        part = whole[(0, 2, 3)[before] : (before + len(value)) * 8 // 6]
        yield part
        yield part.translate(_URL_SAFE)


def forms(value: str) -> tuple[bytes, ...]:
    """The value itself, then in base64, URL-encoded, and as in a JSON string; each of them once."""
    itself = encoded(value)
    found = [*base64_of(itself), *_in_urls(itself), *_in_json(value)]
    return tuple(dict.fromkeys([itself, *(form for form in found if len(form) >= SHORTEST)]))


def hexadecimal(value: str) -> tuple[bytes, bytes]:
    """Two digits a byte, in lower and in upper case."""
    lower = binascii.hexlify(encoded(value))
    return lower, lower.upper()


def _in_urls(value: bytes) -> Iterator[bytes]:
    """With and without the slash encoded, in upper and in lower case."""
    for reserved in (_RESERVED, _RESERVED_IN_PATHS):
        upper = reserved.sub(lambda match: b"%%%02X" % match[0][0], value)
        yield upper
        yield _HEX.sub(lambda match: match[0].lower(), upper)


def _in_json(value: str) -> Iterator[bytes]:
    for ascii_alone in (True, False):
        plain = json.dumps(value, ensure_ascii=ascii_alone)[1:-1]
        yield encoded(plain)
        yield encoded(plain.replace("/", "\\/"))
    wary = plain.translate(_ALSO_IN_JSON)
    yield encoded(wary)
    yield encoded(re.sub(r"\\u00..", lambda match: match[0].lower(), wary))
