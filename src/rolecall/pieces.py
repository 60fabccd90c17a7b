"""Pieces of a secret, in what has broken one of its forms into lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

# Fewer characters than this are left where they stand.
SHORTEST_PIECE = 15
_ANCHOR = 12
# A line's worth: programs that break what they encode write longer lines.
_LONG = 32
_RUN = b"x" * _LONG
# Anchors so far apart, looked for at as many places and a few more: a piece may have something else
# before it, such as a sign.
_STRIDE = 16
_PLACES = tuple(slice(at, at + _ANCHOR) for at in range(_STRIDE + 4))
_HEX = b"0123456789abcdefABCDEF"
_SIGNS = b"+/_-%\\"
_NO_CAPITALS = bytes(sorted(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")))
_FEWEST_CAPITALS = 4
_DIGITS = bytes(ord("x") if byte in _HEX else 32 for byte in range(256))
# Base64 in both alphabets, hexadecimal, what URLs and JSON escape with.
_ENCODED = bytes(
    ord("x") if chr(byte).isascii() and (chr(byte).isalnum() or byte in _SIGNS) else 32
    for byte in range(256)
)

Anchors = Mapping[bytes, tuple[bytes, ...]]


def anchors_of(forms: Iterable[bytes]) -> dict[bytes, tuple[bytes, ...]]:
    """What tells a line's worth of any of these forms of one secret, with all of these forms."""
    long = tuple(form for form in forms if len(form) >= _LONG)
    return {
        form[at : at + _ANCHOR]: long
        for form in long
        for at in range(0, len(form) - _ANCHOR + 1, _STRIDE)
    }


def runs(data: bytes) -> list[bytes]:
    """What in the data is long enough to be a line's worth of an encoded secret."""
    marked = data.translate(_ENCODED)
    found = []
    end = 0
    while (start := marked.find(_RUN, end)) >= 0:
        end = marked.find(b" ", start)
        end = len(data) if end < 0 else end
        found.append(data[start:end])
    return found


def broken_in(found: Sequence[bytes], anchors: Anchors) -> Iterator[tuple[bytes, ...]]:
    """The forms of each secret of which one of the runs begins with a line's worth, or nearly."""
    together = b" ".join(found)
    if len(
        together.translate(None, _NO_CAPITALS)
    ) < _FEWEST_CAPITALS and _RUN not in together.translate(_DIGITS):
        return  # long paths, most often
    known = anchors.keys()
    for run in found:
        places: Iterable[slice] = _PLACES
        if len(run.translate(None, _NO_CAPITALS)) < _FEWEST_CAPITALS:
            if run.strip(_SIGNS).translate(None, _HEX):
                continue
            # Two characters a byte, wherever in the run the secret begins.
            places = (slice(at, at + _ANCHOR) for at in range(0, len(run), 2))
        if not known.isdisjoint(anchors_there := [*map(run.__getitem__, places)]):
            yield from (anchors[anchor] for anchor in anchors_there if anchor in known)


def without_pieces(data: bytes, form: bytes, hidden: bytes) -> bytes:
    """The data with `hidden` in place of every piece of the form."""
    for begin in range(0, len(form) - _ANCHOR + 1, SHORTEST_PIECE - _ANCHOR + 1):
        anchor = form[begin : begin + _ANCHOR]
        while (start := data.find(anchor)) >= 0:
            end, low, high = start + _ANCHOR, begin, begin + _ANCHOR
            while start and low and data[start - 1] == form[low - 1]:
                start, low = start - 1, low - 1
            while end < len(data) and high < len(form) and data[end] == form[high]:
                end, high = end + 1, high + 1
            data = data[:start] + hidden + data[end:]
    return data
