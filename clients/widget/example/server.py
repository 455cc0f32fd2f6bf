"""A host site in one file: `python server.py --banyan https://refer.example.com --key-id 3`.

It signs its customer in with a click, and signs a token for the widget. The secret of the portal
key (`banyan keys create portal`) comes from the variable PORTAL_KEY: it never leaves the server.
Needs PyJWT.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import uuid
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlsplit

import jwt

HERE = Path(__file__).parent
GOOD_FOR_S = 120
WORDS = {
    "en": {"in": "Sign in as Ann", "out": "Sign out", "heading": "Thank you for your order"},
    "zh-hans": {"in": "以 Ann 登录", "out": "退出登录", "heading": "感谢您的订购"},
}


class Host(BaseHTTPRequestHandler):
    """The shop's pages; whoever clicks is `ann`."""

    banyan: str
    program: str
    key_id: str
    secret: str
    browser_key: str

    def do_GET(self) -> None:
        """The page, its style, and the token for the widget."""
        path = urlsplit(self.path).path
        if path == "/":
            self._answer(200, "text/html; charset=utf-8", self._page())
        elif path == "/shop.css":
            self._answer(200, "text/css; charset=utf-8", (HERE / "shop.css").read_text())
        elif path == "/banyan-token" and self._customer():
            self._answer(200, "application/json", json.dumps({"token": self._token()}))
        elif path == "/banyan-token":
            self._answer(204, "application/json", "")
        else:
            self._answer(404, "text/plain; charset=utf-8", "There is nothing here.")

    def do_POST(self) -> None:
        """Sign in or out. A real shop asks for a password, and guards its forms."""
        who = "ann" if urlsplit(self.path).path == "/sign-in" else ""
        self.send_response(303)
        self.send_header("Location", f"/?lang={self._language()}")
        self.send_header(
            "Set-Cookie", f"shop_customer={who}; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600"
        )
        self.end_headers()

    def _page(self) -> str:
        language, is_in = self._language(), bool(self._customer())
        words = WORDS[language]
        return Template((HERE / "index.html").read_text()).substitute(
            lang=language,
            banyan=self.banyan,
            program=self.program,
            browser_key=self.browser_key,
            heading=words["heading"],
            button=words["out" if is_in else "in"],
            action=f"/sign-{'out' if is_in else 'in'}?lang={language}",
        )

    def _token(self) -> str:
        """Who looks at the page, for the next two minutes."""
        claims = {
            "sub": self._customer(),
            "aud": self.banyan,
            "exp": int(time.time()) + GOOD_FOR_S,
            "jti": uuid.uuid4().hex,
            "name": "Ann Lee",
        }
        return jwt.encode(claims, self.secret, algorithm="HS256", headers={"kid": self.key_id})

    def _customer(self) -> str:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("shop_customer")
        return "ann" if cookie and cookie.value == "ann" else ""

    def _language(self) -> str:
        wanted = parse_qs(urlsplit(self.path).query).get("lang", ["en"])[0]
        return wanted if wanted in WORDS else "en"

    def _answer(self, status: int, media: str, body: str) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", policy(self.banyan))
        self.end_headers()
        self.wfile.write(data)


def policy(banyan: str) -> str:
    """All that the widget needs is that its host may give scripts and be asked."""
    return (
        f"default-src 'none'; script-src {banyan}; connect-src 'self' {banyan}; style-src 'self'; "
        "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def main() -> None:
    """Serve until it is stopped."""
    parser = argparse.ArgumentParser(description="A host site with the widget.")
    parser.add_argument("--banyan", required=True, help="address of the installation")
    parser.add_argument("--key-id", required=True, help="number of the portal key")
    parser.add_argument("--program", default="meundies", help="what customers recommend")
    parser.add_argument("--browser-key", default="", help="a publishable key, for banyan.js")
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    Host.banyan, Host.program = options.banyan.rstrip("/"), options.program
    secret = os.environ.get("PORTAL_KEY", "")
    if not secret:
        parser.error("PORTAL_KEY is not set; it is what `banyan keys create portal` printed")
    Host.key_id, Host.secret = options.key_id, secret
    Host.browser_key = options.browser_key
    with ThreadingHTTPServer(("127.0.0.1", options.port), Host) as server:
        sys.stderr.write(f"The shop is open at http://localhost:{options.port}/ until Ctrl-C.\n")
        server.serve_forever()


if __name__ == "__main__":
    main()
