"""Settings that are missing or wrong stop the start with their name and the cure."""

from pathlib import Path

import pytest

from banyan.site.environment import BadSetting, read_environment


def environment(tmp_path: Path, **variables: str) -> object:
    return read_environment({"BANYAN_HOME": str(tmp_path), **variables})


def test_what_is_left_out_has_a_value(tmp_path: Path) -> None:
    found = read_environment({"BANYAN_HOME": str(tmp_path)})
    assert (found.timezone, found.lag_limit_s, found.metrics_token) == ("UTC", 60, "")
    assert (found.webhooks_allow_http, found.webhooks_allow_private) == (False, False)
    assert found.test_clock is False
    assert (found.log_level, found.behind_proxy) == ("INFO", False)


def test_what_is_given_is_taken(tmp_path: Path) -> None:
    found = read_environment(
        {
            "BANYAN_HOME": str(tmp_path),
            "BANYAN_TIMEZONE": "Asia/Shanghai",
            "BANYAN_LAG_LIMIT": "5",
            "BANYAN_METRICS_TOKEN": "0123456789abcdef",
            "BANYAN_WEBHOOKS_ALLOW_HTTP": "yes",
            "BANYAN_WEBHOOKS_ALLOW_PRIVATE": "1",
            "BANYAN_TEST_CLOCK": "1",
        }
    )
    assert (found.timezone, found.lag_limit_s) == ("Asia/Shanghai", 5)
    assert found.metrics_token == "0123456789abcdef"
    assert (found.webhooks_allow_http, found.webhooks_allow_private) == (True, True)
    assert found.test_clock is True


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("BANYAN_TIMEZONE", "Beijing", "BANYAN_TIMEZONE: Beijing is no IANA time zone"),
        ("BANYAN_LAG_LIMIT", "0", "BANYAN_LAG_LIMIT: expected a whole number from 1 to 86400"),
        ("BANYAN_LAG_LIMIT", "1.5", "BANYAN_LAG_LIMIT: expected a whole number"),
        ("BANYAN_LAG_LIMIT", "٣", "BANYAN_LAG_LIMIT: expected a whole number"),
        ("BANYAN_METRICS_TOKEN", "short", "BANYAN_METRICS_TOKEN: needs at least 16 characters"),
        ("BANYAN_WEBHOOKS_ALLOW_HTTP", "maybe", "BANYAN_WEBHOOKS_ALLOW_HTTP: expected 1 or 0"),
        ("BANYAN_WEBHOOKS_ALLOW_PRIVATE", "2", "BANYAN_WEBHOOKS_ALLOW_PRIVATE: expected 1 or 0"),
        ("BANYAN_LOG_LEVEL", "loud", "BANYAN_LOG_LEVEL: expected debug, info, warning or error"),
        ("BANYAN_BASE_URL", "refer.example.com", "BANYAN_BASE_URL: expected an address"),
        ("DATABASE_URL", "mysql://x", "DATABASE_URL: expected postgresql://"),
        ("BANYAN_SECRET_KEY", "short", "BANYAN_SECRET_KEY: needs at least 16 characters"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, value: str, says: str) -> None:
    with pytest.raises(BadSetting, match=says):
        environment(tmp_path, **{name: value})
