"""What a webhook looks like: a CloudEvents 1.0 body, signed as Standard Webhooks 1.0.0 says."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from standardwebhooks import Webhook

SECRET_BYTES = 32
CONTENT_TYPE = "application/cloudevents+json"


@dataclass(frozen=True)
class Letter:
    """One message as it is sent; the same at each attempt but for its stamp and signatures."""

    id: str
    topic: str
    position: int
    created_at: datetime
    payload: str
    """JSON."""

    def body(self, source: str) -> str:
        """The CloudEvent in structured form; `source` is the installation's own address."""
        event = {
            "specversion": "1.0",
            "id": self.id,
            "source": source,
            "type": self.topic,
            "time": self.created_at,
            "datacontenttype": "application/json",
            "position": self.position,
            "data": msgspec.Raw(self.payload.encode()),
        }
        return msgspec.json.encode(event).decode()


def message_id(key: str) -> str:
    """The `webhook-id` of a message: the same for the same key, and fit for a header."""
    return f"msg_{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def new_secret() -> str:
    """A signing secret, as receivers' libraries take it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def secret_context(subscription_id: str) -> str:
    """What a webhook's secret is sealed for."""
    return f"webhook:{subscription_id}"


def signed_headers(
    letter_id: str, body: str, *, keys: Sequence[str], now: datetime
) -> dict[str, str]:
    """The headers of one attempt at `now`: a signature for each key, so that keys can overlap."""
    signatures = " ".join(Webhook(key).sign(letter_id, now, body) for key in keys)
    return {
        "content-type": CONTENT_TYPE,
        "user-agent": "Banyan-Webhooks/1.0",
        "webhook-id": letter_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signatures,
    }
