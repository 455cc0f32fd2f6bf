"""Texts, presentation, questions and proof through the door."""

from __future__ import annotations

import pytest
from django.conf import settings

from banyan.growth.toolkit import calls
from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.doors.api.calling import Caller, caller
from tests.rooms.growth.toolkit.shop import opened

TEXT = {"kind": "benefit", "channel": "wechat", "texts": {"en": "Look: {link}"}}


@pytest.fixture
def office(installation: Installation) -> Caller:
    """Staff of a company where ann has the code ANN."""
    opened()
    return caller(is_test=True)


def told(about: str) -> list[str]:
    return [one.verb for one in entries(about=about)][::-1]


def test_texts_are_listed_read_and_saved(office: Caller) -> None:
    first = office.get("/scripts?limit=5").json
    rest = office.get(f"/scripts?limit=50&cursor={first['next_cursor']}").json
    ids = [row["id"] for row in first["data"] + rest["data"]]
    assert ids == sorted(ids)
    assert "chat-benefit" in ids
    assert office.get("/scripts/chat-benefit").json["number"] == 0
    saved = office.send("PUT", "/scripts/chat-benefit", TEXT)
    assert (saved.status, saved.json["number"], saved.json["pushing"]) == (200, 1, [])
    assert office.get("/scripts/chat-benefit").json["texts"] == TEXT["texts"]
    versions = office.get("/scripts/chat-benefit/versions").json["data"]
    assert [row["number"] for row in versions] == [1, 0]
    assert told("script:chat-benefit") == ["script.save"]
    sms = office.get("/scripts?channel=sms&is_active=true&limit=50").json["data"]
    assert {row["channel"] for row in sms} == {"", "sms"}


def test_a_rehearsal_saves_nothing(office: Caller) -> None:
    saved = office.send("PUT", "/scripts/chat-benefit?dry_run=true", TEXT)
    assert saved.json["number"] == 1
    assert office.get("/scripts/chat-benefit").json["number"] == 0


@pytest.mark.parametrize(
    ("path", "body", "status", "part"),
    [
        ("/scripts/own", TEXT | {"texts": {"en": "{you}"}}, 422, "{you} is no variable"),
        ("/scripts/own", TEXT | {"texts": {"fr": "x"}}, 422, "'fr' is no language here"),
        ("/scripts/own", TEXT | {"channel": "fax"}, 422, ""),
        ("/scripts/own", TEXT | {"program": "nothing"}, 404, "Program 'nothing' is not here"),
        ("/scripts/Own!", TEXT, 422, "id: expected a-z, 0-9 and -"),
        ("/presentation", {"colour": "green"}, 422, "colour: expected a colour"),
        ("/programs/nothing/presentation", {"colour": "#000000"}, 404, "is not here"),
        (
            "/programs/spring/proof/x",
            {"kind": "case", "titles": {"en": "x"}, "url": "ftp://x"},
            422,
            "begins with https://",
        ),
        ("/programs/spring/faq/x", {"answers": {"en": ""}}, 422, "expected 1 to 2000"),
    ],
)
def test_what_cannot_be_held_is_refused(
    office: Caller, path: str, body: object, status: int, part: str
) -> None:
    reply = office.send("PUT", path, body)
    assert reply.status == status
    assert part in reply.json["detail"]


def test_a_text_comes_ready_to_pass_on_and_nothing_is_kept_of_it(office: Caller) -> None:
    asked = {"channel": "wechat", "script": "chat-feeling", "values": {"friend": "小李"}}
    ready = office.post("/links/ann/share?lang=zh-hans", asked).json
    assert ready["script"] == "chat-feeling"
    assert ready["url"] == f"{settings.BASE_URL}/r/ANN?c=wechat&s=chat-feeling"
    assert ready["text"].startswith("小李，想到你可能也会喜欢")
    assert ready["url"] in ready["text"]
    assert told("script:chat-feeling") == []
    assert office.post("/links/nobody/share", {"channel": "sms"}).status == 404
    unknown = office.post("/links/ann/share", {"channel": "sms", "script": "none"})
    assert (unknown.code, unknown.json["errors"][0]["pointer"]) == ("invalid", "/script")
    named = office.post("/links/ann/share", {"channel": "sms", "values": {"you": "x"}})
    assert named.status == 422


def test_the_effect_of_a_text(office: Caller) -> None:
    assert office.get("/scripts/chat-benefit/effect").json == {
        "shares": 0,
        "clicks": 0,
        "sign_ups": 0,
        "purchases": 0,
    }
    assert office.get("/scripts/nothing/effect").code == "not_found"
    assert office.get("/scripts/proof-film/effect").status == 200
    assert office.get("/channels/wechat/effect").json["clicks"] == 0


def test_the_offer_and_the_questions_are_for_everybody(office: Caller) -> None:
    page = caller("publishable")
    offer = page.get("/programs/spring/offer?lang=zh-hans").json
    assert offer["title"] == "送好友八折，得 20 美元"
    assert offer["friend"] == ["加入后可得首单八折券"]
    assert offer["advocate"] == ["每位好友首次下单后可得 US$20 现金"]
    assert [line["kind"] for line in offer["reassurance"]] == ["privacy", "voluntary"]
    found = page.get("/programs/spring/faq?query=expire", Origin="https://shop.example")
    assert [one["key"] for one in found.json["data"]] == ["expiry"]
    assert found.headers["Access-Control-Allow-Origin"] == "*"
    assert page.get("/programs/nothing/offer").code == "not_found"
    assert page.get("/scripts").code == "missing_scope"
    assert page.send("PUT", "/programs/spring/faq/x", {}).code == "missing_scope"


def test_questions_are_written_and_taken_back(office: Caller) -> None:
    body = {"questions": {"en": "Islands?"}, "answers": {"en": "Yes."}, "place": -1}
    saved = office.send("PUT", "/programs/spring/faq/islands", body).json["data"]
    assert (saved[0]["key"], saved[0]["is_written"], saved[1]["is_written"]) == (
        "islands",
        True,
        False,
    )
    gone = [office.send("DELETE", "/programs/spring/faq/islands").json for _ in range(2)]
    assert gone == [{"is_removed": True}, {"is_removed": False}]
    assert told("program:spring")[-2:] == ["faq.save", "faq.remove"]


def test_presentation_and_proof(office: Caller) -> None:
    whole = {
        "brand": "绿叶",
        "colour": "#2244cc",
        "highlights": {"zh-hans": ["当日新鲜"]},
        "names": {"zh-hans": {"coupon:20-percent-off-first-order": "新人券"}},
        "good_fit": {"zh-hans": "爱下厨的人。"},
    }
    assert office.send("PUT", "/programs/spring/presentation", whole).json == whole
    assert office.get("/programs/spring/presentation").json == whole
    offer = office.get("/programs/spring/offer?lang=zh-hans").json
    assert (offer["friend"], offer["good_fit"]) == (["加入后可得新人券"], "爱下厨的人。")
    assert office.get("/presentation").json["brand"] == ""
    assert office.send("PUT", "/presentation", {"brand": "All"}).json["brand"] == "All"
    proof = {"kind": "video", "titles": {"en": "A film"}, "url": "https://shop.example/film"}
    saved = office.send("PUT", "/programs/spring/proof/film", proof).json["data"]
    assert [(row["key"], row["kind"], row["place"]) for row in saved] == [("film", "video", 0)]
    assert office.get("/programs/spring/proof").json["data"] == saved
    asked = {"channel": "wechat", "proof": "film"}
    ready = office.post("/links/ann/share", asked).json
    assert ready["script"] == "proof-film"
    assert ready["text"] == f"A film https://shop.example/film\n{ready['url']}"
    assert office.post("/links/ann/share", asked | {"proof": "x"}).code == "invalid"
    assert office.send("DELETE", "/programs/spring/proof/film").json == {"is_removed": True}
    assert office.get("/programs/spring/proof").json["data"] == []
    assert told("installation") == ["presentation.save"]


def test_where_customers_are_called_is_read_and_said(office: Caller) -> None:
    path = "/programs/spring/calls"
    assert office.get(path).json == {"place": "everywhere", "tags": []}
    some = {"place": "tagged", "tags": [" shanghai ", "hangzhou", "shanghai"]}
    kept = {"place": "tagged", "tags": ["shanghai", "hangzhou"]}
    assert office.send("PUT", f"{path}?dry_run=true", some).json == kept
    assert office.get(path).json == {"place": "everywhere", "tags": []}
    assert entries(verb="program.call_set") == []
    first = office.send("PUT", path, some, Idempotency_Key="c-1")
    again = office.send("PUT", path, some, Idempotency_Key="c-1")
    assert (first.status, first.json, again.body) == (200, kept, first.body)
    other = office.send("PUT", path, {"place": "nowhere"}, Idempotency_Key="c-1")
    assert other.code == "idempotency_reused"
    assert office.get(path).json == kept
    assert calls.call("spring").reaches(["hangzhou"])
    assert not calls.call("spring").reaches(["beijing"])
    [entry] = entries(verb="program.call_set")
    assert (entry.about, entry.before, entry.after) == (
        "program:spring",
        {"place": "everywhere", "tags": []},
        kept,
    )
    assert entry.actor.startswith("key:")
    # Tags hold where the place is tagged alone.
    nowhere = office.send("PUT", path, {"place": "nowhere", "tags": ["shanghai"]})
    assert nowhere.json == {"place": "nowhere", "tags": []}


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"place": "tagged"}, "tags: name at least one place"),
        ({"place": "tagged", "tags": [" "]}, "tags: name at least one place"),
        ({"place": "tagged", "tags": ["x" * 65]}, "tags: at most 200 of 64 characters"),
        ({"place": "mars"}, "place"),
        ({"tags": ["shanghai"]}, "place"),
        ({"place": "tagged", "tags": ["a"] * 201}, "tags"),
        ({"place": "nowhere", "until": "2027-01-01"}, "until"),
    ],
)
def test_a_call_that_cannot_stand_is_refused_and_changes_nothing(
    office: Caller, body: object, part: str
) -> None:
    reply = office.send("PUT", "/programs/spring/calls", body)
    assert (reply.status, reply.code) == (422, "invalid")
    assert part in reply.json["detail"] + str(reply.json.get("errors"))
    assert calls.call("spring") == calls.Call()


def test_calls_are_of_programs_that_are_there_and_for_keys_that_may(office: Caller) -> None:
    assert office.get("/programs/nothing/calls").code == "not_found"
    assert office.send("PUT", "/programs/nothing/calls", {"place": "nowhere"}).code == "not_found"
    reader = caller(is_test=True, scopes=["toolkit:read"])
    assert reader.get("/programs/spring/calls").status == 200
    refused = reader.send("PUT", "/programs/spring/calls", {"place": "nowhere"})
    assert refused.code == "missing_scope"
    assert caller("publishable").get("/programs/spring/calls").code == "missing_scope"
    assert calls.call("spring") == calls.Call()
