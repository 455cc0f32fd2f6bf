"""client: one installation, one key."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx2

from banyan_client.decisions import Decisions
from banyan_client.events import Events
from banyan_client.links import Links
from banyan_client.referrals import Referrals
from banyan_client.requests import Requests
from banyan_client.wallets import Wallets


class Banyan:
    """A client with a secret key; may be used by several threads."""

    def __init__(
        self,
        base_url: str,
        secret: str,
        *,
        timeout_s: float = 10.0,
        attempts: int = 4,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """`attempts` is how often a request is sent at most."""
        self._requests = Requests(
            base_url, secret, timeout_s=timeout_s, attempts=attempts, transport=transport
        )
        self.links = Links(self._requests)
        self.referrals = Referrals(self._requests)
        self.decisions = Decisions(self._requests)
        self.wallets = Wallets(self._requests)

    def events(self) -> Events:
        """A batch of events to fill; see `Events`."""
        return Events(self._requests)

    def close(self) -> None:
        """Close the connections."""
        self._requests.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
