"""Texts of notices, scripts, questions and touchpoints, as growth edits them."""

from __future__ import annotations

from banyan.core.events import clock
from banyan.doors.console.messages.texts import KIND_NAMES
from banyan.growth.journeys import acts, templates
from banyan.growth.journeys.addresses import token_of
from banyan.growth.journeys.kinds import KINDS
from banyan.growth.journeys.models import Notice
from banyan.growth.journeys.read import notices
from banyan.growth.toolkit import read, touchpoints
from banyan.growth.toolkit.models import Use
from banyan.trust.audit.read import entries
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.pipeline.line import PROGRAM, Line

TEXT = "/console/messages/texts/reward_arrived/email/en/"


def test_every_kind_of_message_has_its_name() -> None:
    assert list(KIND_NAMES) == list(KINDS)


def test_a_text_is_written_over_the_shipped_one_and_is_on_record(staff: Staff) -> None:
    growth = staff("growth")
    every = growth.get("/console/messages/texts/").content.decode()
    assert "shipped" in every
    # On a phone the heads of the columns are gone, so each cell says its way itself.
    assert '<td data-label="e-mail"' in every
    assert growth.get(TEXT).status_code == 200
    bad = growth.post(TEXT, {"title": "Hello", "text": "You get {money}"})
    assert "{money} is not known here" in bad.content.decode()
    assert "You get {money}</textarea>" in bad.content.decode()
    assert templates.template("reward_arrived", "email", "en").version == 0
    growth.post(TEXT, {"title": "Good news", "text": "You get {amount}.\r\n{company}"})
    row = templates.template("reward_arrived", "email", "en")
    assert (row.version, row.title, row.text) == (1, "Good news", "You get {amount}.\n{company}")
    assert (row.created_by, entries(limit=1)[0].verb) == ("user:1", "template.saved")
    assert growth.get("/console/messages/texts/nothing/email/en/").status_code == 404


def test_the_preview_reads_with_sample_values_as_it_is_typed(staff: Staff) -> None:
    growth = staff("growth")
    reply = growth.post(TEXT + "preview/", {"title": "Hi", "text": "You get {amount}[ by {code}]."})
    assert "You get $20.00 in cash." not in reply.content.decode()
    assert "{code} is not known here" in reply.content.decode()
    reply = growth.post(TEXT + "preview/", {"title": "Hi", "text": "You get {amount}."})
    assert "You get $20.00 in cash." in reply.content.decode()


def test_a_test_goes_to_oneself_alone(staff: Staff) -> None:
    growth = staff("growth")
    growth.post(TEXT + "test/", {"to": "somebody.else@example.com"})
    [sent] = notices()
    assert (sent.kind, sent.channel) == ("reward_arrived", "email")
    row = Notice.objects.get()
    assert row.token == token_of("email", "growth@example.com")


def test_a_script_is_written_with_a_warning_and_its_effect(staff: Staff) -> None:
    growth = staff("growth")
    made = growth.post(
        "/console/messages/scripts/new/",
        {
            "id": "spring-hello",
            "kind": "feeling",
            "reader": "friend",
            "channel": "wechat",
            "text-en": "Last chance: {offer} {link}",
            "is_active": "yes",
        },
        follow=True,
    )
    assert "put pressure on people: Last chance" in made.content.decode()
    found = read.script("spring-hello")
    assert found is not None
    assert (found.number, found.channel, dict(found.texts)) == (
        1,
        "wechat",
        {"en": "Last chance: {offer} {link}"},
    )
    Use.objects.create(script="spring-hello", channel="wechat", shares=3, clicks=2)
    page = growth.get("/console/messages/scripts/?channel=wechat&kind=feeling").content.decode()
    assert "spring-hello" in page
    bad = growth.post(
        "/console/messages/scripts/spring-hello/",
        {"kind": "feeling", "reader": "friend", "channel": "", "text-en": "{nobody}"},
    )
    assert "{nobody} is no variable" in bad.content.decode()
    again = growth.post(
        "/console/messages/scripts/new/", {"id": "spring-hello", "text-en": "x"}
    ).content.decode()
    assert "There is a script of this name" in again
    assert growth.get("/console/messages/scripts/nothing/").status_code == 404


def test_a_script_is_held_against_the_rules_that_run(staff: Staff) -> None:
    growth, line = staff("growth"), Line()
    typed = {"kind": "benefit", "reader": "friend", "channel": "wechat", "is_active": "yes"}

    def page_of(text: str, program: str) -> str:
        growth.post(
            "/console/messages/scripts/our-offer/", {**typed, "program": program, "text-en": text}
        )
        return growth.get("/console/messages/scripts/our-offer/").content.decode()

    growth.post(
        "/console/messages/scripts/new/",
        {**typed, "id": "our-offer", "program": "", "text-en": "You get $50. {link}"},
    )
    told = "The text says “$50”, but no rule gives or asks that much."
    # Nothing runs yet, so there is nothing to hold it against.
    assert told not in page_of("You get $50. {link}", "")
    line.publish()  # gives 20 USD
    assert told in page_of("You get $50. {link}", "spring")
    assert told in page_of("You get $50. {link}", "")
    line.publish(PROGRAM.replace("spring", "autumn").replace("20.00", "50.00"))
    # Of a text for every program, what any of them gives is no lie.
    assert told not in page_of("You get $50. {link}", "")
    assert told in page_of("You get $50. {link}", "spring")
    assert told not in page_of("You get $50. {link}", "autumn")
    assert "Texts against the rules" not in page_of("You get $20. {link}", "spring")


def test_questions_are_answered_from_the_rules_and_written_over(staff: Staff) -> None:
    Line().publish()
    line = Line()
    line.work()
    growth = staff("growth")
    url = "/console/messages/questions/?program=spring"
    assert "When do I get my reward?" in growth.get(url).content.decode()
    posted = {
        "program": "spring",
        "key": "parking",
        "question-en": "Where can I park?",
        "answer-en": "Behind the house.",
        "place": "-1",
        "do": "save",
    }
    growth.post("/console/messages/questions/save/", posted)
    page = growth.get(url).content.decode()
    assert page.index("Where can I park?") < page.index("When do I get my reward?")
    growth.post("/console/messages/questions/save/", posted | {"do": "remove"})
    assert "Where can I park?" not in growth.get(url).content.decode()
    bad = growth.post("/console/messages/questions/save/", posted | {"key": "No Good"})
    assert "expected a-z, 0-9 and -" in bad.content.decode()
    assert "Behind the house." in bad.content.decode()
    assert [one.verb for one in entries(limit=2)] == ["faq.remove", "faq.save"]


def test_pages_show_brand_colour_and_whom_they_suit(staff: Staff) -> None:
    growth = staff("growth")
    growth.post(
        "/console/messages/pages/save/",
        {
            "program": "",
            "brand": "Green Leaf",
            "colour": "#0B7A52",
            "highlights-en": "Fresh\nFair",
            "good_fit-zh-hans": "喜欢做饭的人",
        },
    )
    own = read.own("")
    assert (own.brand, own.colour) == ("Green Leaf", "#0b7a52")
    assert (own.highlights["en"], own.good_fit["zh-hans"]) == (("Fresh", "Fair"), "喜欢做饭的人")
    bad = growth.post("/console/messages/pages/save/", {"program": "", "colour": "green"})
    assert "expected a colour such as #0b7a52" in bad.content.decode()


def test_a_touchpoint_has_a_link_and_what_came_of_it(staff: Staff) -> None:
    growth = staff("growth")
    assert "No touchpoint yet" in growth.get("/console/messages/touchpoints/").content.decode()
    growth.post(
        "/console/messages/touchpoints/one/",
        {
            "do": "save",
            "key": "thanks-sms",
            "stage": "after",
            "where": "Thank-you message",
            "text-en": "Tell a friend",
            "is_active": "yes",
        },
    )
    [place] = touchpoints.touchpoints()
    assert place.link == "http://localhost:8000/r/CODE?c=thanks-sms"
    Use.objects.create(script="", channel="thanks-sms", shares=0, clicks=41)
    page = growth.get("/console/messages/touchpoints/").content.decode()
    assert ("thanks-sms" in page, ">41<" in page) == (True, True)
    bad = growth.post(
        "/console/messages/touchpoints/one/",
        {"do": "save", "key": "sms", "stage": "after", "where": "x"},
    )
    assert "is a channel already" in bad.content.decode()
    growth.post("/console/messages/touchpoints/one/", {"do": "remove", "key": "thanks-sms"})
    assert touchpoints.touchpoints() == []


def test_what_was_not_sent_is_tried_again(staff: Staff) -> None:
    growth = staff("growth")
    number = acts.send_sample(
        "test", channel="email", to="x@example.com", lang="en", key="1", now=clock.now()
    )
    Notice.objects.filter(pk=number).update(status="failed", answer="550 no such box")
    assert "550 no such box" in growth.get("/console/messages/not-sent/").content.decode()
    growth.post("/console/messages/not-sent/", {"notice": str(number)})
    assert Notice.objects.get().status == "waiting"
    assert entries(limit=1)[0].verb == "notice.retried"
