"""What a subscription may ask for, and what it gets."""

import pytest

from banyan.pipeline.outbox.topics import BadTopics, checked, wants


def test_topics_are_taken_once_each() -> None:
    assert checked(["decision.*", "wallet.spent", "decision.*", "*"]) == [
        "decision.*",
        "wallet.spent",
        "*",
    ]


@pytest.mark.parametrize(
    "topics",
    [[], [""], ["Decision.granted"], ["decision.*.x"], ["*.*"], ["a b"], [".a"], ["a" * 101],
     [f"a{n}" for n in range(51)]],
)  # fmt: skip
def test_topics_that_are_refused(topics: list[str]) -> None:
    with pytest.raises(BadTopics):
        checked(topics)


@pytest.mark.parametrize(
    ("topics", "topic", "does"),
    [
        (["*"], "decision.granted", True),
        (["decision.*"], "decision.granted", True),
        (["decision.*"], "decisions.granted", False),
        (["decision.*"], "decision", False),
        (["decision.granted"], "decision.granted", True),
        (["decision.granted"], "decision.held", False),
        (["wallet.spent", "decision.held"], "decision.held", True),
        (["*"], "webhook.test", False),
        (["webhook.*", "webhook.test"], "webhook.test", False),
    ],
)
def test_who_wants_what(topics: list[str], topic: str, does: bool) -> None:
    assert wants(topics, topic) is does
