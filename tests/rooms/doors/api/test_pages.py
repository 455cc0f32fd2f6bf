"""Lists go on where they stopped, whatever came in between."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.installation import Installation
from tests.rooms.doors.api.calling import Caller, caller
from tests.rooms.doors.api.offers import SPRING
from tests.rooms.pipeline.line import Line


def _walk(who: Caller, address: str, *, limit: int) -> list[Any]:
    join = "&" if "?" in address else "?"
    rows, cursor = [], ""
    while True:
        reply = who.get(f"{address}{join}limit={limit}{cursor}").json
        assert len(reply["data"]) <= limit
        rows += reply["data"]
        if reply["next_cursor"] is None:
            return rows
        cursor = f"&cursor={reply['next_cursor']}"


LISTS = (
    ("/decisions", 4),
    ("/decisions?outcome=granted", 4),
    ("/referrals", 2),
    ("/links?advocate=ann", 1),
    ("/customers", 3),
    ("/customers/ben/events", 4),
    ("/customers/ann/wallet/statement", 3),
    ("/programs", 1),
    ("/programs/spring/versions", 1),
    ("/rejects", 1),
    ("/webhooks", 0),
    ("/sources", 0),
    ("/privacy_requests", 0),
    ("/audit", 1),
)


def test_small_pages_hold_what_one_large_page_holds(installation: Installation) -> None:
    line = Line()
    line.publish(SPRING)
    line.story()
    line.say("Referral Link Clicked", anonymousId="web-2", code="NOBODYS")
    line.work()
    shop = caller()
    for address, count in LISTS:
        whole = _walk(shop, address, limit=200)
        assert len(whole) == count, address
        assert _walk(shop, address, limit=1) == whole, address
        assert _walk(shop, address, limit=3) == whole, address


def test_rows_that_come_in_between_move_nothing(installation: Installation) -> None:
    line, shop = Line(), caller()
    line.publish(SPRING)
    line.story()
    line.work()
    whole = _walk(shop, "/decisions", limit=200)
    first = shop.get("/decisions?limit=2").json
    line.say("Signed Up", "dan", referral_code="ANN")
    line.say("Signed Up", "eve", referral_code="ANN")
    line.work()
    second = shop.get(f"/decisions?limit=2&cursor={first['next_cursor']}").json
    assert [row["decision_id"] for row in first["data"] + second["data"]] == [
        row["decision_id"] for row in whole
    ]
    assert second["next_cursor"] is None
    assert len(_walk(shop, "/decisions", limit=1)) == 6


def test_lists_also_begin_with_the_oldest_and_at_a_position(installation: Installation) -> None:
    line, shop = Line(), caller()
    line.publish(SPRING)
    line.story()
    line.work()
    for address, at in (("/decisions", "position"), ("/referrals", "join_position")):
        newest = _walk(shop, address, limit=200)
        assert _walk(shop, f"{address}?order=desc", limit=1) == newest
        assert _walk(shop, f"{address}?order=asc", limit=1) == newest[::-1]
        later = newest[0][at]
        assert later > newest[-1][at]
        wanted = [row for row in newest if row[at] >= later]
        assert _walk(shop, f"{address}?from_position={later}", limit=1) == wanted
        both = f"{address}?order=asc&from_position={later}"
        assert _walk(shop, both, limit=1) == wanted[::-1]
        assert _walk(shop, f"{address}?from_position={later + 1}", limit=1) == []
        cursor = shop.get(f"{address}?limit=1&order=asc").json["next_cursor"]
        assert shop.get(f"{address}?cursor={cursor}").code == "bad_cursor"
        assert shop.get(f"{address}?order=up").status == 422
        assert shop.get(f"{address}?from_position=-1").status == 422


def test_a_cursor_is_taken_from_the_list_it_goes_to(installation: Installation) -> None:
    line, shop = Line(), caller()
    line.publish(SPRING)
    line.story()
    line.work()
    of_decisions = shop.get("/decisions?limit=1").json["next_cursor"]
    wrong = [
        of_decisions + "A",
        of_decisions[:-3],
        "",
        "x",
        "%FF",
        _made(["decisions", 1]),
        _made(["decisions", 1, "2"]),
        _made(["decisions", True, 1]),
        _made(["decisions", 2**63, 1]),
        _made(["decisions", 1.0, 1]),
        _made({"decisions": 1}),
        _made([]),
        _made(None),
    ]
    for cursor in wrong:
        reply = shop.get(f"/decisions?cursor={cursor}")
        assert (reply.status, reply.code) == (422, "bad_cursor"), cursor
    assert shop.get(f"/referrals?cursor={of_decisions}").code == "bad_cursor"
    assert shop.get(f"/decisions?cursor={_made(['decisions', 1, 0])}").json["data"] == []


def _made(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
