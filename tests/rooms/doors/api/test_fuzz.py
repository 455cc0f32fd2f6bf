"""Whatever is sent, the door answers as its OpenAPI file says, never with a fault of its own."""

from __future__ import annotations

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from tests.installation import Installation
from tests.rooms.doors.api.calling import caller, working
from tests.rooms.doors.api.described import operations
from tests.rooms.doors.api.offers import SPRING
from tests.rooms.pipeline.line import Line

EXAMPLES = 6
"""Of each operation, in each of two ways: as the file says, and not as it says."""

# What fits its schema may still be no cursor, no program, no topic.
ACCEPTED = ["2xx", "401", "403", "404", "409", "422"]
CONFIGURATION = {"checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}}}


def test_every_operation_keeps_to_the_file(
    installation: Installation, cases: list[schemathesis.Case]
) -> None:
    line = Line()
    line.publish(SPRING)
    line.story()
    line.work()
    secret = caller("secret", is_test=True, requests_per_minute=10**6).secret
    with working():
        for case in cases:
            case.call_and_validate(
                headers={"Authorization": f"Bearer {secret}", "Host": "localhost"}
            )


@pytest.fixture(scope="module")
def cases() -> list[schemathesis.Case]:
    """What is asked; the same on each database, since to think of it takes longer than to ask."""
    schema = schemathesis.openapi.from_wsgi(
        "/v1/openapi.json",
        get_wsgi_application(),
        config=schemathesis.Config.from_dict(CONFIGURATION),
    )
    found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    assert len(found) == len(operations())
    return [case for one in found for mode in GenerationMode for case in _thought_of(one, mode)]


def _thought_of(operation: APIOperation, mode: GenerationMode) -> list[schemathesis.Case]:
    thought: list[schemathesis.Case] = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def think(case: schemathesis.Case) -> None:
        thought.append(case)

    think()
    return thought
