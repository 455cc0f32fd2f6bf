"""A sweep for personal data: everything an installation keeps, searched for what it must not show.

Every column of every table is read, and on SQLite the bytes of the files too, where what was
deleted may still stand; log lines are handed in. A value is also sought in other spellings: in
lower case, as JSON escapes it, percent-encoded, as base64 and hex.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote

from django.db import connection

from tests.installation import Installation


def found_in_clear(
    installation: Installation, secrets: Iterable[str], *, logs: str = ""
) -> list[str]:
    """Where any of the values stands in clear: `table.column`, a file's name, or `logs`."""
    marks = {spelling for secret in secrets for spelling in _spellings(secret)}
    places = {f"logs: {mark!r}" for mark in marks if mark in logs.lower()}
    for table in connection.introspection.table_names():
        for column, value in _values(table):
            text = value.lower()
            places |= {f"{table}.{column}: {mark!r}" for mark in marks if mark in text}
    for file in installation.home.rglob("*"):
        if file.is_file():
            content = file.read_bytes().lower()
            places |= {f"{file.name}: {mark!r}" for mark in marks if mark.encode() in content}
    return sorted(places)


def _values(table: str) -> Iterable[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
        names = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            for name, value in zip(names, row, strict=True):
                if isinstance(value, bytes | memoryview):
                    yield name, bytes(value).decode("utf-8", "replace")
                    yield name, bytes(value).hex()
                else:
                    yield name, str(value)


def _spellings(secret: str) -> set[str]:
    data = secret.encode()
    # Base64 of the bytes from each of the three places they can have inside a longer text; ends
    # depend on their neighbours and are cut.
    inside = {base64.b64encode(b"\0" * n + data)[4 if n else 0 : -4].decode() for n in range(3)}
    written = {secret, json.dumps(secret)[1:-1], quote(secret), data.hex(), *inside}
    return {each.lower() for each in written}
