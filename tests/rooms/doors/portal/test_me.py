"""A customer's own pages: what stands on them, to the last figure, and what stays hidden."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.test import Client, override_settings

from banyan.core.events import clock
from banyan.core.events import read as log
from banyan.core.people.read import consents, customer
from banyan.core.programs import acts as programs
from banyan.core.programs.read import links_of
from banyan.core.referrals.read import decisions
from banyan.doors.portal.enrolment import purpose_of
from banyan.growth.feedback.read import disputes_of
from banyan.growth.journeys.read import preferences
from banyan.growth.leads import acts as leads
from banyan.growth.leads.contact import Given
from banyan.growth.planning import polls
from banyan.growth.toolkit.calls import set_call
from banyan.trust.access import devices
from banyan.trust.privacy.acts import merge_customers
from banyan.trust.privacy.read import requests
from tests.installation import Installation
from tests.rooms.doors.api.calling import working
from tests.rooms.doors.portal.me import (
    PROGRAM,
    TEXTS,
    Company,
    browser,
    sent,
    signed_in,
    text_of,
)

CLOSED = PROGRAM.replace("program: friends", "program: loyal").replace(
    "friends: {where", 'advocates: {where: "orders >= 1"}\nfriends: {where'
)
REGIONAL = PROGRAM.replace("program: friends", "program: east").replace(
    "friends: {where", "advocates: {where: \"tags LIKE '%,east,%'\"}\nfriends: {where"
)


RULES = "/me/p/friends/rules/"


def company() -> Company:
    made = Company()
    made.publish(PROGRAM)
    return made


def busy() -> Company:
    """Ann has brought three: cid bought twice, ben once, dan not yet."""
    made = company()
    made.say("identify", "ann", traits={"name": "Ann Lee", "tier": "gold"})
    made.member("ann", "ANN")
    made.friend("cid", "ANN", 60, 20, name="王小明")
    made.friend("ben", "ANN", 80, name="Ben Jonson")
    made.friend("dan", "ANN")
    made.work()
    return made


def page(client: Client, path: str) -> str:
    reply = client.get(path)
    assert reply.status_code == 200, (path, reply.status_code)
    return text_of(reply)


# Taking part


def test_whoever_agrees_has_a_link_at_once_and_the_yes_is_kept_with_its_version(
    installation: Installation,
) -> None:
    made = company()
    client = signed_in(made, "ann")
    with working():
        said = page(client, "/me/p/friends/")
        assert "By this you agree to the rules below (version 1)." in said
        assert "Who may refer" in said
        reply = client.post("/me/p/friends/join", {"version": "1"})
        assert reply.headers["Location"] == "/me/p/friends/"
        [link] = links_of("ann")
        assert link.code in page(client, "/me/p/friends/")
    [row] = consents("ann")
    assert (row.purpose, row.text_version, row.channel, row.is_given) == (
        "program.friends", "v1", "portal", True,
    )  # fmt: skip


def test_rules_that_changed_meanwhile_are_not_agreed_to(installation: Installation) -> None:
    made = company()
    client = signed_in(made, "ann")
    reply = client.post("/me/p/friends/join", {"version": "2"})
    assert reply.headers["Location"] == "/me/p/friends/"
    assert links_of("ann") == []


def test_who_does_not_meet_the_condition_is_told_it(installation: Installation) -> None:
    made = company()
    made.publish(CLOSED)
    client = signed_in(made, "ann")
    said = page(client, "/me/p/loyal/")
    assert "To take part, this must be so: your number of orders" in said
    assert "Agree and get my link" not in said
    client.post("/me/p/loyal/join", {"version": "1"})
    assert links_of("ann") == []
    made.say("Order Completed", "ann", order_id="o", total=5, currency="CNY")
    made.work()
    assert "Agree and get my link" in page(client, "/me/p/loyal/")
    with working():
        client.post("/me/p/loyal/join", {"version": "1"})
    assert len(links_of("ann")) == 1


def test_a_program_for_others_is_shown_to_them_alone(installation: Installation) -> None:
    made = company()
    made.publish(REGIONAL.replace("Bring a friend", "In the east"))
    made.say("identify", "eva", traits={"tags": ["east"]})
    made.work()
    assert "In the east" not in page(signed_in(made, "ann"), "/me/")
    assert "In the east" in page(signed_in(made, "eva"), "/me/")


def test_a_program_calls_those_of_its_places_alone(installation: Installation) -> None:
    made = busy()
    made.say("identify", "eva", traits={"tags": ["east"]})
    made.work()
    set_call("user:1", "friends", place="tagged", tags=["east"], now=made.now)
    new, eva, ann = (signed_in(made, user_id) for user_id in ("new", "eva", "ann"))
    assert "Bring a friend" not in page(new, "/me/")
    assert "There is no program for you at present" in page(new, "/me/")
    assert "not looking for anybody where you are" in page(new, "/me/p/friends/")
    new.post("/me/p/friends/join", {"version": "1"})
    assert links_of("new") == []
    assert "Bring a friend" in page(eva, "/me/")
    assert "Agree and get my link" in page(eva, "/me/p/friends/")
    # Who takes part already keeps the link and is called no more.
    first = page(ann, "/me/")
    assert "Nobody wanted here at present" in first
    assert "Invite friends" not in first
    assert "Your link goes on working" in page(ann, "/me/p/friends/")
    set_call("user:1", "friends", place="everywhere", now=made.now)
    assert "Invite friends" in page(ann, "/me/")
    assert "Bring a friend" in page(new, "/me/")


def test_a_customer_is_asked_what_they_would_like(installation: Installation) -> None:
    made = company()
    row = polls.ask(
        "user:1",
        program="friends",
        reward="",
        questions={"en": "What would move you?", "zh-hans": "您想要什么？"},
        choices={"en": "Cash\nPoints", "zh-hans": "现金\n积分"},
        now=made.now,
    )
    ann = signed_in(made, "ann")
    path = f"/me/polls/{row.id}/"
    assert "What would move you? Cash Points Send my answer" in page(ann, "/me/")
    wrong = ann.post(path, {"choice": "7"})
    assert wrong.status_code == 422
    assert "Choose one of the answers." in text_of(wrong)
    assert ann.post(path, {"choice": "1"})["Location"] == f"{path}?done=1"
    said = ann.get(f"{path}?done=1").content.decode()
    assert "Thank you." in said
    assert 'value="1" checked' in said
    assert "What would move you?" not in page(ann, "/me/")
    assert "您想要什么？ 现金 积分" in page(signed_in(made, "bo", language="zh-CN"), path)
    assert polls.polls("friends")[0].votes == (0, 1)
    polls.close("user:1", row.id, now=made.now)
    assert ann.get(path).status_code == ann.post(path, {"choice": "0"}).status_code == 404
    assert browser().get(path).status_code == 302


@pytest.mark.parametrize(("act", "word"), [("pause", "Paused"), ("close", "Ended")])
def test_a_program_that_stands_still_is_shown_to_those_in_it_alone(
    installation: Installation, act: str, word: str
) -> None:
    made = busy()
    getattr(programs, act)("tester", "friends")
    said = page(signed_in(made, "ann"), "/me/")
    assert word in said
    assert "Invite friends" not in said
    assert "B*** J***" in said
    assert "Bring a friend" not in page(signed_in(made, "new"), "/me/")
    assert "What you have earned stays." in page(signed_in(made, "new"), "/me/p/friends/")
    new = signed_in(made, "new")
    new.post("/me/p/friends/join", {"version": "1"})
    assert links_of("new") == []


def test_a_long_name_of_a_program_has_a_purpose_of_its_own() -> None:
    long, other = "a" * 64, "a" * 63 + "b"
    assert purpose_of("friends") == "program.friends"
    assert len(purpose_of(long)) == 64
    assert purpose_of(long) != purpose_of(other)


# Sharing


def test_each_share_is_an_event_with_its_channel_and_text(installation: Installation) -> None:
    made = busy()
    client = signed_in(made, "ann")
    before = log.head()
    reply = client.post("/me/p/friends/share", {"channel": "wechat", "script": "chat-benefit"})
    assert reply.headers["Location"] == "/me/p/friends/share/wechat/?script=chat-benefit"
    quiet = client.post("/me/p/friends/share", {"channel": "copy", "quietly": "1"})
    assert (quiet.status_code, quiet.content) == (204, b"")
    bodies = [json.loads(body) for body in log.after(before, 10)["body"]]
    assert [(one["event"], one["userId"]) for one in bodies] == [("Referral Shared", "ann")] * 2
    first, second = (one["properties"] for one in bodies)
    assert first == {
        "program": "friends", "channel": "wechat", "code": "ANN", "script": "chat-benefit",
    }  # fmt: skip
    assert (second["channel"], second["code"]) == ("copy", "ANN")
    assert second["script"]


def test_what_is_no_channel_and_who_is_no_member_share_nothing(installation: Installation) -> None:
    made = busy()
    client, stranger = signed_in(made, "ann"), signed_in(made, "eve")
    before = log.head()
    assert client.post("/me/p/friends/share", {"channel": "fax"}).status_code == 404
    assert stranger.post("/me/p/friends/share", {"channel": "copy"}).status_code == 404
    assert client.get("/me/p/friends/share/fax/").status_code == 404
    assert log.head() == before


def test_each_channel_has_its_text_with_its_own_link(installation: Installation) -> None:
    made = busy()
    client = signed_in(made, "ann")
    for channel in ("wechat", "moments", "copy", "sms", "email"):
        html = client.get(f"/me/p/friends/share/{channel}/").content.decode()
        text = html.partition("<textarea")[2].partition("</textarea>")[0]
        assert f"/r/ANN?c={channel}&amp;s=" in text
    opens = re.findall(r'href="(sms:|mailto:)', html)
    assert opens == ["mailto:"]
    assert "/poster/ANN/moments.jpg" in client.get("/me/p/friends/share/poster/").content.decode()


def test_counters_and_limits_are_those_of_the_books(installation: Installation) -> None:
    made = busy()
    said = page(signed_in(made, "ann"), "/me/p/friends/")
    assert "Your link was opened 0 times. 3 friends have joined." in said
    assert "0 Submitted 1 Contacted 2 Bought" in said
    # Two grants of 20.00; the limit over all lets through 30.00.
    assert "Rewarded friends this year: at most 2" in said
    assert "used up; new from Jan 1, 2027" in said
    assert "Reward in all: at most CN¥30.00 store credit used up" in said


# Friends


def test_friends_are_masked_until_they_agree_and_say_what_is_missing(
    installation: Installation,
) -> None:
    made = busy()
    client = signed_in(made, "ann")
    said = page(client, "/me/friends/")
    assert [name in said for name in ("王** ", "B*** J***", "A friend")] == [True] * 3
    assert [name in said for name in ("小明", "Jonson")] == [False] * 2
    # cid: three orders are asked for, two were made.
    assert re.search(r"王\*\* 1 order\b[^.]* Bought", said)
    assert re.search(r"A friend 1 order of CN¥50 or more\b[^.]* Contacted", said)
    made.say("Consent Given", "cid", purpose="name_shown")
    made.work()
    assert "王小明" in page(client, "/me/friends/")
    made.say("Consent Withdrawn", "cid", purpose="name_shown")
    made.work()
    assert "王小明" not in page(client, "/me/friends/")


def test_in_chinese_too(installation: Installation) -> None:
    made = busy()
    said = page(signed_in(made, "ann", language="zh-cn"), "/me/friends/")
    assert "还差 1 笔消费" in said
    assert "0 已提交 1 已联系 2 已成交" in said


def test_friends_by_state_and_name_as_it_is_shown(installation: Installation) -> None:
    made = busy()
    client = signed_in(made, "ann")
    assert "1 friend A A friend" in page(client, "/me/friends/?state=contacted")
    assert "1 friend B B*** J***" in page(client, "/me/friends/?q=b***")
    # What is masked cannot be found out by searching.
    assert "Nobody found" in page(client, "/me/friends/?q=Jonson")
    assert "Nobody found" in page(client, "/me/friends/?q=王小")
    assert "3 friends" in page(client, "/me/friends/?page=99&program=friends")


def test_one_friend_shows_when_each_state_was_reached(installation: Installation) -> None:
    made = busy()
    client = signed_in(made, "ann")
    numbers = re.findall(r"/me/friends/(\d+)/", client.get("/me/friends/").content.decode())
    dan, ben, cid = sorted(set(map(int, numbers)), reverse=True)
    assert "Submitted" in page(client, f"/me/friends/{ben}/")
    assert page(client, f"/me/friends/{dan}/").count("not yet") == 1
    assert page(client, f"/me/friends/{ben}/").count("not yet") == 0
    stranger = signed_in(made, "eve")
    assert stranger.get(f"/me/friends/{cid}/").status_code == 404


def test_an_invitation_that_did_not_count_has_its_reason_and_can_be_disputed(
    installation: Installation,
) -> None:
    made = busy()
    made.say("identify", "old", traits={"name": "Old Customer"})
    made.say("Signed Up", "old", referral_code="ANN")
    made.work()
    client = signed_in(made, "ann")
    html = client.get("/me/friends/").content.decode()
    assert "The offer is for new customers, and this friend was one already." in html
    assert "Customer" not in html
    [path] = re.findall(r"/me/invitations/\d+/dispute", html)
    reply = client.post(path, {"text": "She was new."})
    [row] = disputes_of("ann")
    assert reply.headers["Location"] == f"/me/disputes/{row.number}/"
    assert row.about == "friends/old"
    assert signed_in(made, "eve").get(path).status_code == 404


def test_a_friend_who_was_named_can_be_reminded_from_the_third_day(
    installation: Installation,
) -> None:
    made = busy()
    client = signed_in(made, "ann")
    named = leads.nominate(
        program="friends", advocate="ann", contact=Given("email", "zoe@example.com"), name="Zoe",
        statement="naming-1.en", channel="form", language="en", known=(), days=14, now=clock.now(),
    )  # fmt: skip
    said = page(client, "/me/friends/")
    assert "Z*** " in said
    assert "zoe" not in said.lower()
    assert "Waiting for the friend’s answer" in said
    assert "You can remind from" in said
    path = f"/me/friends/remind/{named.number}"
    assert client.post(path).headers["Location"] == "/me/friends/"
    assert sent() == []
    clock.advance("tester", clock.now() + timedelta(days=3))
    assert path in client.get("/me/friends/").content.decode()
    assert client.post(path).headers["Location"] == "/me/friends/?reminded=1"
    assert [kind for kind, _ in sent()] == ["friend_reminder"]
    assert "You can remind from" in page(client, "/me/friends/")
    assert signed_in(made, "eve").post(path).status_code == 404


# Rewards


def test_the_statement_tells_each_unit_and_each_decision(installation: Installation) -> None:
    made = busy()
    client = signed_in(made, "ann")
    said = page(client, "/me/rewards/")
    assert "Store credit CN¥0.00 available, of CN¥30.00 earned Pending CN¥30.00" in said
    assert "gold heart 1 available, of 1 earned" in said
    # The limit left ten of the second twenty.
    assert "CN¥10.00 store credit Pending for your friend B*** J***" in said
    assert "CN¥20.00 store credit Pending for your friend 王**" in said
    clock.advance("tester", clock.now() + timedelta(days=7))
    made.work()
    said = page(client, "/me/rewards/")
    assert "Store credit CN¥30.00 available, of CN¥30.00 earned" in said
    assert "Pending" not in said


def test_what_was_spent_expired_and_taken_back_is_told(installation: Installation) -> None:
    made = busy()
    made.say("Order Refunded", "cid", order_id="cid-0")
    made.work()
    said = page(signed_in(made, "ann"), "/me/rewards/")
    assert "of CN¥30.00 earned Pending CN¥10.00 Taken back CN¥20.00" in said
    assert "CN¥20.00 store credit Taken back" in said


def test_a_decision_is_explained_without_anybodys_id(installation: Installation) -> None:
    made = busy()
    client = signed_in(made, "ann")
    row = next(one for one in decisions(beneficiary="ann") if one.friend == "ben")
    path = f"/me/rewards/{row.position}-{row.place}/"
    said = page(client, path)
    assert "“B*** J***” gave the code of “you”" in said
    assert "“ben”" not in said
    assert "limit 1 of the program" in said or "cap" in said
    for other in ("/me/rewards/1-0/", "/me/rewards/x/", f"/me/rewards/{row.position}-9/"):
        assert client.get(other).status_code == 404
    assert signed_in(made, "ben").get(path).status_code == 404


def test_no_address_of_ours_names_a_person(installation: Installation) -> None:
    made = busy()
    client = signed_in(made, "ann")
    for path in ("/me/", "/me/friends/", "/me/rewards/", "/me/p/friends/", "/me/settings/"):
        html = client.get(path).content.decode()
        for address in re.findall(r'(?:href|action)="([^"]*)"', html):
            assert not re.search(r"\b(ann|ben|cid|dan)\b", address), (path, address)


def test_a_dispute_is_raised_answered_to_and_taken_back(installation: Installation) -> None:
    made = busy()
    client = signed_in(made, "ann")
    row = next(one for one in decisions(beneficiary="ann") if one.friend == "ben")
    path = f"/me/rewards/{row.position}-{row.place}/dispute"
    assert "CN¥10.00 store credit" in page(client, path)
    assert client.post(path, {"text": " "}).status_code == 422
    reply = client.post(path, {"text": "It should be 20."})
    [dispute] = disputes_of("ann")
    assert reply.headers["Location"] == f"/me/disputes/{dispute.number}/"
    again = client.post(path, {"text": "Once more."})
    assert (again.status_code, len(disputes_of("ann"))) == (409, 1)
    said = page(client, f"/me/disputes/{dispute.number}/")
    assert "It should be 20." in said
    assert "Answer by" in said
    assert signed_in(made, "eve").get(f"/me/disputes/{dispute.number}/").status_code == 404
    client.post(f"/me/disputes/{dispute.number}/withdraw")
    assert "You took it back" in page(client, "/me/disputes/")


# Rules and questions


def test_every_published_version_of_the_rules_can_be_read(installation: Installation) -> None:
    made = busy()
    second = PROGRAM.replace("version: 1\n", "version: 2\n").replace(
        "amount: 20.00", "amount: 15.00"
    )
    made.publish(second, starts_at=made.now + timedelta(hours=1))
    client = signed_in(made, "ann")
    assert "CN¥15.00" in page(client, "/me/p/friends/rules/")
    assert "Holds for new invitations" in page(client, "/me/p/friends/rules/?version=2")
    old = page(client, "/me/p/friends/rules/?version=1")
    assert "CN¥20.00" in old
    assert "Holds for friends who were invited under it" in old
    assert client.get("/me/p/friends/rules/?version=3").status_code == 404
    assert client.get("/me/p/nothing/rules/").status_code == 404
    assert "version 2 holds for new invitations" in page(client, "/me/p/friends/")


@pytest.mark.parametrize(
    ("language", "begins", "holds", "never"),
    [
        (
            "en",
            "Version 2 · from Jul 1, 2099",
            "Holds from Jul 1, 2099 on",
            "Never came into force",
        ),
        ("zh-hans", "第 2 版 · 2099 年 7 月 1 日起", "自 2099 年 7 月 1 日起适用", "从未生效"),
    ],
)
def test_what_is_announced_says_from_when_and_what_never_held_is_left_out(
    installation: Installation, language: str, begins: str, holds: str, never: str
) -> None:
    made = busy()
    second = PROGRAM.replace("version: 1\n", "version: 2\n") + "runs: {from: 2099-07-01}\n"
    made.publish(second)
    client = signed_in(made, "ann", language=language)

    def chips() -> list[str]:
        html = client.get(RULES).content.decode()
        return re.findall(r'<a class="chip" href="\?version[^>]*>([^<]+)</a>', html)

    name = begins.partition(" · ")[0]
    assert chips() == [begins, name.replace("2", "1")]
    assert holds in page(client, f"{RULES}?version=2")
    made.publish(PROGRAM.replace("version: 1\n", "version: 3\n"))
    assert chips() == [name.replace("2", "3"), name.replace("2", "1")]
    assert never in page(client, f"{RULES}?version=2")
    assert never not in page(client, f"{RULES}?version=1")


# Settings


def test_a_customer_chooses_the_name_that_friends_see(installation: Installation) -> None:
    made = busy()
    client = signed_in(made, "ann")
    assert "Now: A*** L***" in page(client, "/me/settings/")
    with working():
        client.post("/me/settings/name", {"name": "  Annie   from work "})
    assert "Now: Annie from work" in page(client, "/me/settings/")
    long = client.post("/me/settings/name", {"name": "x" * 41})
    assert (long.status_code, "At most 40 characters" in text_of(long)) == (422, True)
    with working():
        client.post("/me/settings/name", {"name": ""})
    assert "Now: A*** L***" in page(client, "/me/settings/")


def test_ways_quiet_hours_and_no_to_everything(installation: Installation) -> None:
    made = busy()
    client = signed_in(made, "ann")
    client.post(
        "/me/settings/telling", {"email": "on", "quiet_from": "21:30", "quiet_until": "07:00"}
    )
    html = client.get("/me/settings/").content.decode()
    # What is not set up is neither offered nor turned off.
    assert re.findall(r'name="(email|sms|wechat)"( checked)?', html) == [("email", " checked")]
    assert preferences("ann").is_on("sms")
    with override_settings(SMS_PROVIDER=TEXTS):
        client.post("/me/settings/telling", {"quiet_from": "21:30", "quiet_until": "07:00"})
        html = client.get("/me/settings/").content.decode()
        assert re.findall(r'name="(email|sms|wechat)"( checked)?', html) == [
            ("email", ""), ("sms", ""),
        ]  # fmt: skip
    assert 'value="21:30"' in html
    assert 'value="07:00"' in html
    with working():
        client.post("/me/settings/silence")
    html = client.get("/me/settings/").content.decode()
    assert " checked" not in html
    assert not consents("ann")[-1].is_given
    assert consents("ann")[-1].purpose == ""


def test_each_consent_can_be_withdrawn(installation: Installation) -> None:
    made = busy()
    client = signed_in(made, "ann")
    assert "Taking part in Bring a friend Agreed" in page(client, "/me/settings/")
    with working():
        client.post("/me/settings/consent", {"purpose": "program.friends"})
        assert "Taking part in Bring a friend Withdrawn" in page(client, "/me/settings/")
        assert "Agree and get my link" in page(client, "/me/p/friends/")
        client.post("/me/settings/consent", {"purpose": "name_shown", "give": "1"})
    assert consents("ann")[-1].purpose == "name_shown"
    before = log.head()
    client.post("/me/settings/consent", {"purpose": "never-given"})
    assert log.head() == before


def test_everything_held_can_be_downloaded_put_right_and_deleted(
    installation: Installation,
) -> None:
    made = busy()
    client = signed_in(made, "ann")
    reply = client.post("/me/settings/data")
    assert reply.headers["Content-Disposition"].startswith('attachment; filename="my-data-')
    told = json.loads(reply.content)
    assert told["customers"][0]["customer"]["traits"]["name"] == "Ann Lee"
    assert "Jonson" not in reply.content.decode()
    silent = client.post("/me/settings/correct", {"text": "  "})
    assert silent.status_code == 422
    assert "what is wrong" in text_of(silent)
    assert requests(user_id="ann", state="open") == []
    client.post("/me/settings/correct", {"text": "I am Anne Lee,\r\nwith an e."})
    assert "I am Anne Lee, with an e." in page(client, "/me/settings/")
    again = client.post("/me/settings/correct", {"text": "And my birthday."})
    assert again.status_code == 422
    # What was typed is not lost with the refusal.
    assert "And my birthday." in text_of(again)
    [asked] = requests(user_id="ann", state="open")
    assert (asked.kind, asked.text) == ("correct", "I am Anne Lee,\nwith an e.")
    refused = client.post("/me/settings/erase", {"word": "delet"})
    assert refused.status_code == 422
    found = customer("ann")
    assert found is not None
    assert found.traits
    assert "Your data is deleted" in text_of(client.post("/me/settings/erase", {"word": "delete"}))
    found = customer("ann")
    assert found is not None
    assert (found.traits, found.erased_at is not None) == ({}, True)
    assert client.get("/me/").status_code == 302
    assert devices.of("ann", now=clock.now()) == []
    made.work()
    assert len(decisions(beneficiary="ann")) == 3  # the books stay


def test_the_language_of_pages_and_messages(installation: Installation) -> None:
    made = busy()
    client = signed_in(made, "ann")
    with working():
        client.post("/me/settings/language", {"language": "zh-hans"})
    assert "设置" in page(client, "/me/settings/")
    found = customer("ann")
    assert found is not None
    assert found.locale == "zh-CN"


def test_tier_and_badges_are_shown_where_there_are_any(installation: Installation) -> None:
    made = busy()
    assert "gold gold heart" in page(signed_in(made, "ann"), "/me/")
    assert "Tier" not in page(signed_in(made, "eve"), "/me/")


# Everywhere


@pytest.mark.parametrize(
    "path",
    ["/me/", "/me/friends/", "/me/rewards/", "/me/inbox/", "/me/settings/", "/me/disputes/",
     "/me/p/friends/", "/me/p/friends/rules/", "/me/p/friends/questions/"],
)  # fmt: skip
def test_pages_are_for_who_is_signed_in_and_kept_by_nobody(
    installation: Installation, path: str
) -> None:
    made = company()
    assert browser().get(path).status_code == 302
    assert browser().post(path).status_code == 302
    reply = signed_in(made, "ann").get(path)
    assert reply.status_code == 200
    assert reply.headers["Cache-Control"] == "private, no-store"
    assert "script-src 'self'" in reply.headers["Content-Security-Policy"]
    assert b"style=" not in reply.content


def test_a_merged_customer_sees_what_was_decided_under_both_ids(
    installation: Installation,
) -> None:
    made = busy()
    made.say("identify", "main", traits={"name": "Ann Main"})
    made.work()
    merge_customers("tester", "ann", "main", reason="same person", now=clock.now())
    said = page(signed_in(made, "main"), "/me/rewards/")
    assert "of CN¥30.00 earned" in said
    assert "3 friends" in page(signed_in(made, "ann"), "/me/friends/")
