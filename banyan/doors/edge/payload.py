"""payload: the body of an intake request, unpacked within its limits."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from banyan.kernel.errors import Problem

LARGEST_BYTES = 500 * 1024
_GZIP = b"\x1f\x8b"


class TooLarge(Problem):
    """A body above the limit, packed or not."""


class Unreadable(Problem):
    """A body that is no JSON in the expected shape."""


class Batch(NamedTuple):
    """Events as they were sent, and the key in the body if one stands there."""

    events: Sequence[bytes]
    write_key: str


class _Envelope(msgspec.Struct):
    batch: list[msgspec.Raw]
    writeKey: str | None = None  # noqa: N815  (its public name)
    context: msgspec.Raw = msgspec.Raw(b"null")


class _Single(msgspec.Struct):
    writeKey: str | None = None  # noqa: N815  (its public name)
    type: str | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_single = msgspec.json.Decoder(_Single)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_exact = msgspec.json.Encoder(decimal_format="number")


def unpacked(body: bytes) -> bytes:
    """The body as JSON text: inflated when it is gzip, whatever its label says.

    Raises TooLarge before more than the limit is inflated, Unreadable for broken gzip.
    """
    if body.startswith(_GZIP):
        inflater = zlib.decompressobj(wbits=31)
        try:
            data = inflater.decompress(body, LARGEST_BYTES + 1)
        except zlib.error:
            raise Unreadable("The body begins like gzip and is none; pack it again.") from None
        if len(data) <= LARGEST_BYTES and not inflater.eof:
            raise Unreadable("The body is gzip that ends too early; send it whole.")
        body = data
    if len(body) > LARGEST_BYTES:
        raise TooLarge("A request may have at most 500 KB; send fewer events at once.")
    return body


def batch(data: bytes) -> Batch:
    """The events of a batch: an object with `batch`, or a bare array of events."""
    if data.lstrip()[:1] == b"[":
        data = b'{"batch":' + data + b"}"
    try:
        read = _envelope.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return _patiently(data)
    events = [bytes(event) for event in read.batch]
    if bytes(read.context) != b"null":
        events = [_with_default(event, "context", read.context) for event in events]
    return Batch(events, read.writeKey or "")


def single(data: bytes, kind: str) -> Batch:
    """One event; `kind` is what its address says it is, if the event does not say."""
    try:
        read = _single.decode(data)
    except (msgspec.DecodeError, RecursionError):
        read, data = _patient_single(data)
    if not read.type:
        data = _with_default(data, "type", msgspec.Raw(msgspec.json.encode(kind)))
    return Batch([data], read.writeKey or "")


def _with_default(event: bytes, name: str, value: msgspec.Raw) -> bytes:
    """The event with a field it does not have; what is no object is refused later."""
    try:
        fields = _fields.decode(event)
    except msgspec.ValidationError:
        return event
    if bytes(fields.get(name, b"null")) != b"null":
        return event
    return msgspec.json.encode(fields | {name: value})


def _patiently(data: bytes) -> Batch:
    """A batch in which one event is no JSON, such as Python's `NaN`, for the sake of the others."""
    read = _loaded(data)
    events = read.get("batch") if isinstance(read, dict) else None
    if not isinstance(events, list):
        raise Unreadable('The body has no list `batch`; send {"batch": [EVENT, …]}.')
    key = read.get("writeKey")
    return Batch([_dumped(event) for event in events], key if isinstance(key, str) else "")


def _patient_single(data: bytes) -> tuple[_Single, bytes]:
    read = _loaded(data)
    if not isinstance(read, dict):
        raise Unreadable("The body is not one JSON object; send one event.")
    key, kind = read.get("writeKey"), read.get("type")
    found = _Single(key if isinstance(key, str) else None, kind if isinstance(kind, str) else None)
    return found, _dumped(read)


def _loaded(data: bytes) -> Any:
    try:
        return json.loads(data.decode(), parse_float=Decimal, parse_constant=_NoJson)
    except (ValueError, RecursionError):
        raise Unreadable("The body is not JSON in UTF-8.") from None


def _dumped(event: Any) -> bytes:
    """The event as JSON again, to the last digit; nothing, which is refused, where it is none."""
    try:
        return _exact.encode(event)
    except (TypeError, UnicodeEncodeError):
        return b""


class _NoJson:
    """What `NaN` and `Infinity` are read as, so that nothing writes them."""

    def __init__(self, name: str) -> None:
        """`name` is what was written."""
