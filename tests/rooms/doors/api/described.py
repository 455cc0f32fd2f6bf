"""The operations of the door as its OpenAPI file describes them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from banyan.doors.api.urls import door


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    method: str
    path: str
    details: dict[str, Any]

    @property
    def name(self) -> str:
        """Its operation id."""
        return str(self.details["operationId"])

    @property
    def scope(self) -> str | None:
        """What a key needs; None where none is needed."""
        return self.details.get("x-scope")

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"

    @property
    def address(self) -> str:
        """Below /v1, with something in each gap that is not there."""
        query = "?advocate=nobody" if self.name == "list_links" else ""
        return re.sub(r"{(\w+)}", _filled, self.path.removeprefix("/v1")) + query

    @property
    def body(self) -> Any:
        """The usual body; None without one."""
        content = self.details.get("requestBody", {}).get("content", {})
        examples = content.get("application/json", {}).get("examples", {})
        return examples["usual"]["value"] if examples else None

    def __str__(self) -> str:
        return self.name


def _filled(gap: re.Match[str]) -> str:
    return "1" if gap[1] in ("number", "delivery") else "nothing"


@cache
def schema() -> dict[str, Any]:
    """The OpenAPI file."""
    found: dict[str, Any] = json.loads(json.dumps(door.get_openapi_schema()))
    return found


def operations() -> list[Operation]:
    """All of them."""
    return [
        Operation(method.upper(), path, details)
        for path, methods in schema()["paths"].items()
        for method, details in methods.items()
    ]
