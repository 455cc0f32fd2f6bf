"""The builder: a draft from a preset, edited as a form and as YAML, kept by whoever may."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from banyan.core.events import clock
from banyan.core.programs import drafts
from banyan.core.programs.presets import Preset, preset, presets
from banyan.core.programs.read import version
from banyan.doors.console.programs.builder_block import fields_of, shown_blocks
from banyan.doors.console.programs.builder_document import Document
from banyan.doors.console.programs.builder_fields import changed, posted
from banyan.doors.console.programs.builder_steps import STEPS
from banyan.growth.toolkit.read import presentation
from banyan.pipeline.publish import publish, settled
from banyan.trust.audit.read import entries

Staff = Callable[..., Client]
JSON = {"accept": "application/json"}


class Fields(HTMLParser):
    """What a browser would send of the builder's form."""

    def __init__(self) -> None:
        super().__init__()
        self.data: dict[str, str] = {}
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        name = given.get("name", "")
        if tag == "input" and name and given.get("type") != "checkbox":
            self.data[name] = given.get("value", "")
        elif tag == "input" and name and "checked" in given:
            self.data[name] = given["value"]
        elif tag == "select":
            self._select = name
        elif (
            tag == "option"
            and self._select
            and ("selected" in given or self._select not in self.data)
        ):
            self.data[self._select] = given.get("value", "")
        elif tag == "textarea" and name:
            self._area, self.data[name] = name, ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            # A browser leaves out the first break and sends the others as two characters.
            text = self.data[self._area].removeprefix("\n")
            self.data[self._area] = text.replace("\n", "\r\n")
            self._area = ""
        if tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.data[self._area] += data


def form_of(client: Client, draft_id: int, step: str) -> dict[str, str]:
    page = client.get(f"/console/programs/drafts/{draft_id}/", {"step": step})
    assert page.status_code == 200
    text = page.content.decode()
    parser = Fields()
    parser.feed(
        text[text.index('<form id="b-form"') : text.index("</form>", text.index('id="b-form"'))]
    )
    return parser.data


def begun(client: Client, **choice: str) -> int:
    answer = client.post("/console/programs/begin/", choice)
    assert answer.status_code == 302
    return int(answer["Location"].rstrip("/").rpartition("/")[2])


def saved(client: Client, draft_id: int, data: dict[str, Any], **more: str) -> dict[str, Any]:
    answer = client.post(f"/console/programs/drafts/{draft_id}/save/", data | more, headers=JSON)
    assert answer.status_code == 200, answer.content
    return dict(json.loads(answer.content))


@pytest.fixture
def growth(staff: Staff) -> Client:
    return staff("growth")


def test_a_preset_becomes_a_draft_with_its_very_text(growth: Client) -> None:
    row = drafts.draft(begun(growth, preset="meundies"))
    shipped = preset("meundies")
    assert shipped is not None
    assert (row.slug, row.number, row.origin) == ("meundies", 1, "preset:meundies")
    assert row.source == shipped.source
    # A second one takes a name that is free.
    assert drafts.draft(begun(growth, preset="meundies")).slug == "meundies-2"
    assert [one.verb for one in entries(limit=2)] == ["draft.begun", "draft.begun"]


def test_one_changed_field_changes_one_line(growth: Client) -> None:
    number = begun(growth, preset="meundies")
    data = form_of(growth, number, "incentives")
    assert data["/rewards/advocate-credit/amount"] == "20.00"
    state = saved(growth, number, data, **{"/rewards/advocate-credit/amount": "25.50"})
    shipped = preset("meundies")
    assert shipped is not None
    assert state["source"] == shipped.source.replace("amount: 20.00", "amount: 25.50")
    assert (state["revision"], state["problems"]) == (2, [])
    assert "US$25.50" in state["rules"]["en"] or "$25.50" in state["rules"]["en"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    give: credit\n", ""),
        ("give: credit", "give: kredit"),
        ("to: advocate", "to: nobody"),
        ("on: first-order", "on: second-order"),
        ("hold: 14d", "hold: 14"),
        ("per: advocate, period: year", "per: town, period: century"),
        ("currency: USD", "currency: USX"),
        ("timezone: America/Los_Angeles", "timezone: Europe/Rome"),
        ('friends: {where: "is_new"}', 'friends: {where: "orders < 3"}'),
    ],
)
@pytest.mark.parametrize("step", ["incentives", "template", "fit"])
def test_what_a_form_has_no_choice_for_stays_as_it_is(
    growth: Client, old: str, new: str, step: str
) -> None:
    shipped = preset("meundies")
    assert shipped is not None
    assert old in shipped.source
    text = shipped.source.replace(old, new, 1)
    row = drafts.start("user:1", text, origin="blank", now=clock.now())
    state = saved(growth, row.id, form_of(growth, row.id, step))
    assert (state["source"], state["problems"]) == (text, [])


def test_both_views_at_once_are_both_kept(growth: Client) -> None:
    number = begun(growth, preset="meundies")
    data = form_of(growth, number, "incentives")
    data["source"] = data["source"].replace("hold: 14d", "hold: 21d")
    state = saved(growth, number, data, **{"/rewards/advocate-credit/amount": "25"})
    assert "amount: 25\n" in state["source"]
    assert "hold: 21d          # our choice" in state["source"]


def test_what_cannot_be_read_is_kept_and_told_with_its_place(growth: Client) -> None:
    number = begun(growth, preset="meundies")
    data = form_of(growth, number, "goals")
    data["source"] = data["source"].replace("give: credit", "give: kredit")
    state = saved(growth, number, data)
    assert [(one["line"], one["column"], one["severity"]) for one in state["findings"]] == [
        (39, 11, "error")
    ]
    assert "give: kredit" in drafts.draft(number).source
    data = form_of(growth, number, "goals")
    data["source"] = "program: [x"
    state = saved(growth, number, data, goal1_metric="joined", goal1_target="40")
    assert (state["is_readable"], state["rules"]) == (False, None)
    row = drafts.draft(number)
    assert row.source == "program: [x"
    assert (row.facts["goal1_metric"], row.facts["goal1_target"]) == ("joined", "40")


def test_without_a_script_a_button_does_the_same(growth: Client) -> None:
    number = begun(growth, preset="meundies")
    data = form_of(growth, number, "incentives") | {"do": "add:cap#/rewards/friend-discount"}
    answer = growth.post(f"/console/programs/drafts/{number}/save/", data)
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"/drafts/{number}/?step=incentives")
    caps = Document(drafts.draft(number).source, {}).count("rewards", "friend-discount", "caps")
    assert caps == 1
    data = form_of(growth, number, "incentives") | {"do": "drop:/rewards/friend-discount/caps/0"}
    growth.post(f"/console/programs/drafts/{number}/save/", data)
    shipped = preset("meundies")
    assert shipped is not None
    assert drafts.draft(number).source == shipped.source


def test_a_new_name_of_a_milestone_goes_where_it_is_used(growth: Client) -> None:
    number = begun(growth, preset="meundies")
    data = form_of(growth, number, "incentives")
    state = saved(growth, number, data, **{"/milestones/first-order": "bought"})
    document = Document(state["source"], {})
    assert document.keys("milestones") == ["bought"]
    assert document.word("rewards", "advocate-credit", "on") == "bought"
    assert document.errors == []


def test_the_second_of_two_windows_does_not_write_over_the_first(staff: Staff) -> None:
    ann, bob = staff("growth", email="ann@example.com"), staff("growth", email="bob@example.com")
    number = begun(ann, preset="meundies")
    hers, his = form_of(ann, number, "incentives"), form_of(bob, number, "incentives")
    saved(ann, number, hers, **{"/rewards/advocate-credit/amount": "30"})
    his["/rewards/advocate-credit/amount"] = "40"
    answer = bob.post(f"/console/programs/drafts/{number}/save/", his, headers=JSON)
    assert answer.status_code == 409
    assert json.loads(answer.content) == {"is_moved": True, "by": "ann"}
    assert "amount: 30\n" in drafts.draft(number).source
    page = bob.post(f"/console/programs/drafts/{number}/save/", his)
    assert page.status_code == 409
    told = page.content.decode()
    assert "−     amount: 30" in told
    assert "+     amount: 40" in told
    parser = Fields()
    parser.feed(told[told.index('<form method="post" action="/console/programs/drafts') :])
    answer = bob.post(f"/console/programs/drafts/{number}/save/", parser.data)
    assert answer.status_code == 302
    assert "amount: 40\n" in drafts.draft(number).source


def test_rights(staff: Staff) -> None:
    growth, legal, support = staff("growth"), staff("legal"), staff("support")
    number = begun(growth, preset="meundies")
    data = form_of(growth, number, "template")
    # Who may read sees it and cannot change it.
    page = legal.get(f"/console/programs/drafts/{number}/")
    assert page.status_code == 200
    assert "readonly" in page.content.decode()
    for client in (legal, support):
        answer = client.post(f"/console/programs/drafts/{number}/save/", data)
        assert answer.status_code == 403
        assert client.get("/console/programs/new/").status_code == 403
        assert client.post("/console/programs/begin/", {"blank": "1"}).status_code == 403
        assert client.post(f"/console/programs/drafts/{number}/discard/").status_code == 403
    assert drafts.draft(number).revision == 1
    assert Client(HTTP_HOST="localhost").get("/console/programs/").status_code == 302


def test_a_draft_is_checked_and_handed_over(growth: Client) -> None:
    number = begun(growth, preset="meundies")
    data = form_of(growth, number, "fit")
    saved(growth, number, data, fit_en="Somebody who runs.", fit_zh="爱跑步的人。")
    page = growth.get(f"/console/programs/drafts/{number}/check/").content.decode()
    assert "Let only customers refer who have bought before" in page
    assert "Name an owner (step 9) and who follows up (step 12)." in page
    answer = growth.post(f"/console/programs/drafts/{number}/hand-over/", {"reason": "First one"})
    assert answer.status_code == 302
    row = version("meundies", 1)
    assert row is not None
    assert (row.status, row.source) == ("draft", drafts.draft(number).source)
    assert presentation("meundies").good_fit == {
        "en": "Somebody who runs.",
        "zh-hans": "爱跑步的人。",
    }
    entry = entries(limit=1)[0]
    assert (entry.verb, entry.about, entry.reason) == (
        "program.handed_over",
        "program:meundies",
        "First one",
    )
    # Those who review it are told the same, unless its author says more.
    page = growth.get("/console/programs/p/meundies/review/").content.decode()
    assert re.search(r'<textarea id="note-1"[^>]*>First one</textarea>', page)


def test_ticks_are_kept_with_the_draft_and_not_with_the_next(growth: Client, staff: Staff) -> None:
    number = begun(growth, preset="meundies")
    path = f"/console/programs/drafts/{number}/"
    page = growth.get(f"{path}check/").content.decode()
    keys = re.findall(r'name="tip" value="([0-9a-f]{8})"', page)
    assert len(keys) == 3
    assert " checked" not in page
    answer = growth.post(
        f"{path}tick/", {"tips": "1", "tip": [keys[1], "ffffffff"]}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 204
    assert drafts.draft(number).facts["ticked"] == keys[1]
    assert drafts.draft(number).revision == 1
    page = growth.get(f"{path}check/").content.decode()
    assert f'value="{keys[1]}" checked' in page
    assert f'value="{keys[0]}" checked' not in page
    # In Chinese it is the same tip.
    chinese = growth.get(f"{path}check/", headers={"accept-language": "zh-hans"}).content.decode()
    assert f'value="{keys[1]}" checked' in chinese
    # Taken back, without a script.
    assert growth.post(f"{path}tick/", {"tips": "1"})["Location"] == f"{path}check/"
    assert "ticked" not in drafts.draft(number).facts
    growth.post(f"{path}hand-over/", {"tips": "1", "tip": keys})
    assert drafts.draft(number).facts["ticked"] == ",".join(keys)
    following = drafts.draft(begun(growth, version="meundies"))
    assert "ticked" not in following.facts
    assert staff("legal").post(f"{path}tick/", {"tips": "1"}).status_code == 403
    assert growth.post("/console/programs/drafts/99999/tick/", {"tips": "1"}).status_code == 404


def test_likely_mistakes_are_told_while_it_is_written(growth: Client) -> None:
    number = begun(growth, preset="meundies")
    page = growth.get(f"/console/programs/drafts/{number}/").content.decode()
    assert "Mistakes that programs die of" in page
    data = form_of(growth, number, "resources")
    state = saved(growth, number, data, owner="Growth team")
    assert "Name an owner (step 9)" in state["told"]
    data = form_of(growth, number, "follow-up")
    state = saved(growth, number, data, follow_owner="Sales")
    assert "Name an owner (step 9)" not in state["told"]
    data = form_of(growth, number, "incentives")
    state = saved(growth, number, data, price="1000")
    assert "advocate-credit is 2.0 % of a price of 1,000" in state["told"]
    assert "too little to be felt; give more" in state["form"]


def test_the_check_tells_what_changes_against_what_runs(growth: Client) -> None:
    shipped = preset("meundies")
    assert shipped is not None
    publish("user:1", shipped.source, starts_at=None, now=clock.now())
    assert settled("meundies", 1, timeout_s=20).status == "published"
    number = begun(growth, version="meundies")
    path = f"/console/programs/drafts/{number}/"
    page = growth.get(f"{path}check/").content.decode()
    assert "Nothing: it promises what version 1 promises." in page
    assert f'href="/console/programs/p/meundies/compare/?what=draft:{number}"' in page
    data = form_of(growth, number, "incentives")
    saved(growth, number, data, **{"/rewards/advocate-credit/amount": "5.00"})
    page = growth.get(f"{path}check/").content.decode()
    assert "It gives less, so it is announced" in page
    # A program of another name runs beside it, not before it.
    other = begun(growth, preset="dropbox")
    page = growth.get(f"/console/programs/drafts/{other}/check/").content.decode()
    assert "What it changes for people" not in page
    assert "What would it have cost?" not in page


def test_a_draft_with_errors_is_not_handed_over(growth: Client) -> None:
    number = begun(growth, preset="meundies")
    data = form_of(growth, number, "incentives")
    saved(growth, number, data, **{"/rewards/advocate-credit/amount": "much"})
    answer = growth.post(f"/console/programs/drafts/{number}/hand-over/")
    assert answer["Location"].endswith("/check/")
    assert version("meundies", 1) is None


def test_the_next_version_takes_text_and_notes_along(growth: Client) -> None:
    first = begun(growth, preset="meundies")
    data = form_of(growth, first, "resources")
    saved(growth, first, data, owner="Growth team")
    growth.post(f"/console/programs/drafts/{first}/hand-over/")
    row = drafts.draft(begun(growth, version="meundies"))
    assert (row.slug, row.number, row.facts["owner"]) == ("meundies", 2, "Growth team")
    copy = drafts.draft(begun(growth, copy="meundies"))
    assert (copy.slug, copy.number) == ("meundies-2", 1)


def test_a_draft_is_thrown_away(growth: Client) -> None:
    number = begun(growth, blank="1")
    assert growth.post(f"/console/programs/drafts/{number}/discard/").status_code == 302
    assert growth.get(f"/console/programs/drafts/{number}/").status_code == 404


@pytest.mark.parametrize("one", presets(), ids=lambda one: one.name)
def test_every_preset_opens_in_every_step_and_sending_it_back_changes_nothing(one: Preset) -> None:
    for step in STEPS:
        document = Document(one.source, {"kind": "rewarded"})
        blocks = step.blocks(document)
        shown = {
            field.field.name: field
            for block in shown_blocks(document, blocks)
            for field in (*block.fields, *(f for row in block.rows for f in row.fields))
        }
        data: dict[str, str] = {}
        for name, field in shown.items():
            if not field.is_foreign:
                data[name], data[f"{name}#2"] = field.parts
        pairs = []
        for asked in fields_of(blocks):
            value = posted(asked, data, lambda _name: [])
            if value is not None and value != shown[asked.name].value:
                pairs.append((asked, value))
        assert [(asked.name, value) for asked, value in pairs] == []
        assert changed(one.source, {}, pairs) == one.source
