"""One attempt against real sockets."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.test import override_settings

from banyan.pipeline.outbox import post as posting
from banyan.pipeline.outbox.post import post
from tests.rooms.pipeline.outbox.receivers import receiver

HEADERS = {"content-type": "application/json", "webhook-id": "msg_1"}


@pytest.fixture(autouse=True)
def private_allowed() -> Iterator[None]:
    with override_settings(WEBHOOKS_ALLOW_PRIVATE=True):
        yield


@contextmanager
def raw_server(talk: object) -> Iterator[int]:
    """A server that says what `talk(connection)` says; its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _ = listening.accept()
            with connection:
                talk(connection)  # type: ignore[operator]
        except OSError:
            pass  # the sender hung up, as it should

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        thread.join()


def test_a_request_arrives_as_it_was_sent() -> None:
    with receiver(answer=lambda n: (202, {}, b"thank you")) as one:
        answer = post(one.url + "/钩?q=é", HEADERS, b'{"a":1}')
    assert (answer.status, answer.sentence, answer.is_success) == (202, "202 thank you", True)
    [(headers, body)] = one.got
    assert (headers["webhook-id"], headers["content-type"], body) == (
        "msg_1",
        "application/json",
        b'{"a":1}',
    )
    assert headers["host"] == one.url.split("/")[2]


@pytest.mark.parametrize(
    ("status", "headers", "retry_after_s"),
    [(400, {}, None), (503, {"Retry-After": "120"}, 120.0), (429, {"retry-after": "soon"}, None)],
)
def test_a_refusal_is_no_success(
    status: int, headers: dict[str, str], retry_after_s: float | None
) -> None:
    with receiver(answer=lambda n: (status, headers, b"no\x00\x1b[31m")) as one:
        answer = post(one.url, HEADERS, b"{}")
    assert (answer.is_success, answer.is_gone) == (False, False)
    assert (answer.status, answer.retry_after_s) == (status, retry_after_s)
    assert answer.sentence == f"{status} no  [31m"


def test_a_redirect_is_not_followed() -> None:
    with receiver() as other, receiver(answer=lambda n: (307, {"Location": other.url}, b"")) as one:
        answer = post(one.url, HEADERS, b"{}")
    assert (answer.status, answer.is_success, len(other.got)) == (307, False, 0)


def test_a_long_answer_is_read_to_64_kilobytes() -> None:
    sent = 0

    def talk(connection: socket.socket) -> None:
        nonlocal sent
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            sent += connection.send(b"x" * 65_536)

    with raw_server(talk) as port:
        answer = post(f"http://127.0.0.1:{port}/", HEADERS, b"{}")
    assert answer.is_success is True
    assert len(answer.sentence) == 304
    assert sent < 20_000_000  # what the sockets' buffers took, no gigabyte


@pytest.mark.parametrize("drips", ["header", "body"])
def test_what_drips_is_cut_off(drips: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "LONGEST_S", 1.0)

    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n")
        if drips == "body":
            connection.sendall(b"\r\n")
        while True:
            connection.sendall(b"x")
            time.sleep(0.1)

    with raw_server(talk) as port:
        began = time.monotonic()
        answer = post(f"http://127.0.0.1:{port}/", HEADERS, b"{}")
    assert (answer.status, answer.sentence) == (None, "No answer within 1 seconds.")
    assert 0.9 < time.monotonic() - began < 60  # the whole of it takes 1,000 s


def test_a_silent_receiver_is_left_after_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "LONGEST_S", 0.5)
    with receiver(delay_s=1.0) as one:
        answer = post(one.url, HEADERS, b"{}")
    assert (answer.status, answer.sentence) == (None, "No answer within 0.5 seconds.")


def test_nobody_there_and_nonsense_are_answers_too() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    nobody = post(f"http://127.0.0.1:{free}/", HEADERS, b"{}")
    unknown = post("http://no-such-name.invalid/", HEADERS, b"{}")
    with raw_server(talk) as port:
        nonsense = post(f"http://127.0.0.1:{port}/", HEADERS, b"{}")
    for answer in (nobody, unknown, nonsense):
        assert answer.status is None
        assert answer.sentence.startswith("No connection: ")


def test_a_private_address_is_refused_when_it_comes_to_it() -> None:
    with (
        receiver() as one,
        override_settings(WEBHOOKS_ALLOW_PRIVATE=False, WEBHOOKS_ALLOW_HTTP=True),
    ):
        answer = post(one.url.replace("127.0.0.1", "localhost"), HEADERS, b"{}")
    assert answer.sentence.startswith("Webhooks go to public addresses alone")
    assert one.got == []


def test_a_name_is_asked_for_once_and_the_connection_goes_to_the_answer_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    real = socket.getaddrinfo

    def answer(host: str, port: int, *rest: object, **named: object) -> object:
        if host == "rebinding.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "127.0.0.99"
        return real(host, port, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with receiver() as one:
        port = one.url.split(":")[2].split("/")[0]
        found = post(f"http://rebinding.example:{port}/", HEADERS, b"{}")
    assert (found.status, asked) == (200, ["rebinding.example"])
    assert one.got[0][0]["host"] == f"rebinding.example:{port}"


def test_https_is_checked_against_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-keyout", key, "-out", cert, "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            while not secured.recv(65_536).endswith(b"{}"):
                pass
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with raw_server(talk) as port:
        unknown = post(f"https://localhost:{port}/", HEADERS, b"{}")
    assert unknown.status is None
    assert "CERTIFICATE_VERIFY_FAILED" in unknown.sentence
    trusting = ssl.create_default_context(cafile=str(cert))
    monkeypatch.setattr(posting, "_tls", lambda: trusting)
    with raw_server(talk) as port:
        known = post(f"https://localhost:{port}/", HEADERS, b"{}")
    assert (known.status, known.sentence) == (200, "200 ok")
    with raw_server(talk) as port:
        other_name = post(f"https://127.0.0.1:{port}/", HEADERS, b"{}")
    assert other_name.status is None
    assert "CERTIFICATE_VERIFY_FAILED" in other_name.sentence
