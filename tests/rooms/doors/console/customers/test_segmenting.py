"""Segments and the circle in the console: who may, what is written down, nothing typed is lost."""

from __future__ import annotations

import polars as pl
import pytest
from django.db import connection
from django.urls import reverse

from banyan.insight.segments import circle, purchases
from banyan.insight.segments.read import members, segment
from banyan.trust.audit.read import entries
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.doors.console.customers.shop import Shop
from tests.rooms.doors.console.customers.test_customer import text_of

BUYERS = {
    "name": "Buyers",
    "slug": "buyers",
    "match": "all",
    "g0-match": "all",
    "g0-c0-field": "orders",
    "g0-c0-op": "at_least",
    "g0-c0-value": "1",
    "g0-c1-field": "spent",
    "g0-c1-op": "at_least",
    "g0-c1-value": "50",
}


def test_a_segment_is_made_changed_and_removed_on_record(shop: Shop, staff: Staff) -> None:
    support, growth = staff("support"), staff("growth")
    assert support.post(reverse("admin:segment_new"), BUYERS | {"do": "save"}).status_code == 403
    made = growth.post(reverse("admin:segment_new"), BUYERS | {"do": "save"})
    assert made["Location"] == reverse("admin:segment", args=["buyers"])
    assert members("buyers") == ["li", "zhao"]
    [entry] = entries(verb="segment.made")
    words = "Orders in all is at least 1 and Spent in all, less refunds is at least 50"
    assert entry.after == {"name": "Buyers", "rules": [words], "count": 2}
    told = text_of(support.get(reverse("admin:segment", args=["buyers"])))
    assert "2 customers li zhao" in told
    assert words in told
    url = reverse("admin:segment", args=["buyers"])
    assert support.post(url, BUYERS | {"do": "save"}).status_code == 403
    growth.post(url, BUYERS | {"g0-c1-value": "85", "do": "save"})
    assert members("buyers") == ["zhao"]
    [changed] = entries(verb="segment.changed")
    assert (changed.before or {})["count"] == 2
    assert (changed.after or {})["count"] == 1
    shop.order("li", "o11", 5)
    assert growth.post(reverse("admin:segment_refresh", args=["buyers"])).status_code == 302
    assert members("buyers") == ["li", "zhao"]
    assert support.post(reverse("admin:segment_remove", args=["buyers"])).status_code == 403
    growth.post(reverse("admin:segment_remove", args=["buyers"]))
    assert segment("buyers") is None
    [removed] = entries(verb="segment.removed")
    assert (removed.before or {})["name"] == "Buyers"


def test_what_is_missing_of_the_log_is_taken_in_before_the_segment_is_kept(
    shop: Shop, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    growth = staff("growth")
    depths: list[int] = []
    taken = purchases._take_in

    def take_in(events: pl.DataFrame) -> pl.DataFrame:
        depths.append(len(connection.atomic_blocks))
        return taken(events)

    monkeypatch.setattr(purchases, "_take_in", take_in)
    for do, url in (("made", "segment_new"), ("changed", "segment")):
        shop.order("li", f"o-{do}", 5)
        args = [] if url == "segment_new" else ["buyers"]
        reply = growth.post(reverse(f"admin:{url}", args=args), BUYERS | {"do": "save"})
        assert reply.status_code == 302
    # Each in the one transaction of its chunk, with none around it.
    assert depths == [1, 1]


def test_it_counts_while_one_types_and_keeps_what_was_typed(shop: Shop, staff: Staff) -> None:
    growth = staff("growth")
    url = reverse("admin:segment_new")
    live = growth.post(url, BUYERS, headers={"HX-Request": "true"})
    assert "2 customers now li · zhao" in text_of(live)
    lacking = growth.post(url, BUYERS | {"g0-c1-value": "x"}, headers={"HX-Request": "true"})
    assert "Group 1, condition 2: Write an amount, such as 200 or 99.50." in text_of(lacking)
    refused = growth.post(url, BUYERS | {"g0-c1-value": "x", "do": "save"})
    assert refused.status_code == 422
    assert 'value="Buyers"' in refused.content.decode()
    assert segment("buyers") is None


def test_conditions_and_groups_come_and_go_without_scripts(shop: Shop, staff: Staff) -> None:
    growth = staff("growth")
    url = reverse("admin:segment_new")
    more = growth.post(url, BUYERS | {"do": "add-0"}).content.decode()
    assert "g0-c2-field" in more
    group = growth.post(url, BUYERS | {"do": "group"}).content.decode()
    assert "g1-c0-field" in group
    less = growth.post(url, BUYERS | {"do": "drop-0-1"}).content.decode()
    assert "g0-c0-field" in less
    assert "g0-c1-field" not in less


def test_a_segments_file_is_for_who_may_take_lists_out(shop: Shop, staff: Staff) -> None:
    growth = staff("growth")
    growth.post(reverse("admin:segment_new"), BUYERS | {"do": "save"})
    url = reverse("admin:segment_file", args=["buyers"])
    assert staff("support").get(url).status_code == 403
    assert growth.get(url).content.decode() == "user_id,name\r\nli,\r\nzhao,\r\n"
    [entry] = entries(verb="segment.exported")
    assert entry.after == {"customers": 2}


def test_the_circle_is_chosen_by_people(shop: Shop, staff: Staff) -> None:
    shop.order("wang", "o12", 30)
    shop.work()
    support, growth = staff("support"), staff("growth")
    told = text_of(support.get(reverse("admin:circle")))
    assert "王** (wang) 3 3 1 CN¥30.00" in told
    assert "Take somebody in" not in told
    choice = {"user_id": "wang", "relation": "4", "fit": "5", "note": "Speaks for us."}
    assert support.post(reverse("admin:circle_choose"), choice).status_code == 403
    lacking = growth.post(reverse("admin:circle_choose"), choice | {"fit": ""})
    assert (lacking.status_code, circle.circle()) == (422, [])
    assert "Speaks for us." in lacking.content.decode()
    assert growth.post(reverse("admin:circle_choose"), choice).status_code == 302
    [entry] = entries(verb="circle.chosen")
    assert (entry.about, entry.after) == ("customer:wang", {"relation": 4, "fit": 5})
    assert "relation 4 fit 5 Speaks for us." in text_of(growth.get(reverse("admin:circle")))
    growth.post(reverse("admin:circle_leave"), {"user_id": "wang"})
    assert circle.circle() == []
    assert [one.about for one in entries(verb="circle.left")] == ["customer:wang"]
    unknown = growth.post(reverse("admin:circle_choose"), choice | {"user_id": "nobody"})
    assert unknown.status_code == 422
