"""What makes a test a law: many examples, and a failure that is printed as two small files."""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings

from tests.laws.shrinking import as_text, smallest

Files = list[dict[str, Any]]
Check = Callable[[Files, list[bytes]], None]

EXAMPLES = int(os.environ.get("BANYAN_LAW_EXAMPLES", "400"))
"""Examples of each of the five laws: 2,000 in all, unless the environment says otherwise."""


def law(test: Callable[[], None]) -> Callable[[], None]:
    """Run a Hypothesis test as a law. `hold` makes the failing case small, not Hypothesis."""
    return settings(
        max_examples=EXAMPLES,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(test)


def hold(check: Check, files: Files, lines: list[bytes]) -> None:
    """Raise an AssertionError with the smallest case for which the check fails, if it does."""
    first: Exception
    try:
        check(files, lines)
        return
    except Exception as failure:  # noqa: BLE001 - whatever fails is made small and raised again
        first = failure

    def fails(files: Files, lines: list[bytes]) -> bool:
        try:
            check(files, lines)
        except Exception as failure:  # noqa: BLE001 - a case that fails otherwise is another case
            return type(failure) is type(first)
        return False

    files, lines = smallest(files, lines, fails)
    try:
        check(files, lines)
    except Exception as failure:
        raise AssertionError(f"{failure}\n{as_text(files, lines)}") from failure
