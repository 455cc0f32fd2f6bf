"""The OpenAPI file says everything about every operation, and its examples are true to it."""

from __future__ import annotations

import re

import jsonschema_rs
import pytest

from banyan.doors.api.codes import CODES
from banyan.doors.api.shapes import Body, Shape
from tests.installation import Installation
from tests.rooms.doors.api.calling import Caller
from tests.rooms.doors.api.described import Operation, operations, schema

PROBLEM = "application/problem+json"


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_an_operation_is_described_in_full(operation: Operation) -> None:
    details = operation.details
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation.name)
    assert 5 < len(details["summary"]) < 70
    assert len(details["tags"]) == 1
    assert len(details["description"]) > 10
    [success] = [reply for status, reply in details["responses"].items() if status < "300"]
    [media] = success["content"].values()
    assert list(media["examples"]) == ["usual"]
    refusals = {status: reply for status, reply in details["responses"].items() if status >= "400"}
    assert {"400", "422", "500", "503"} <= refusals.keys()
    assert ({"401", "403", "429"} <= refusals.keys()) == (operation.scope is not None)
    assert ("409" in refusals) >= operation.writes
    for status, reply in refusals.items():
        codes = reply["content"][PROBLEM]["examples"]
        assert {CODES[code].status for code in codes} == {int(status)}
        assert all(f"`{code}`" in reply["description"] for code in codes)


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_examples_are_what_the_schema_says(operation: Operation) -> None:
    details = operation.details
    contents = [reply["content"] for reply in details["responses"].values()]
    contents += [details["requestBody"]["content"]] if "requestBody" in details else []
    checked = 0
    for content in contents:
        for media in content.values():
            for example in media["examples"].values():
                _check(_whole(example)["value"], media["schema"])
                checked += 1
    assert checked > 4


@pytest.mark.parametrize("operation", [one for one in operations() if one.writes], ids=str)
def test_a_write_takes_dry_run_and_an_idempotency_key(operation: Operation) -> None:
    names = [parameter["name"] for parameter in operation.details["parameters"]]
    assert {"dry_run", "Idempotency-Key", "lang"} <= set(names)
    assert len(names) == len(set(names))


def test_operation_ids_are_unique() -> None:
    names = [operation.name for operation in operations()]
    assert len(names) == len(set(names))


def test_no_two_shapes_have_one_name() -> None:
    # Ninja would let the one that comes later stand for both.
    shapes = [
        shape
        for kind in (Body, Shape)
        for shape in kind.__subclasses__()
        if shape.__module__.startswith("banyan.doors.api")
    ]
    names = [shape.__name__ for shape in shapes]
    assert len(names) == len(set(names)) > 30


def test_the_page_needs_nothing_from_elsewhere(installation: Installation) -> None:
    stranger = Caller()
    page = stranger.get("/docs")
    assert page.status == 200
    linked = re.findall(rb'(?:href|src)="([^"]+)"', page.body)
    assert [link for link in linked if not link.startswith((b"/v1/", b"data:"))] == []
    for link in linked:
        if link.startswith(b"/v1/"):
            assert stranger.get(link.decode().removeprefix("/v1")).status == 200
    assert stranger.get("/docs/secrets.txt").code == "not_found"
    served = stranger.get("/openapi.json").json
    assert (served["openapi"], served["paths"]) == ("3.1.0", schema()["paths"])


def _check(value: object, of: object) -> None:
    whole = {"components": schema()["components"]} | dict(of)
    jsonschema_rs.validate(whole, value)


def _whole(example: dict[str, object]) -> dict[str, object]:
    reference = example.get("$ref")
    if reference is None:
        return example
    found = schema()
    for part in str(reference).removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_the_file_is_sent_once_to_whoever_keeps_it(installation: Installation) -> None:
    first = Caller().get("/openapi.json")
    assert (first.status, first.headers["Content-Type"]) == (200, "application/json")
    assert first.headers["Cache-Control"] == "no-cache"
    assert first.json == schema()
    mark = first.headers["ETag"]
    again = Caller().get("/openapi.json", If_None_Match=mark)
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", mark)
    assert Caller().get("/openapi.json", If_None_Match='"other"').body == first.body
