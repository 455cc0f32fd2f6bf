"""A customer gets a link, a friend orders with its code, and both are told why they were rewarded.

Needs a published program; `banyan publish programs/meundies.yaml` makes one.
"""

# ruff: noqa: T201  (an example shows what it does)

from __future__ import annotations

import os
import sys
import time
import uuid

from banyan_client import Banyan, Decision

PATIENCE_S = 10.0


def main(program: str) -> None:
    """Ann must have ordered before she may refer; each run makes an Ann and a Ben of its own."""
    run = uuid.uuid4().hex[:8]
    ann, ben = f"ann-{run}", f"ben-{run}"
    with Banyan(os.environ["BANYAN_URL"], os.environ["BANYAN_SECRET"]) as banyan:
        with banyan.events() as events:
            events.track("Order Completed", user_id=ann, properties=_order("1", 80))
        link = banyan.links.make(program, advocate=ann)
        print(f"{ann} passes on {link.url}")

        with banyan.events() as events:
            events.identify(ben, {"email": f"{ben}@example.com"})
            events.track("Signed Up", user_id=ben, properties={"referral_code": link.code})
            events.track("Order Completed", user_id=ben, properties=_order("2", 60))
        assert not events.refused, events.refused

        for decision in (_decision(banyan, ann), _decision(banyan, ben)):
            print(f"{decision.beneficiary}: {decision.amount} {decision.unit}")
            print(decision.why)
        print(banyan.wallets.balances(ann))


def _order(order_id: str, total: int) -> dict[str, object]:
    return {"order_id": f"{order_id}-{uuid.uuid4().hex}", "total": total, "currency": "USD"}


def _decision(banyan: Banyan, beneficiary: str) -> Decision:
    """Decisions come a moment after the events they are about."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        for decision in banyan.decisions.list(beneficiary=beneficiary):
            return decision
        time.sleep(0.1)
    raise TimeoutError(f"nothing was decided for {beneficiary}; does a worker run?")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "meundies")
