"""The JSON Schema that editors complete programs with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import banyan.engine.language
from banyan.engine.language.schema import program_schema, schema_text

COMMITTED = Path(banyan.engine.language.__file__).with_name("program.schema.json")
SCHEMA = program_schema()


def mappings(part: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of the schema that describes the keys of a mapping."""
    if isinstance(part, dict):
        if part.get("type") == "object" and "properties" in part:
            yield path, part
        for key, value in part.items():
            yield from mappings(value, f"{path}/{key}")
    elif isinstance(part, list):
        for value in part:
            yield from mappings(value, path)


def test_the_committed_schema_is_the_generated_one() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema_text()


def test_every_key_is_described() -> None:
    described = 0
    for path, mapping in mappings(SCHEMA):
        assert mapping["additionalProperties"] is False, path
        for key, value in mapping["properties"].items():
            target = SCHEMA["$defs"][value["$ref"].split("/")[-1]] if "$ref" in value else value
            if key != "ladder":
                assert value.get("description") or target.get("description"), f"{path}: {key}"
            described += 1
    assert described == 87


def test_the_keys_of_a_program() -> None:
    assert list(SCHEMA["properties"]) == [
        "program",
        "version",
        "title",
        "advice",
        "currency",
        "timezone",
        "runs",
        "stops",
        "properties",
        "advocates",
        "friends",
        "attribution",
        "milestones",
        "rewards",
        "limits",
        "experiments",
        "seed_sha256",
        "risk",
    ]
    assert SCHEMA["required"] == ["program", "version", "currency"]


def test_values_are_described_as_they_are_written() -> None:
    definitions = SCHEMA["$defs"]
    reward = definitions["Reward"]["properties"]
    assert reward["hold"]["anyOf"] == [
        {"pattern": "^[0-9]{1,12}[smhd]$", "type": "string"},
        {"const": 0},
    ]
    assert reward["hold"]["default"] == 0
    assert "default" not in reward["expires"]
    assert definitions["Attribution"]["properties"]["window"]["default"] == "30d"
    assert [form["$ref"].split("/")[-1] for form in reward["amount"]["oneOf"]] == [
        "Fixed",
        "Percent",
        "Ladder",
        "ByTable",
        "SqlAmount",
        "Draw",
    ]
    assert definitions["Fixed"]["type"] == "number"
    assert definitions["Ladder"]["required"] == ["ladder"]
    assert set(definitions["Ladder"]["properties"]["ladder"]["properties"]) == {
        "first",
        "grow",
        "add",
        "steps",
    }
    assert definitions["ByTable"]["properties"]["else"]["default"] == 0
    assert set(definitions["Boost"]["properties"]) == {"from", "until", "times"}
    assert set(definitions["RiskRule"]["properties"]) == {"id", "when", "then", "for"}
    assert definitions["Cap"]["oneOf"] == [{"required": ["amount"]}, {"required": ["count"]}]


def test_no_key_may_be_null() -> None:
    assert "null" not in schema_text()
