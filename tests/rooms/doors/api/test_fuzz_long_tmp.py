"""Whatever is sent, the door answers as its OpenAPI file says, never with a fault of its own."""

from __future__ import annotations

import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from tests.installation import Installation
from tests.rooms.doors.api.calling import caller, working
from tests.rooms.doors.api.described import operations
from tests.rooms.doors.api.offers import SPRING
from tests.rooms.pipeline.line import Line

EXAMPLES = 25
"""Of each operation, in each of two ways: as the file says, and not as it says."""

# What fits its schema may still be no cursor, no program, no topic.
ACCEPTED = ["2xx", "401", "403", "404", "409", "422"]
CONFIGURATION = {"checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}}}


def test_every_operation_keeps_to_the_file(installation: Installation) -> None:
    line = Line()
    line.publish(SPRING)
    line.story()
    line.work()
    secret = caller("secret", is_test=True, requests_per_minute=10**6).secret
    schema = schemathesis.openapi.from_wsgi(
        "/v1/openapi.json",
        get_wsgi_application(),
        config=schemathesis.Config.from_dict(CONFIGURATION),
    )
    found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    assert len(found) == len(operations())
    with working():
        for operation in found:
            for mode in GenerationMode:
                _fuzz(operation, mode, {"Authorization": f"Bearer {secret}", "Host": "localhost"})


def _fuzz(operation: object, mode: GenerationMode, headers: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def asked(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=headers)

    asked()
