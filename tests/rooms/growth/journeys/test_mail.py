"""E-mail: by a mail server, with and without TLS, or as files; what is refused and what returns."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import override_settings

from banyan.growth.journeys.channels import mail
from banyan.growth.journeys.letter import Letter, Outcome
from banyan.growth.journeys.providers import BadProvider, Provider, mail_provider
from tests.rooms.growth.journeys.mailserver import PASSWORD, USER, certificate, mail_server

LINK = "https://refer.example.com/n/AQx7"
LOGIN = f"{USER}:pass%20word%2F1"
FROM = "绿叶生活 <hello@example.com>"


def letter(**changes: str) -> Letter:
    """In Chinese, with an opt-out link."""
    values = {
        "title": "您推荐的张*已加入",
        "text": "王芳，您好！\n\n.一行以点开头",
        "optout_link": LINK,
    }
    values |= changes
    return Letter("k1", "friend_joined", "email", "zh-hans", "fang@example.com", **values)


def of(url: str) -> Provider:
    """As the setting names it."""
    found = mail_provider(url)
    assert found is not None
    return found


@override_settings(DEFAULT_FROM_EMAIL=FROM)
def test_a_mail_server_gets_the_message_once_logged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with mail_server(tls=context) as server:
        outcome = mail.send(of(f"smtp+tls://{LOGIN}@127.0.0.1:{server.port}"), letter())
    assert outcome.result == "sent"
    [message] = server.messages
    assert server.was_encrypted == [True]
    assert server.logins == [(USER, PASSWORD)]
    assert message["Subject"] == "您推荐的张*已加入"
    assert (message["From"], message["To"]) == (FROM, "fang@example.com")
    assert message["List-Unsubscribe"] == f"<{LINK}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Message-ID"] == f"<{outcome.provider_id}>"
    assert message.get_content().splitlines() == [
        "王芳，您好！",
        "",
        ".一行以点开头",
        "",
        "-- ",
        f"不想再收到此类邮件，请点击：{LINK}",
    ]


def test_the_same_notice_has_the_same_message_id() -> None:
    first, again = mail.composed(letter()), mail.composed(letter())
    other = mail.composed(Letter("k2", "test", "email", "en", "a@example.com", "t", "x"))
    assert first.extra_headers["Message-ID"] == again.extra_headers["Message-ID"]
    assert first.extra_headers["Message-ID"] != other.extra_headers["Message-ID"]
    assert other.extra_headers["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe" not in other.extra_headers


def test_tls_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with mail_server(tls=context, is_ssl=True) as server:
        provider = of(f"smtp+ssl://127.0.0.1:{server.port}")
        assert mail.send(provider, letter()).result == "sent"
    assert server.was_encrypted == [True]


def test_a_server_whose_certificate_nobody_knows_gets_nothing(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    with mail_server(tls=context) as server:
        outcome = mail.send(of(f"smtp+tls://127.0.0.1:{server.port}"), letter())
    assert outcome == Outcome("later", "no connection (SSLCertVerificationError)")
    assert server.messages == []


@pytest.mark.parametrize(
    ("beginning", "reply", "outcome"),
    [
        ("RCPT", "550 no such box", Outcome("stopped", "the server refused the address (550)")),
        ("RCPT", "450 box is busy", Outcome("later", "the server refused the address (450)")),
        ("MAIL", "553 not yours", Outcome("failed", "the server said 553")),
        ("MAIL", "451 later", Outcome("later", "the server said 451")),
        ("AUTH", "535 wrong", Outcome("later", "the server said 535")),
    ],
)
def test_what_a_mail_server_refuses(beginning: str, reply: str, outcome: Outcome) -> None:
    with mail_server() as server:
        server.replies = {beginning: reply}
        found = mail.send(of(f"smtp://{LOGIN}@127.0.0.1:{server.port}"), letter())
    assert found == outcome
    assert server.messages == []


def test_nobody_there_is_tried_again() -> None:
    with mail_server() as server:
        url = f"smtp://127.0.0.1:{server.port}"
    assert mail.send(of(url), letter()) == Outcome(
        "later", "no connection (ConnectionRefusedError)"
    )


def test_a_title_begins_no_header_of_its_own() -> None:
    message = mail.composed(letter(title="Hello\nBcc: eve@example.com"))
    assert message.subject == "Hello Bcc: eve@example.com"
    assert message.message()["Bcc"] is None


def test_without_a_server_messages_are_files_in_the_home(tmp_path: Path) -> None:
    with override_settings(EMAIL_PROVIDER=None, BANYAN_HOME=tmp_path):
        assert mail.send(mail.provider(), letter()).result == "sent"
    [file] = (tmp_path / "mail").iterdir()
    assert f"List-Unsubscribe: <{LINK}>" in file.read_text()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "http://x",
            "expected smtp+tls://USER:PASSWORD@HOST:587 (or smtp+ssl, smtp, file), not http:…",
        ),
        ("smtp://", "the host is missing"),
        ("smtp://h:99999", "the port is no number from 1 to 65535"),
        ("file://relative", "expected file:///FOLDER with the whole path of a folder"),
    ],
)
def test_a_setting_that_cannot_be_used_says_why(url: str, sentence: str) -> None:
    with pytest.raises(BadProvider) as bad:
        mail_provider(url)
    assert bad.value.sentence == sentence


def test_ports_and_protection_by_the_scheme() -> None:
    plain, tls, wrapped = (of(f"{scheme}://h") for scheme in ("smtp", "smtp+tls", "smtp+ssl"))
    assert [(one.port, one.is_tls, one.is_ssl) for one in (plain, tls, wrapped)] == [
        (25, False, False),
        (587, True, False),
        (465, False, True),
    ]
