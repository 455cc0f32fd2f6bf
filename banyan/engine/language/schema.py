"""The JSON Schema of a program file as it is written, for editors that complete and underline it.

It is generated from the model; `program.schema.json` beside this file is its text. It knows the
shape of every mapping and the form of every value, not what needs two keys to judge: `Program.load`
decides.
"""

from __future__ import annotations

import json
from typing import Any

from banyan.engine.language.program import Program
from banyan.kernel.times import duration_text

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def program_schema() -> dict[str, Any]:
    """The schema as a value: spans, dates and percentages as texts, no key that may be null."""
    schema = _as_written(Program.model_json_schema(by_alias=True, mode="validation"))
    return {"$schema": _DIALECT, "title": "A Banyan program", **schema}


def schema_text() -> str:
    """The schema as the committed file holds it."""
    return json.dumps(program_schema(), indent=2, ensure_ascii=False) + "\n"


def _as_written(schema: dict[str, Any]) -> dict[str, Any]:
    """The model's own schema speaks of values in memory; this is what the file holds instead."""
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            result[key] = {name: _as_written(part) for name, part in value.items()}
        elif key == "anyOf":
            result |= _without_null([_as_written(part) for part in value])
        elif key == "oneOf":
            result[key] = _distinct([_as_written(part) for part in value])
        elif key == "default":
            result |= _default(value, schema)
        elif key != "title":  # Pydantic repeats every key there
            result[key] = _as_written(value) if isinstance(value, dict) else value
    return result


def _without_null(choices: list[dict[str, Any]]) -> dict[str, Any]:
    """A key that is left out is left out; it is never written as null."""
    left = [choice for choice in choices if choice != {"type": "null"}]
    return left[0] if len(left) == 1 else {"anyOf": left}


def _distinct(choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [choice for i, choice in enumerate(choices) if choice not in choices[:i]]


def _default(value: Any, schema: dict[str, Any]) -> dict[str, Any]:
    if value is None or isinstance(value, dict):
        return {}
    if schema.get("type") == "number":
        return {"default": int(value)}
    # Of what is not text, only spans are known by a pattern.
    if isinstance(value, int) and not isinstance(value, bool) and "anyOf" in schema:
        return {"default": duration_text(value) if value else 0}
    return {"default": value}
