"""Log lines: JSON, one a line, about what happened and not about whom."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from django.conf import settings

from banyan.site.logging import REMOVED, configure, without_private_data


class Lines(list[dict[str, object]]):
    """What was logged, line by line, read as JSON."""

    def __init__(self, text: str) -> None:
        super().__init__(json.loads(line) for line in text.splitlines())


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure({"level": "INFO"})
    monkeypatch.setattr("banyan.site.logging._out", lambda: stream)
    yield stream
    structlog.contextvars.clear_contextvars()
    configure({"level": settings.LOGGING["level"]})


def test_a_line_says_when_where_how_bad_and_for_which_request(written: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req-7"):
        structlog.get_logger("banyan.outbox").warning("webhook_failed", webhook="wh_1", status=503)
        logging.getLogger("django.request").error("Internal Server Error: %s", "/v1/links")
    structlog.get_logger("banyan.outbox").info("idle")
    first, second, third = Lines(written.getvalue())
    stamp = first.pop("timestamp")
    assert isinstance(stamp, str)
    assert stamp.endswith("Z")
    assert first == {
        "event": "webhook_failed",
        "level": "warning",
        "logger": "banyan.outbox",
        "request_id": "req-7",
        "webhook": "wh_1",
        "status": 503,
    }
    assert (second["event"], second["request_id"], second["logger"]) == (
        "Internal Server Error: /v1/links",
        "req-7",
        "django.request",
    )
    assert "request_id" not in third


def test_the_level_is_the_one_that_was_set(capsys: pytest.CaptureFixture[str]) -> None:
    configure({"level": "WARNING"})
    for logger in (structlog.get_logger("banyan.x"), logging.getLogger("banyan.y")):
        logger.info("quiet")
        logger.warning("loud")
    printed = capsys.readouterr()
    assert [line["event"] for line in Lines(printed.err)] == ["loud", "loud"]
    assert printed.out == ""
    configure({"level": settings.LOGGING["level"]})


def test_clients_that_tell_every_address_they_call_are_kept_quiet(written: io.StringIO) -> None:
    logging.getLogger("httpx2").info("HTTP Request: POST https://hooks.example.com/?key=1")
    assert written.getvalue() == ""


@pytest.mark.parametrize(
    "private",
    [
        "zhang.san@example.com",
        "zhang+tag@例子.中国",
        "+86 138 0013 8000",
        "+1 (415) 555-2671",
        "13800138000",
        "203.0.113.9",
        "2001:db8::8a2e:370:7334",
        "::ffff:203.0.113.9",
        "sk_live_abcDEF123",
        "wk_test_abcDEF123",
        "pk_live_abcDEF123",
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "Bearer abc.def-ghi",
        "Basic c2tfbGl2ZTo=",
    ],
)
def test_what_looks_private_is_taken_out_of_any_text(written: io.StringIO, private: str) -> None:
    log = structlog.get_logger("banyan.x")
    log.info(f"a {private} b", detail=f"({private})", many=[private], deep={"x": {"y": private}})
    logging.getLogger("other").warning("found %s here", private)
    try:
        raise ValueError(f"no such thing as {private}")
    except ValueError:
        log.exception("failed")
    text = written.getvalue()
    assert len(Lines(text)) == 3
    assert text.count(REMOVED) == 6
    assert private.removeprefix("Bearer ").removeprefix("Basic ") not in text


@pytest.mark.parametrize(
    "name",
    ["email", "Phone", "ip", "first-name", "Authorization", "password", "traits", "user_id",
     "userId", "anonymousId", "secret", "Set-Cookie", "body", "properties", "x-forwarded-for"],
)  # fmt: skip
def test_what_stands_under_a_private_name_is_taken_out(name: str) -> None:
    found = without_private_data(None, "info", {"event": "e", name: "anything", "deep": {name: 7}})
    assert found == {"event": "e", name: REMOVED, "deep": {name: REMOVED}}


def test_what_only_looks_similar_stays() -> None:
    line = {
        "event": "at 12:30:45 on 2026-01-31T08:00:00Z",
        "release": "1.2.3",
        "position": 13800138000,
        "decision": "spring/thanks/u-1/7",
        "digest": "9f86d081884c7d659a2feaa0c55ad015",
        "ratio": 0.5,
        "nothing": None,
        "file": "banyan/site/logging.py:12 configure",
    }
    assert without_private_data(None, "info", dict(line)) == line


def test_an_error_tells_its_kind_and_way_and_no_row(written: io.StringIO) -> None:
    try:
        raise RuntimeError(
            'duplicate key value violates "contact"\nDETAIL:  Key (name)=(Zhang San) exists.\nMORE'
        )
    except RuntimeError:
        structlog.get_logger("banyan.x").exception("failed")
        logging.getLogger("other").exception("failed too")
    for line in Lines(written.getvalue()):
        assert str(line["error"]).startswith('RuntimeError: duplicate key value violates "contact"')
        assert "Zhang" not in json.dumps(line)
        [frame] = line["frames"]  # type: ignore[misc]
        assert "test_an_error_tells_its_kind_and_way_and_no_row" in frame
