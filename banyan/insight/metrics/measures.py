"""measures: the names of what is counted. `n` counts, `amount` adds up minor units or counts."""

from __future__ import annotations

INITIATED = "initiated"
"""Somebody was reached: a visitor's first click on a code, an invitation that was sent, or a code
that was passed on by word of mouth."""
CLICKS, INVITES, SHARES = "clicks", "invites", "shares"
JOINED = "joined"
"""Referrals by the day they began; `amount` adds up their depths."""
ACCEPTED, ACTIVATED, PURCHASED = "accepted", "activated", "purchased"
REWARDED, REPURCHASED, LOST = "rewarded", "repurchased", "lost"
STAGES = (ACCEPTED, ACTIVATED, PURCHASED, REWARDED, REPURCHASED, LOST)
"""Stages of referrals, by the day they were reached."""
ORDERS, REFUNDS = "friend_orders", "friend_refunds"
"""Of friends from their joining on, in a program; the unit is the currency."""

HELD, REJECTED = "held", "rejected"
DECIDED = "decided"
"""Decisions by the day they were made; the last are all of a version, whatever came of them."""
GRANTED, AVAILABLE, EXPIRED = "granted", "available", "expired"
TAKEN_PENDING, TAKEN = "taken_pending", "taken"
"""Reversed while it was pending, or after it was available."""
SPENT, RETURNED, CREDITED = "spent", "returned", "credited"
"""Of wallets, which do not tell what of their content a program gave."""

SHOP_ORDERS, SHOP_REFUNDS = "shop_orders", "shop_refunds"
REFERRED_ORDERS, REFERRED_REFUNDS = "shop_orders_referred", "shop_refunds_referred"
"""Of everybody, and of those whom some program referred; the unit is the currency, empty where the
order named none."""
NEW, REFERRED_NEW = "shop_new", "shop_new_referred"
"""Customers by the day of their first order."""
PROMOTERS, PASSIVES, DETRACTORS = "nps_promoters", "nps_passives", "nps_detractors"
"""Answers to the NPS question: 9 and 10, 7 and 8, 0 to 6."""

KEY = ("day", "program", "version", "channel", "script", "variant", "measure", "item", "unit")
"""What a figure is kept by. `item` is a reward; what does not apply is empty, a version 0."""
