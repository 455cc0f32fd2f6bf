"""Something that speaks the part of Stripe's API that payouts use: transfers, by the documented
requests, replies and errors."""

from __future__ import annotations

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class StandIn:
    """On a port of its own. `transfers` are those it made; connected accounts whose id begins with
    `acct_1Closed` take none."""

    def __init__(self) -> None:
        self.transfers: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.loses_answers = False
        self._answers: dict[str, dict[str, Any]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"stripe+http://:sk_test_stand_in@127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> StandIn:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def forget_keys(self) -> None:
        """As Stripe does with an `Idempotency-Key` after a day."""
        self._answers.clear()

    def create(self, form: dict[str, str], key: str) -> tuple[int, dict[str, Any]]:
        """`POST /v1/transfers`."""
        if key in self._answers:
            return 200, self._answers[key]
        if form["destination"].startswith("acct_1Closed"):
            error = {
                "type": "invalid_request_error",
                "code": "resource_missing",
                "message": f"No such destination: '{form['destination']}'",
            }
            return 400, {"error": error}
        made = {
            "id": f"tr_{len(self.transfers) + 1}",
            "object": "transfer",
            **form,
        }
        self.transfers.append(made)
        self._answers[key] = made | {"amount": int(form["amount"])}
        return 200, self._answers[key]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._reply(
                    *stand_in.create(dict(parse_qsl(body)), self.headers["Idempotency-Key"])
                )

            def do_GET(self) -> None:
                group = dict(parse_qsl(urlsplit(self.path).query))["transfer_group"]
                rows = [t for t in stand_in.transfers if t["transfer_group"] == group]
                rows = [row | {"amount": int(row["amount"])} for row in rows]
                self._reply(200, {"object": "list", "data": rows, "has_more": False})

            def _reply(self, status: int, said: dict[str, Any]) -> None:
                sent = self.headers["Authorization"].removeprefix("Basic ")
                stand_in.keys.add(base64.b64decode(sent).decode().partition(":")[0])
                if stand_in.loses_answers:
                    status, said = 502, {}
                data = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Tests print nothing."""

        return Handler
