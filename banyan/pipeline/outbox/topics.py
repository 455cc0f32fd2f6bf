"""What a subscription may ask for."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from banyan.kernel.errors import Problem

MOST = 50
TEST = "webhook.test"
"""Sent to the one subscription it was asked for; nobody subscribes to it."""
_PATTERN = re.compile(r"\*|[a-z0-9_-]+(\.[a-z0-9_-]+)*(\.\*)?")


class BadTopics(Problem):
    """A list of topics that cannot be subscribed to."""

    status = 422
    code = "webhook_topics_refused"


def checked(topics: Sequence[str]) -> list[str]:
    """`topics` without repetitions. Raises BadTopics unless there are 1 to 50 that can be read."""
    found = list(dict.fromkeys(topics))
    if not 1 <= len(found) <= MOST:
        raise BadTopics(f"A webhook subscribes to 1 to {MOST} topics, found {len(found)}.")
    for topic in found:
        if len(topic) > 100 or not _PATTERN.fullmatch(topic):
            raise BadTopics(
                "Expected a topic such as decision.granted, decision.* or *, "
                f"found {topic[:100]!r}."
            )
    return found


def stored(topics: Sequence[str]) -> str:
    """As the table keeps them."""
    return msgspec.json.encode(list(topics)).decode()


def kept(text: str) -> list[str]:
    """As they were given."""
    return msgspec.json.decode(text, type=list[str])


def wants(topics: Sequence[str], topic: str) -> bool:
    """Whether a subscription to `topics` is to get a message of `topic`."""
    return topic != TEST and any(
        pattern in ("*", topic) or (pattern.endswith(".*") and topic.startswith(pattern[:-1]))
        for pattern in topics
    )
