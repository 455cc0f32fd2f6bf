"""Chains are drawn level by level, with exact money beside them."""

from __future__ import annotations

import csv
import html
import io
import re
from itertools import islice
from threading import Thread

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from banyan.core.events import clock
from banyan.doors.console.customers import chain
from banyan.insight.metrics.rebuild import start_again
from banyan.insight.segments import worth
from banyan.trust.audit.acts import record
from banyan.trust.audit.read import entries
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.doors.console.customers.shop import Shop
from tests.rooms.doors.console.customers.test_customer import text_of


def grown(shop: Shop) -> None:
    """li brought hu, who ordered for 7.50."""
    shop.link("li", "LI")
    shop.say("Signed Up", "hu", referral_code="LI")
    shop.order("hu", "o9", "7.50")
    shop.work()


def test_a_chain_is_drawn_and_its_branches_open(shop: Shop, staff: Staff) -> None:
    grown(shop)
    client = staff("growth")
    url = reverse("admin:chain", args=["wang"])
    told = text_of(client.get(url))
    assert "Members 4 Depth 2 Width 3" in told
    # 80 + 90 + 10 + 7.50; one reward of 20 in credit, points are no money
    assert "Revenue of the members CN¥187.50" in told
    assert "Rewards paid CN¥20.00 brought in 9.4 times as much" in told
    assert "li 1 friend" in told
    assert "hu" not in told.partition("The tree")[2].partition("Members by level")[0].split()
    branch = client.get(
        reverse("admin:chain", args=["li"]), {"program": "friends"}, headers={"HX-Request": "true"}
    )
    assert "hu" in text_of(branch).split()
    up = text_of(client.get(reverse("admin:chain", args=["hu"])))
    assert up.index("王** (wang)") < up.index("li", up.index("王** (wang)"))


def test_many_friends_come_in_pieces(
    shop: Shop, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "SHOWN", 2)
    client = staff("growth")
    url = reverse("admin:chain", args=["wang"])
    first = client.get(url, {"program": "friends"}, headers={"HX-Request": "true"})
    after = first.content.decode().partition("after=")[2].partition('"')[0]
    second = client.get(url, {"program": "friends", "after": after}, headers={"HX-Request": "true"})
    assert [one in text_of(first).split() for one in ("li", "zhao", "qian")] == [True, True, False]
    assert [one in text_of(second).split() for one in ("li", "zhao", "qian")] == [
        False,
        False,
        True,
    ]
    assert "More friends" not in text_of(second)


def test_the_greatest_chains_and_their_file(shop: Shop, staff: Staff) -> None:
    grown(shop)
    growth, support = staff("growth"), staff("support")
    told = text_of(growth.get(reverse("admin:chains")))
    assert "Chains 1 Friends brought 4 Friends per advocate 2.00 2 advocates" in told
    assert "王** (wang) 4 2 3 CN¥187.50 CN¥20.00" in told
    assert "2 CN¥7.50 1 0" in told
    url = reverse("admin:chains_file")
    assert support.get(url, {"program": "friends"}).status_code == 403
    file = growth.get(url, {"program": "friends"}).getvalue().decode()
    assert file == (
        "top,members,depth,width,currency,revenue,paid\r\nwang,4,2,3,CNY,18750,2000\r\n"
    )
    [entry] = entries(verb="chains.exported")
    assert (entry.about, entry.after) == ("program:friends", {"chains": 1})


def test_the_list_goes_on_page_by_page_by_any_column(
    shop: Shop, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(shop)
    shop.link("sun", "SUN")
    shop.say("Signed Up", "yu", referral_code="SUN")
    shop.work()
    monkeypatch.setattr(chain, "LISTED", 1)
    client, url = staff("growth"), reverse("admin:chains")
    for by in chain.ORDERS:
        first = client.get(url, {"by": by})
        assert "王** (wang) 4 2 3 CN¥187.50 CN¥20.00 Go on" in text_of(first)
        [further] = re.findall(r'href="\?([^"]*)" rel="next"', first.content.decode())
        second = text_of(client.get(f"{url}?{html.unescape(further)}"))
        assert "sun 1 1 1 CN¥0.00 CN¥0.00 To the beginning" in second
        assert "wang" not in second
    for wrong in ("x,wang", "4", ",", "4,a\0b"):
        assert client.get(url, {"after": wrong}).status_code == 200


def test_while_a_slow_reader_takes_a_file_the_thread_that_began_it_can_write(
    shop: Shop, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(shop)
    shop.link("sun", "SUN")
    shop.say("Signed Up", "yu", referral_code="SUN")
    shop.work()
    monkeypatch.setattr(worth, "_PIECE", 1)
    monkeypatch.setattr(chain._Download, "block_size", 60)
    client, now = staff("growth"), clock.now()

    def elsewhere() -> None:
        record("user:1", "written.elsewhere", "", now=now)
        connections.close_all()

    for url, most in (
        (reverse("admin:chains_file"), 3),
        (reverse("admin:chain_file", args=["wang"]), 5),
    ):
        pieces = client.get(url, {"program": "friends"}).streaming_content
        begun = b"".join(islice(pieces, 2))
        thread = Thread(target=elsewhere)
        thread.start()
        thread.join()
        record("user:1", "written.here", "", now=now)
        whole = (begun + b"".join(pieces)).decode()
        assert len(whole.splitlines()) == most
        assert begun.decode() == whole[: len(begun)]
    written = [one.verb for one in entries(limit=6) if one.verb.startswith("written")]
    assert written == ["written.here", "written.elsewhere"] * 2


def test_cells_that_a_spreadsheet_would_run_are_made_harmless() -> None:
    cells = ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "wang\r=1", -1]
    [made] = csv.reader(io.StringIO(chain._lines([cells]), newline=""))
    assert made == ["'=1", "'+1", "'-1", "'@x", "'\t=1", "'\r=1", "wang\r=1", "-1"]


def test_while_chains_are_counted_anew_the_page_says_so(
    shop: Shop, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(shop)
    client, url = staff("growth"), reverse("admin:chains")
    monkeypatch.setattr(worth, "NEAR", 0)
    assert "Being counted from the log" not in text_of(client.get(url))
    start_again()
    told = text_of(client.get(url))
    assert "Being counted from the log 0 % of the log is counted here" in told
    assert "There are no chains yet" not in told
    # A file would say nowhere that it lacks something.
    one = reverse("admin:chain", args=["wang"])
    files = {url: reverse("admin:chains_file"), one: reverse("admin:chain_file", args=["wang"])}
    for shown, file in files.items():
        refused = client.get(file, {"program": "friends"})
        assert refused["Location"] == f"{shown}?program=friends"
        told = client.get(refused["Location"]).content.decode()
        assert "0 % of the log is counted, so the file would lack chains and amounts." in told
        assert "Being counted from the log" in told
        assert f'href="{file}' not in client.get(shown).content.decode()
    client.get(files[url], {"program": "friends"}, headers={"accept-language": "zh-hans"})
    chinese = client.get(url, headers={"accept-language": "zh-hans"}).content.decode()
    assert "日志已统计 0 %，此时导出的文件会缺少推荐链和金额。" in chinese
    assert entries(verb="chains.exported") == entries(verb="chain.exported") == []
    shop.work()
    for shown, file in files.items():
        assert f'href="{file}' in client.get(shown).content.decode()
        taken = client.get(file, {"program": "friends"})
        assert (taken.status_code, taken.getvalue()[:1]) == (200, b"t" if shown == url else b"l")
    told = text_of(client.get(url))
    assert "Being counted from the log" not in told
    assert "王** (wang) 4 2 3 CN¥187.50 CN¥20.00" in told


def test_a_page_that_adds_up_a_part_says_so_and_the_file_has_the_rest(
    shop: Shop, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(shop)
    growth, support = staff("growth"), staff("support")
    url, file = (reverse(f"admin:{name}", args=["wang"]) for name in ("chain", "chain_file"))
    assert "more members than are added up" not in text_of(growth.get(url))
    monkeypatch.setattr(chain, "ADDED_UP", 3)
    told = text_of(growth.get(url))
    assert "The figures are those of the 3 nearest" in told
    assert "Members 3 Depth 1 Width 3" in told
    assert "All members as a file" in told
    assert "Somebody who may export records" in text_of(support.get(url))
    assert support.get(file).status_code == 403
    lines = growth.get(file, {"program": "friends"}).getvalue().decode().splitlines()
    assert lines[0] == "level,advocate,friend,joined_at,currency,revenue,paid"
    cells = [line.split(",") for line in lines[1:]]
    assert [[*one[:3], *one[4:]] for one in cells] == [
        ["1", "wang", "li", "CNY", "8000", "2000"],
        ["1", "wang", "zhao", "CNY", "9000", "0"],
        ["1", "wang", "qian", "CNY", "1000", "0"],
        ["2", "li", "hu", "CNY", "750", "0"],
    ]
    [entry] = entries(verb="chain.exported")
    assert (entry.about, entry.after) == ("customer:wang", {"program": "friends"})
    assert growth.get(reverse("admin:chain_file", args=["sun"])).status_code == 404


def test_a_chain_of_many_levels_asks_as_often_as_a_short_one(shop: Shop, staff: Staff) -> None:
    client = staff("growth")
    url = reverse("admin:chain", args=["wang"])
    client.get(url)
    few = questions(client, url)
    grown(shop)
    client.get(url)
    assert questions(client, url) == few
    assert sum("WITH RECURSIVE" in one for one in few) == 2


def questions(client: Client, url: str) -> list[str]:
    """What a page asks of referrals and of what is added up, without the values."""
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    found = [one["sql"] for one in asked.captured_queries]
    return [one[:60] for one in found if "referrals_" in one or "segments_spending" in one]


def test_who_is_in_no_chain_has_none(shop: Shop, staff: Staff) -> None:
    client = staff("growth")
    assert client.get(reverse("admin:chain", args=["sun"])).status_code == 404
    assert staff("growth").get(reverse("admin:chain", args=["wang"])).status_code == 200
