"""Pages of messages answer whatever stands in an address or a form."""

from __future__ import annotations

import pytest
from django.test import Client

from banyan.growth.journeys import templates
from tests.rooms.doors.console.conftest import Staff

TEXTS = "/console/messages/texts/"
TEXT = f"{TEXTS}reward_arrived/email/en/"
NUL = "a\0b"
WRONG = ("", "abc", "-1", "1e9", "9" * 40, "fr", "zh-hans-x", NUL, "%00", "\ud7ff", "٣", "{}", "[")


@pytest.mark.parametrize("wrong", WRONG)
def test_a_list_of_texts_opens_whatever_is_asked_of_it(staff: Staff, wrong: str) -> None:
    growth = staff("growth")
    usual = growth.get(TEXTS)
    for name in ("text_lang", "lang", "page", "channel", "kind", "program", "q", "o", "all", "e"):
        answer = growth.get(TEXTS, {name: wrong})
        assert answer.status_code == 200, name
        assert answer.content.count(b"<tr>") == usual.content.count(b"<tr>")


def test_a_language_that_texts_have_not_is_shown_in_english(staff: Staff) -> None:
    growth = staff("growth")
    for asked, shown in (("zh-hans", "zh-hans"), ("zh", "zh-hans"), ("fr", "en"), (NUL, "en")):
        page = growth.get(TEXTS, {"text_lang": asked}).content.decode()
        assert f'{TEXTS}reward_arrived/email/{shown}/"' in page


@pytest.mark.parametrize(
    "path",
    [
        "nothing/email/en/",
        "reward_arrived/fax/en/",
        "reward_arrived/email/fr/",
        "reward_arrived/email/%00/",
        "reward%00/email/en/",
    ],
)
def test_a_text_that_is_none_is_not_there(staff: Staff, path: str) -> None:
    growth = staff("growth")
    for end in ("", "preview/", "test/"):
        assert growth.get(TEXTS + path + end).status_code == 404
        assert growth.post(TEXTS + path + end, {"title": "a", "text": "b"}).status_code == 404


@pytest.mark.parametrize("name", ["title", "text", "number", "fields"])
def test_a_character_that_no_database_keeps_is_refused_and_nothing_is_saved(
    staff: Staff, name: str
) -> None:
    growth = staff("growth")
    typed = {"title": "Good news", "text": "You get {amount}.", "number": "", "fields": ""}
    wrong = typed | {name: f"x = {NUL}"}
    answer = growth.post(TEXT, wrong)
    assert answer.status_code == 200
    assert "a character that cannot be kept" in answer.content.decode()
    assert templates.template("reward_arrived", "email", "en").version == 0
    assert growth.post(f"{TEXT}preview/", wrong).status_code == 200
    assert growth.post(TEXT, typed).status_code == 302
    assert templates.template("reward_arrived", "email", "en").version == 1


@pytest.mark.parametrize("to", ["", "abc", NUL, "+" + "1" * 300])
def test_a_test_to_a_number_that_is_none_is_refused(staff: Staff, to: str) -> None:
    growth = staff("growth")
    answer = growth.post(f"{TEXTS}reward_arrived/sms/en/test/", {"to": to}, follow=True)
    assert answer.status_code == 200
    assert "A test is on its way" not in answer.content.decode()


@pytest.mark.parametrize("referer", ["http://[", "http://[::1", "//[x]/", "http://a]/", "\\", NUL])
def test_a_form_is_sent_by_who_is_signed_out_from_wherever(staff: Staff, referer: str) -> None:
    nobody = Client(HTTP_HOST="localhost")
    answer = nobody.post(TEXTS, headers={"Referer": referer})
    assert (answer.status_code, answer["Location"]) == (302, f"/console/login/?next={TEXTS}")
    signed_in = staff("growth").get(TEXTS, headers={"Referer": referer})
    assert signed_in.status_code == 200


@pytest.mark.parametrize("language", ["abc;q=x", "zh;q=", "*" * 600, "en;q=9", "[", "zh-" * 90])
def test_any_language_that_a_browser_says_it_speaks(staff: Staff, language: str) -> None:
    growth = staff("growth")
    assert growth.get(TEXTS, headers={"Accept-Language": language}).status_code == 200
    growth.cookies["django_language"] = language
    assert growth.get(TEXTS).status_code == 200


@pytest.mark.parametrize("page", ["abc", "", "-1", "99", NUL, "1.5"])
def test_a_page_of_the_search_that_is_none_is_not_there(staff: Staff, page: str) -> None:
    growth = staff("growth")
    assert growth.get("/console/search/", {"s": "a", "page": "1"}).status_code == 200
    assert growth.get("/console/search/", {"s": "a", "page": page}).status_code == 404
