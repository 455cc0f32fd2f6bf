"""A till takes what a customer has, once, however often the order is sent; and gives it back."""

# ruff: noqa: T201  (an example shows what it does)

from __future__ import annotations

import os
import sys

from banyan_client import Banyan, Refusal


def main(customer: str, unit: str, amount: int, order: str) -> None:
    """The order's number is the spend's reference."""
    with Banyan(os.environ["BANYAN_URL"], os.environ["BANYAN_SECRET"]) as banyan:
        try:
            spent = banyan.wallets.spend(customer, unit=unit, amount=amount, reference=order)
        except Refusal as refusal:
            sys.exit(f"{refusal.code}: {refusal}")
        print(f"{spent.amount} {spent.unit} taken, {spent.balance.available} left")
        again = banyan.wallets.spend(customer, unit=unit, amount=amount, reference=order)
        print(f"sent twice, taken once: {again.transfer_id == spent.transfer_id}")
        back = banyan.wallets.give_back(customer, reference=order)
        print(f"order cancelled, {back.balance.available} left")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
