"""Where webhooks may go."""

import ipaddress
import socket

import pytest
from django.test import override_settings

from banyan.pipeline.outbox.addresses import BadAddress, checked_url, is_public, resolved

PUBLIC = ["8.8.8.8", "1.1.1.1", "114.114.114.114", "2606:4700:4700::1111", "::ffff:8.8.8.8"]
INSIDE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",  # carriers' own
    "100.100.100.200",  # a cloud's metadata
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # a cloud's agent, public by the registries
    "169.254.169.254",  # metadata of most clouds
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2002:7f00:1::",
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text)) is True


@pytest.mark.parametrize("text", INSIDE)
def test_an_address_inside_is_not(text: str) -> None:
    assert is_public(ipaddress.ip_address(text)) is False


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hooks",
        "https://example.com:8443/a?b=c",
        "https://例子.中国/钩子",
        "https://[2606:4700:4700::1111]/",
    ],
)
def test_an_address_that_is_taken(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com/", "Expected an address such as https://"),
        ("ftp://example.com/", "Expected an address such as https://"),
        ("file:///etc/passwd", "Expected an address such as https://"),
        ("https:///hooks", "Expected an address such as https://"),
        ("//example.com/", "Expected an address such as https://"),
        ("https://user:pass@example.com/", "no user, no password"),
        ("https://@example.com/", "no user, no password"),
        ("https://example.com/#part", "no #"),
        ("https://example.com:99999/", "cannot be read"),
        ("https://[::1/", "cannot be read"),
        ("https://example.com/a b", "no spaces"),
        ("https://example.com/\r\nHost: x", "no spaces"),
        ("https://example.com:22/", "not to 22"),
        ("https://example.com:25/", "not to 25"),
        ("https://127.0.0.1/", "public addresses alone"),
        ("https://[::1]/", "public addresses alone"),
        ("https://[fe80::1%25eth0]/", "public addresses alone"),
        ("https://169.254.169.254/latest/meta-data/", "public addresses alone"),
        ("https://example.com/" + "a" * 2_000, "at most 2,000 characters"),
    ],
)
def test_an_address_that_is_refused(url: str, says: str) -> None:
    with pytest.raises(BadAddress, match=says):
        checked_url(url)


def test_http_is_for_those_who_ask_for_it() -> None:
    with override_settings(WEBHOOKS_ALLOW_HTTP=True):
        assert checked_url("http://example.com/") == "http://example.com/"
        with pytest.raises(BadAddress, match="public addresses alone"):
            checked_url("http://10.0.0.1/")


def test_private_addresses_are_for_development() -> None:
    with override_settings(WEBHOOKS_ALLOW_PRIVATE=True):
        assert checked_url("http://127.0.0.1:9009/") == "http://127.0.0.1:9009/"
        with pytest.raises(BadAddress, match="not to 9"):
            checked_url("http://127.0.0.1:9/")


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
def test_other_ways_to_write_this_machine_are_found_when_they_are_resolved(host: str) -> None:
    with pytest.raises(BadAddress, match="public addresses alone"):
        resolved(host, 443)


def test_one_private_address_refuses_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", (text, port)) for text in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(BadAddress, match="public addresses alone"):
        resolved("both.example", 443)


def test_a_public_name_gives_its_addresses_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        texts = ("8.8.8.8", "8.8.8.8", "2606:4700:4700::1111")
        return [(0, 0, 0, "", (text, port)) for text in texts]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert resolved("some.example", 443) == ["8.8.8.8", "2606:4700:4700::1111"]
