"""A customer's page: found by anything, told in words, masked until somebody asks."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from banyan.core.events import clock
from banyan.core.people.read import consents, customer
from banyan.core.programs.read import links_of
from banyan.core.referrals.read import decisions
from banyan.core.referrals.why import why
from banyan.doors.console.customers import acting, story
from banyan.growth.tasks import acts as tasks
from banyan.trust.audit.read import entries
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.doors.console.customers.shop import Shop


def text_of(response: Any) -> str:
    """What a reader sees, in one line; `main` alone, without the menu."""
    body = response.content.decode().partition('class="c-page"')[2] or response.content.decode()
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def opened(client: Client, user_id: str, tab: str = "", **headers: str) -> Any:
    """A customer's page."""
    url = reverse("admin:customer", args=[user_id])
    return client.get(url, {"tab": tab} if tab else {}, headers=headers)


@pytest.mark.parametrize(
    "typed", ["wang", "138-1234 1234", "WANG", "wang ", "小明", "wan"], ids=range(6)
)
def test_a_customer_is_found_by_what_they_can_say(shop: Shop, staff: Staff, typed: str) -> None:
    response = staff("support").post(reverse("admin:customers"), {"text": typed})
    assert (response.status_code, response["Location"]) == (302, "/console/customers/one/wang")


def test_what_is_searched_for_stands_in_no_address_and_nobody_is_said_so(
    shop: Shop, staff: Staff
) -> None:
    client = staff("support")
    assert 'method="post"' in client.get(reverse("admin:customers")).content.decode()
    told = text_of(client.post(reverse("admin:customers"), {"text": "13900000000"}))
    assert "0 customers found Nobody was found" in told
    opened(client, "li")
    opened(client, "wang")
    again = text_of(client.get(reverse("admin:customers")))
    assert again.index("wang 王**") < again.index("li")


def test_why_ms_wang_got_no_more_stands_first(shop: Shop, staff: Staff) -> None:
    told = text_of(opened(staff("growth"), "wang"))
    # The newest first: whom she could not bring, who bought too little, whom the cap refused, who
    # counted.
    order = [
        "Does not count Invitation of sun did not count",
        "the friend did not meet the condition at the moment of the invitation",
        "Asked of friends: the friend is not known to us yet.",
        "Not yet No reward yet for qian (Bought)",
        "Missing: “Order Completed” of at least CN¥50.00, 1 ×.",
        "Refused CN¥0.00 of CN¥20.00 in credit · thanks",
        "Nothing was left under a cap: at most 1 grant for each advocate in all.",
        "Pending CN¥20.00 in credit · thanks",
    ]
    places = [told.index(one) for one in order]
    assert places == sorted(places)
    assert "王** wang" in told


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "CN¥0.00 of CN¥20.00 in credit · thanks"), ("zh-hans", "¥0.00（应为：抵用金 ¥20.00）")],
)
def test_what_was_cut_says_its_unit_once(shop: Shop, staff: Staff, lang: str, said: str) -> None:
    url = reverse("admin:customer", args=["wang"])
    answer = staff("growth").get(url, headers={"Accept-Language": lang})
    assert said in text_of(answer)


def test_only_what_gave_less_and_the_rest_page_by_page(
    shop: Shop, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "PAGE", 2)
    client = staff("growth")
    url = reverse("admin:customer", args=["wang"])
    less = client.get(url, {"tab": "why", "only": "less"}, headers={"HX-Request": "true"})
    words = text_of(less).split()
    assert [one in words for one in ("sun", "qian", "zhao", "li")] == [True, True, False, False]
    first = client.get(url, {"tab": "why"}, headers={"HX-Request": "true"}).content.decode()
    before = re.search(r"before=(\d+)", first)
    assert before is not None
    second = client.get(
        url, {"tab": "why", "before": before[1]}, headers={"HX-Request": "true"}
    ).content.decode()
    assert first.count('class="k-item"') == 2
    assert second.count('class="k-item"') == 2
    assert "Earlier" not in second
    assert "zhao" in second and "zhao" not in first  # noqa: PT018


def test_a_friend_sees_why_they_count_for_nobody(shop: Shop, staff: Staff) -> None:
    told = text_of(opened(staff("support"), "sun"))
    assert "Invitation by 王** (wang) did not count" in told


def test_a_reward_names_the_other_side_of_its_referral(shop: Shop, staff: Staff) -> None:
    client = staff("support")
    told = re.compile(r"milestone “(\w+)”[^<]*<a href=\"([^\"]+)\"")
    friends = told.findall(opened(client, "li").content.decode())
    assert friends == [("joined", "/console/customers/one/wang")]
    advocates = told.findall(opened(client, "wang").content.decode())
    assert advocates == [
        ("bought", f"/console/customers/one/{friend}") for friend in ("zhao", "li")
    ]


def test_an_unknown_customer_and_one_without_anything(shop: Shop, staff: Staff) -> None:
    client = staff("support")
    assert opened(client, "nobody").status_code == 404
    shop.say("page-view", "new")
    shop.work()
    assert "Nothing was decided for this customer yet" in text_of(opened(client, "new"))


def test_contacts_are_masked_until_somebody_with_the_right_asks(shop: Shop, staff: Staff) -> None:
    growth, support = staff("growth"), staff("support")
    for client in (growth, support):
        told = text_of(opened(client, "wang", "data"))
        assert "138****1234" in told
        assert "13812341234" not in told
    url = reverse("admin:customer_seen", args=["wang"])
    assert growth.post(url).status_code == 403
    assert entries(verb="customer.seen") == []
    assert support.get(url).status_code == 405
    shown = text_of(support.post(url))
    assert "13812341234" in shown
    assert "王小明" in shown
    [seen] = entries(verb="customer.seen")
    assert (seen.about, seen.after) == ("customer:wang", {"shown": ["name", "phone"]})
    assert seen.actor.startswith("user:")


def test_a_whole_event_is_shown_to_few_and_written_down(shop: Shop, staff: Staff) -> None:
    growth, support = staff("growth"), staff("support")
    told = text_of(opened(growth, "li", "events"))
    assert "Order Completed" in told
    assert "order_id: o1 · total: 80 · currency: CNY" in told
    position = decisions(friend="li", beneficiary="wang")[0].position
    url = reverse("admin:customer_event", args=[position])
    assert growth.post(url).status_code == 403
    assert '"order_id": "o1"' in text_of(support.post(url))
    [seen] = entries(verb="customer.seen")
    assert (seen.about, seen.after) == (
        "customer:li",
        {"position": position, "shown": ["event"]},
    )
    assert support.post(reverse("admin:customer_event", args=[999])).status_code == 404


def test_events_of_one_kind(shop: Shop, staff: Staff) -> None:
    url = reverse("admin:customer", args=["li"])
    response = staff("growth").get(url, {"tab": "events", "name": "Signed Up"})
    listed = response.content.decode().partition("c-timeline")[2]
    assert listed.count("<strong>Signed Up</strong>") == 1
    assert "Order Completed" not in listed


def test_referrals_up_and_down_with_links(shop: Shop, staff: Staff) -> None:
    client = staff("growth")
    told = text_of(opened(client, "wang", "referrals"))
    for friend in ("li", "zhao", "qian"):
        assert f"{friend} Bought" in told or f"{friend} Rewarded" in told
    assert "They came by themselves." in told
    assert "WANG" in told
    assert "friends Yes What the program asks of who recommends: always" in told.replace("  ", " ")
    up = text_of(opened(client, "li", "referrals"))
    assert "王** (wang) · friends" in up


def test_the_wallet_says_what_waits_and_until_when(shop: Shop, staff: Staff) -> None:
    told = text_of(opened(staff("support"), "wang", "wallet"))
    [row] = [one for one in decisions(beneficiary="wang") if one.amount]
    assert row.available_at is not None
    assert "Can be used now CN¥0.00 in credit Earned CN¥20.00 in credit" in told
    assert f"It becomes available on {row.available_at:%Y-%m-%d %H:%M}." in told
    assert "Granted pending +CN¥20.00 in credit" in told
    missing = told.partition("What is missing until the next reward")[2]
    assert missing.split()[:5] == ["qian", "Missing:", "“Order", "Completed”", "of"]
    assert "zhao" not in missing.partition("Every movement")[0]


@pytest.mark.parametrize(
    ("role", "tabs"),
    [
        ("growth", ["why", "referrals", "wallet", "events", "messages", "data"]),
        ("legal", ["why", "referrals", "wallet", "events", "messages", "data", "access"]),
        ("support", ["why", "referrals", "wallet", "events", "messages", "data"]),
    ],
)
def test_tabs_by_right_and_each_opens(shop: Shop, staff: Staff, role: str, tabs: list[str]) -> None:
    client = staff(role)
    body = opened(client, "wang").content.decode()
    assert re.findall(r"\?tab=(\w+)\"", body.partition("c-tabs")[2].partition("</nav>")[0]) == tabs
    for tab in tabs:
        assert opened(client, "wang", tab).status_code == 200
        piece = opened(client, "wang", tab, **{"HX-Request": "true"})
        assert ("c-tabs" in piece.content.decode()) == (tab == "data")


def test_pages_of_a_merged_id_lead_to_who_speaks_for_it(shop: Shop, staff: Staff) -> None:
    client = staff("support")
    merged = client.post(
        reverse("admin:customer_merge", args=["wang"]), {"former": "li", "reason": "case 7"}
    )
    assert merged.status_code == 302
    assert opened(client, "li")["Location"] == "/console/customers/one/wang"
    assert "also li" in text_of(opened(client, "wang"))
    [entry] = entries(verb="customer.merged")
    assert (entry.about, entry.reason) == ("customer:li", "case 7")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs beside these tests."""
    monkeypatch.setattr(acting, "_PATIENCE_S", 0.0)


def test_corrections_go_through_the_log_and_name_fields_alone(shop: Shop, staff: Staff) -> None:
    url = reverse("admin:customer_correct", args=["wang"])
    assert staff("growth").post(url, {"name": "X"}).status_code == 403
    support = staff("support")
    empty = support.post(url, {"name": " "})
    assert empty.status_code == 422
    assert "Fill in what is to be corrected" in empty.content.decode()
    assert support.post(url, {"name": "王大明", "reason": "case 8"}).status_code == 302
    shop.work()
    row = customer("wang")
    assert row is not None
    assert row.traits["name"] == "王大明"
    [entry] = entries(verb="customer.corrected")
    assert entry.after is not None
    assert (entry.after["fields"], entry.reason) == (["name"], "case 8")


def test_a_yes_and_a_no_are_written_down(shop: Shop, staff: Staff) -> None:
    url = reverse("admin:customer_consent", args=["wang"])
    support = staff("support")
    refused = support.post(url, {"purpose": "Big News", "said": "yes", "text_version": "v9"})
    assert refused.status_code == 422
    assert 'value="Big News"' in refused.content.decode()
    support.post(url, {"purpose": "marketing", "said": "yes", "text_version": "v9"})
    support.post(url, {"purpose": "", "said": "no"})
    shop.work()
    assert [(one.purpose, one.is_given, one.channel) for one in consents("wang")] == [
        ("marketing", True, "console"),
        ("", False, "console"),
    ]
    told = text_of(opened(support, "wang", "data"))
    assert told.index("No to everything") < told.index("Yes marketing")


def test_a_link_is_made_by_who_may(shop: Shop, staff: Staff) -> None:
    url = reverse("admin:customer_link", args=["li"])
    assert staff("legal").post(url, {"program": "friends"}).status_code == 403
    growth = staff("growth")
    taken = growth.post(url, {"program": "friends", "code": "WANG"})
    assert (taken.status_code, links_of("li")) == (422, [])
    assert growth.post(url, {"program": "friends", "code": "LI-1"}).status_code == 302
    [row] = links_of("li")
    assert row.code == "LI-1"
    [entry] = entries(verb="link.made")
    assert (entry.about, entry.after) == ("customer:li", {"code": "LI-1", "program": "friends"})


def test_erasing_asks_for_the_id_and_cannot_be_done_by_others(shop: Shop, staff: Staff) -> None:
    url = reverse("admin:customer_erase", args=["wang"])
    assert staff("support").post(url, {"typed": "wang", "reason": "r"}).status_code == 403
    legal = staff("legal")
    wrong = legal.post(url, {"typed": "wan", "reason": "asked by letter"})
    assert wrong.status_code == 422
    assert "nothing was erased" in wrong.content.decode()
    row = customer("wang")
    assert row is not None and row.erased_at is None  # noqa: PT018
    assert legal.post(url, {"typed": "wang", "reason": "asked by letter"}).status_code == 302
    row = customer("wang")
    assert row is not None
    assert (row.contacts, row.traits) == ((), {})
    told = text_of(opened(legal, "wang", "access"))
    assert "customer.erased" in told
    assert "asked by letter" in told


def test_everything_held_is_taken_out_with_a_reason(shop: Shop, staff: Staff) -> None:
    url = reverse("admin:customer_export", args=["wang"])
    assert staff("support").post(url, {"reason": "r"}).status_code == 403
    legal = staff("legal")
    assert legal.post(url, {"reason": " "}).status_code == 302
    assert entries(verb="customer.exported") == []
    given = legal.post(url, {"reason": "asked by letter"})
    assert given["Content-Type"] == "application/json; charset=utf-8"
    assert "13812341234" in given.content.decode()
    [entry] = entries(verb="customer.exported")
    assert entry.reason == "asked by letter"


def test_a_decision_is_told_in_the_engines_words(shop: Shop, staff: Staff) -> None:
    rows = decisions(beneficiary="wang")
    assert [row.outcome for row in rows] == ["rejected", "granted"]
    support = staff("support")
    for row in rows:
        told = text_of(support.get(reverse("admin:decision", args=[row.decision_id])))
        assert why(row, "en") in told
        assert "Terms that applied friends, version 1" in told
        words = text_of(support.get(reverse("admin:decision_why", args=[row.decision_id])))
        assert words == why(row, "en")
    chinese = support.get(
        reverse("admin:decision", args=[rows[0].decision_id]),
        headers={"Accept-Language": "zh-hans"},
    )
    assert why(rows[0], "zh-hans") in text_of(chinese)
    assert support.get(reverse("admin:decision", args=["friends/x/y/1"])).status_code == 404


def test_a_referral_tells_every_invitation_and_why_this_one(shop: Shop, staff: Staff) -> None:
    shop.link("hu", "HU")
    shop.say("Referral Link Clicked", anonymousId="web-1", code="HU")
    shop.now += timedelta(minutes=1)
    shop.say("Signed Up", "yu", anonymousId="web-1", referral_code="WANG")
    shop.work()
    client = staff("growth")
    told = text_of(client.get(reverse("admin:referral", args=["friends", "yu"])))
    assert "1 other invitation also counted when the friend joined and was lost to it." in told
    assert "Version 1 prefers: Code, Invitation by contact, Click on a link" in told
    assert "Lost out another invitation that also counted went before it" in told
    assert "First invitation hu 100%" in told
    assert "Clicks alone hu 100%" in told
    assert "Codes alone 王** (wang) 100%" in told
    assert "Invitations by contact alone nobody" in told
    assert "Equal shares hu 50% 王** (wang) 50%" in told
    assert "Missing: “Order Completed” of at least CN¥50.00, 1 ×." in told


def test_a_refused_referral_says_why_too(shop: Shop, staff: Staff) -> None:
    client = staff("support")
    told = text_of(client.get(reverse("admin:referral", args=["friends", "sun"])))
    assert "sun is nobody’s friend in the program friends" in told
    assert "the friend did not meet the condition at the moment of the invitation" in told
    assert "Asked of friends: the friend is not known to us yet." in told
    assert client.get(reverse("admin:referral", args=["friends", "wang"])).status_code == 404


def test_how_often_somebody_was_asked_stands_on_their_page(shop: Shop, staff: Staff) -> None:
    client = staff("sales")
    assert "Asked for a referral" not in text_of(opened(client, "wang"))
    now = clock.now()
    for days in (300, 20):
        at = now - timedelta(days=days)
        number = tasks.open_task(
            "ask",
            "customer:wang",
            owner_role="sales",
            due_at=at,
            program="spring",
            customer="wang",
            note="",
            now=at,
        )
        assert number is not None
        if days == 300:
            tasks.close("user:1", number, outcome="done", note="", now=at)
        told = text_of(opened(client, "wang"))
        assert ("often enough" in told) is (days == 20)
    assert "Asked for a referral, in a year 2 often enough not again before" in told
    assert "Asked for a referral" not in text_of(opened(client, "li"))
