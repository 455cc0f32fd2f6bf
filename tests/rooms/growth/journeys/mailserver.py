"""A mail server on this machine that keeps what it gets, over TLS where it is asked to."""

from __future__ import annotations

import base64
import datetime
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "mailer", "pass word/1"


@dataclass
class MailServer:
    """What came, and what it says to whom. `replies` by the beginning of a command."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    was_encrypted: list[bool] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)


class Server(socketserver.ThreadingTCPServer):
    """The server itself."""

    daemon_threads = True

    def __init__(self, *, tls: ssl.SSLContext | None, is_ssl: bool) -> None:
        self.state = MailServer()
        self.tls = tls
        self.is_ssl = is_ssl
        super().__init__(("127.0.0.1", 0), Handler)
        self.state.port = self.server_address[1]

    def get_request(self) -> tuple[socket.socket, object]:
        """A connection, secured where it is so from the start."""
        connection, address = super().get_request()
        if self.is_ssl and self.tls:
            return self.tls.wrap_socket(connection, server_side=True), address
        return connection, address

    def handle_error(self, *_: object) -> None:
        """Whoever hangs up in the middle is no trouble of ours."""


class Handler(socketserver.StreamRequestHandler):
    """One connection."""

    server: Server

    def handle(self) -> None:
        self.encrypted = self.server.is_ssl
        self.say("220 here")
        while line := self.rfile.readline():
            if not self.answer(line.decode().strip()):
                return

    def finish(self) -> None:
        """Closes what was secured on the way, too."""
        super().finish()
        self.request.close()

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def answer(self, command: str) -> bool:
        for beginning, reply in self.server.state.replies.items():
            if command.upper().startswith(beginning):
                self.say(reply)
                return True
        verb = command.partition(" ")[0].upper()
        step = getattr(self, f"on_{verb.lower()}", None)
        if step is None:
            self.say("250 ok")
        else:
            step(command)
        return verb != "QUIT"

    def on_ehlo(self, _: str) -> None:
        offers = ["250-here"]
        offers += ["250-STARTTLS"] if self.server.tls and not self.encrypted else []
        self.say("\r\n".join([*offers, "250-8BITMIME", "250 AUTH PLAIN"]))

    def on_starttls(self, _: str) -> None:
        assert self.server.tls is not None
        self.say("220 go on")
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.rfile = self.request.makefile("rb")
        self.wfile = self.request.makefile("wb", 0)
        self.encrypted = True

    def on_auth(self, command: str) -> None:
        _, user, password = base64.b64decode(command.split()[2]).decode().split("\0")
        self.server.state.logins.append((user, password))
        self.say("235 ok" if password == PASSWORD else "535 wrong")

    def on_data(self, _: str) -> None:
        self.say("354 go on")
        data = bytearray()
        while (line := self.rfile.readline()) != b".\r\n":
            data += line.removeprefix(b".")  # which SMTP doubles there
        message = message_from_bytes(bytes(data), policy=default)
        assert isinstance(message, EmailMessage)
        self.server.state.messages.append(message)
        self.server.state.was_encrypted.append(self.encrypted)
        self.say("250 kept")

    def on_quit(self, _: str) -> None:
        self.say("221 bye")


@contextmanager
def mail_server(*, tls: ssl.SSLContext | None = None, is_ssl: bool = False) -> Iterator[MailServer]:
    """The server until the end; with `tls` it offers STARTTLS, or speaks TLS from the start."""
    with Server(tls=tls, is_ssl=is_ssl) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.state
        finally:
            server.shutdown()
            thread.join()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context for 127.0.0.1, and the file by which clients trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, secret)
    return context, cert
