"""Friends: from a link or a typed code to the welcome, or to a kind no."""

from __future__ import annotations

import email
import re
import time
from email import policy
from uuid import uuid4

import pytest

from tests.browser.conftest import Opened, Visitor, published, weighed
from tests.story.company import Company, eventually

BUDGET_BYTES = 60_000
MOST_REQUESTS = 6

WORDS = {
    "en": {
        "invites": "Anna L. invites you",
        "accept": "Accept the invitation",
        "no": "No, thanks",
        "send": "Send me the code",
        "contact": "E-mail address",
        "name": "Your name",
        "code": "Six-digit code",
        "confirm": "Confirm and join",
        "welcome": "Welcome, you are in",
        "thanks": "Thank you for saying so",
        "known": "Nice to see you again",
        "ask": "Ask my friend",
        "friend": "Your friend’s e-mail address",
        "recommends": "Anna L. recommends us to you",
        "waiting": "Waiting for an answer",
        "delete": "Delete my data now",
        "deleted": "Your data is deleted",
    },
    "zh-hans": {
        "invites": "Anna L.邀请您",
        "accept": "接受邀请",
        "no": "不用了，谢谢",
        "send": "获取验证码",
        "contact": "邮箱地址",
        "name": "您的称呼",
        "code": "6位验证码",
        "confirm": "确认并加入",
        "welcome": "欢迎加入",
        "thanks": "谢谢您的答复",
        "known": "很高兴再次见到您",
        "ask": "征求好友意见",
        "friend": "好友的邮箱",
        "recommends": "Anna L.向您推荐了我们",
        "waiting": "等待答复",
        "delete": "立即删除我的信息",
        "deleted": "您的信息已删除",
    },
}
CODE = re.compile(r"\b\d{6}\b")
EVERYWHERE = pytest.mark.parametrize(
    ("size", "language"),
    [("phone", "en"), ("phone", "zh-hans"), ("desktop", "en"), ("desktop", "zh-hans")],
)


def mails(company: Company, to: str) -> list[str]:
    """The texts of messages to an address, the oldest first."""
    files = sorted((company.installation.home / "mail").glob("*"), key=lambda f: f.stat().st_mtime)
    found = []
    for file in files:
        message = email.message_from_bytes(file.read_bytes(), policy=policy.default)
        if to in str(message["To"]):
            body = message.get_body()
            assert body is not None
            found.append(str(body.get_content()))
    return found


def newest_mail(company: Company, to: str, *, number: int = 1) -> str:
    """The text of the `number`-th message to an address, waited for."""
    end = time.monotonic() + 60
    while len(found := mails(company, to)) < number:
        assert time.monotonic() < end, f"no message to {to}"
        time.sleep(0.05)
    return found[number - 1]


def code_sent(company: Company, to: str, *, number: int = 1) -> str:
    """The `number`-th code that went to an address, waited for; other messages may come between."""
    end = time.monotonic() + 60
    while len(found := [text for text in mails(company, to) if CODE.search(text)]) < number:
        assert time.monotonic() < end, f"no code to {to}"
        time.sleep(0.05)
    [code] = CODE.findall(found[number - 1])
    return str(code)


@pytest.fixture
def link(company: Company) -> str:
    """The code of a fresh advocate's link, who lets friends see a name of her choice."""
    return linked(company, "friends")


def linked(company: Company, program: str, *, shown: str = "Anna L.") -> str:
    """The code of a fresh advocate's link in a program."""
    ann = f"ann-{uuid4().hex[:8]}"
    traits = {"name": "Anna Lindqvist", "shownName": shown, "email": f"{ann}@example.com"}
    said = {"type": "identify", "userId": ann, "traits": traits, "messageId": f"i-{ann}"}
    assert company.shop.post("/identify", said).status == 200
    made = company.office.post("/links", {"program": program, "advocate": ann})
    assert made.status == 200, made.body
    eventually(lambda: company.office.get(f"/customers/{ann}").status, 200)
    return str(made.json["code"])


@EVERYWHERE
def test_a_friend_follows_a_link_and_is_welcome(
    company: Company, visitors: Opened, link: str, size: str, language: str
) -> None:
    words, friend = WORDS[language], visitors(size=size, language=language)
    page = friend.page
    friend.go(f"/r/{link}?c=wechat&s=warm")
    assert page.url.endswith(
        f"/i/?referral_code={link}&referral_channel=wechat&referral_script=warm"
    )
    assert page.get_by_role("heading", level=1).inner_text() == words["invites"]
    friend.check()
    friend.shoot("landing")
    page.get_by_role("link", name=words["accept"]).click()
    friend.check()
    friend.shoot("join")
    contact = f"bob-{uuid4().hex[:8]}@example.com"
    page.get_by_label(words["contact"]).fill(contact)
    page.get_by_label(words["name"]).fill("Bob 鲍勃 🌳")
    boxes = page.get_by_role("checkbox")
    assert [boxes.nth(i).is_checked() for i in range(boxes.count())] == [False] * 3
    boxes.nth(0).check()
    page.get_by_role("button", name=words["send"]).click()
    friend.check()
    friend.shoot("join-code")
    page.get_by_label(words["code"]).fill(code_sent(company, contact))
    page.get_by_role("button", name=words["confirm"], exact=True).click()
    assert words["welcome"] in page.get_by_role("heading", level=1).inner_text()
    friend.check()
    friend.shoot("welcome")
    [found] = company.office.get(f"/referrals?advocate={owner(company, link)}").json["data"]
    assert (found["program"], found["kind"], found["channel"], found["script"]) == (
        "friends",
        "code",
        "wechat",
        "warm",
    )


def owner(company: Company, code: str) -> str:
    """Whose link it is."""
    return str(company.office.get(f"/links/{code}").json["advocate"])


def registered(
    company: Company, friend: Visitor, code: str, contact: str, words: dict[str, str]
) -> None:
    """Somebody registers by a code, without stopping anywhere."""
    page = friend.page
    before = sum(CODE.search(text) is not None for text in mails(company, contact))
    friend.go(f"/i/{code}/join")
    page.get_by_label(words["contact"]).fill(contact)
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name=words["send"]).click()
    page.get_by_label(words["code"]).fill(code_sent(company, contact, number=before + 1))
    page.get_by_role("button", name=words["confirm"], exact=True).click()


@EVERYWHERE
def test_a_friend_says_no_and_is_thanked(
    company: Company, visitors: Opened, link: str, size: str, language: str
) -> None:
    words, friend = WORDS[language], visitors(size=size, language=language)
    friend.go(f"/i/{link}")
    friend.page.get_by_role("button", name=words["no"]).click()
    assert friend.page.get_by_role("heading", level=1).inner_text() == words["thanks"]
    assert friend.page.get_by_role("button").count() == 0
    assert friend.page.context.cookies() == []
    friend.check()
    friend.shoot("declined")


@EVERYWHERE
def test_whoever_is_a_customer_learns_it_after_the_proof(
    company: Company, visitors: Opened, link: str, size: str, language: str
) -> None:
    words, contact = WORDS[language], f"carl-{uuid4().hex[:8]}@example.com"
    said = {"type": "identify", "userId": contact, "traits": {"email": contact}}
    assert company.shop.post("/identify", said).status == 200
    eventually(lambda: company.office.get(f"/customers/{contact}").status, 200)
    friend = visitors(size=size, language=language)
    registered(company, friend, link, contact, words)
    assert friend.page.get_by_role("heading", level=1).inner_text() == words["known"]
    friend.errors.clear()  # the browser itself says that it was a 403
    friend.check()
    friend.shoot("customer")


def test_a_page_that_was_seen_before_and_two_tabs_end_in_one_registration(
    company: Company, visitors: Opened, link: str
) -> None:
    words, contact = WORDS["en"], f"dora-{uuid4().hex[:8]}@example.com"
    friend = visitors()
    registered(company, friend, link, contact, words)
    friend.page.get_by_role("heading", name=words["welcome"]).wait_for()
    friend.page.go_back()
    friend.page.go_back()
    friend.page.reload()
    assert friend.page.get_by_role("heading", level=1).inner_text() == words["welcome"]
    other = visitors()
    registered(company, other, link, contact, words)
    assert other.page.get_by_role("heading", level=1).inner_text() == words["welcome"]
    found = company.office.get(f"/referrals?advocate={owner(company, link)}").json["data"]
    assert len(found) == 1


def test_everything_works_without_scripts(company: Company, visitors: Opened, link: str) -> None:
    friend = visitors(java_script_enabled=False)
    registered(company, friend, link, f"eve-{uuid4().hex[:8]}@example.com", WORDS["en"])
    assert friend.page.get_by_role("heading", level=1).inner_text() == "Welcome, you are in"


def test_what_is_wrong_stands_beside_its_field(
    company: Company, visitors: Opened, link: str
) -> None:
    friend = visitors()
    friend.go(f"/i/{link}/join")
    friend.page.get_by_label("E-mail address").fill("nonsense")
    friend.page.get_by_label("Your name").fill("Eve, card 6222021234567890")
    friend.page.get_by_role("button", name="Send me the code").click()
    wrong = friend.page.locator(".wrong").all_inner_texts()
    assert wrong == [
        "Write an e-mail address that you can read now. Text messages are not sent from here.",
        "Write your name alone: no numbers, addresses or notes.",
        "Without this we may not keep the invitation for you.",
    ]
    friend.errors.clear()  # 422
    friend.check()
    friend.shoot("join-wrong")


OVER = "runs: {from: 2020-01-01, until: 2020-02-01}"
EARLY = "runs: {from: 2099-01-01}"
ONE = "    caps: [{per: program, count: 1}]"
PROGRAM = """
program: NAME
version: 1
currency: CNY
RUNS
friends: {where: "WHERE"}
attribution: {joins_on: [JOINS]}
milestones:
  bought: {on: Order Completed, within: 60d}
rewards:
  hello:
    to: friend
    on: joined
    give: points
    amount: 100
CAPS
"""


@pytest.fixture(scope="module")
def others(company: Company) -> Company:
    """The company with programs that are over, early, scarce, paused, and open to old customers."""
    for name, runs, where, joins, caps in (
        ("over", OVER, "TRUE", "Signed Up", ""),
        ("early", EARLY, "TRUE", "Signed Up", ""),
        ("scarce", "", "TRUE", "Signed Up", ONE),
        ("paused", "", "TRUE", "Signed Up", ""),
        ("closed", "", "TRUE", "Signed Up", ""),
        ("orders", "", "is_new", "Signed Up, Order Completed", ""),
    ):
        text = PROGRAM.replace("NAME", name).replace("RUNS", runs).replace("WHERE", where)
        published(text.replace("JOINS", joins).replace("CAPS", caps))
    return company


@pytest.mark.parametrize(
    ("case", "status", "en", "zh"),
    [
        ("unknown", 404, "We do not know this code", "没有找到这个推荐码"),
        ("over", 410, "This offer has run out", "计划已到期"),
        ("early", 409, "You are early", "计划尚未开始"),
        ("scarce", 409, "All rewards of this invitation are taken", "这份邀请的名额已用完"),
        ("paused", 409, "This offer is taking a break", "计划暂停中"),
        ("closed", 410, "This offer has ended", "计划已结束"),
    ],
)
def test_a_code_that_cannot_be_accepted_says_why_and_leads_on(
    others: Company, visitors: Opened, case: str, status: int, en: str, zh: str
) -> None:
    code = "NOSUCHCODE" if case == "unknown" else linked(others, case)
    if case == "scarce":
        lucky = visitors()
        registered(others, lucky, code, f"fay-{uuid4().hex[:8]}@example.com", WORDS["en"])
    if case in ("paused", "closed"):
        done = others.office.post(f"/programs/{case}/{case.removesuffix('d')}", {})
        assert done.status == 200, done.body
    for language, title in (("en", en), ("zh-hans", zh)):
        friend = visitors(language=language)
        reply = friend.page.goto(f"{friend.origin}/i/{code}")
        assert reply is not None
        assert reply.status == status
        assert friend.page.get_by_role("heading", level=1).inner_text() == title
        assert friend.page.locator("main a.button").count() == 1
        friend.errors.clear()  # the status
        friend.check()
        friend.shoot(f"case-{case}")
        form = friend.page.goto(f"{friend.origin}/i/{code}/join")
        assert form is not None
        assert form.status == status
        friend.errors.clear()


def test_a_second_invitation_to_the_same_offer_does_not_count(
    company: Company, visitors: Opened, link: str
) -> None:
    friend = visitors()
    registered(company, friend, link, f"gus-{uuid4().hex[:8]}@example.com", WORDS["en"])
    reply = friend.page.goto(f"{friend.origin}/i/{linked(company, 'friends')}/welcome")
    assert reply is not None
    assert reply.status == 409
    assert friend.page.get_by_role("heading", level=1).inner_text() == "You have joined already"
    friend.errors.clear()
    friend.check()
    friend.shoot("case-elsewhere")


def test_an_old_customer_who_has_not_bought_takes_the_invitation_up(
    others: Company, visitors: Opened
) -> None:
    code, contact = linked(others, "orders"), f"hal-{uuid4().hex[:8]}@example.com"
    said = {"type": "identify", "userId": contact, "traits": {"email": contact}}
    assert others.shop.post("/identify", said).status == 200
    eventually(lambda: others.office.get(f"/customers/{contact}").status, 200)
    friend = visitors()
    registered(others, friend, code, contact, WORDS["en"])
    page = friend.page
    assert page.get_by_role("heading", level=1).inner_text() == "This offer is for you, too"
    friend.check()
    friend.shoot("take")
    page.get_by_role("button", name="Accept the invitation").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Welcome, you are in"
    assert "counts from your next order on" in page.locator("main").inner_text()
    ordered = others.shop.track("Order Completed", contact, f"o-{contact}", total=10)
    assert ordered.status == 200

    def kinds() -> list[str]:
        rows = others.office.get(f"/referrals?friend={contact}").json["data"]
        return [row["kind"] for row in rows]

    eventually(kinds, ["code"])


@pytest.mark.parametrize(
    "shown",
    [
        "W" * 40,
        "👩‍👩‍👧‍👦🌳 Ann-Kathrin Öztürk-Þórsdóttir 🌳",
        "محمد بن عبد الله الأنصاري",
        "欧阳娜娜" * 10,
    ],
    ids=["wide", "emoji", "arabic", "han"],
)
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_odd_names_break_nothing(
    company: Company, visitors: Opened, size: str, shown: str, request: pytest.FixtureRequest
) -> None:
    friend = visitors(size=size)
    friend.go(f"/i/{linked(company, 'friends', shown=shown)}")
    assert shown in friend.page.get_by_role("heading", level=1).inner_text()
    friend.check()
    friend.shoot(f"name-{request.node.callspec.id.split('-')[-1]}")


@EVERYWHERE
def test_a_code_is_typed_from_a_card(
    company: Company, visitors: Opened, link: str, size: str, language: str
) -> None:
    friend = visitors(size=size, language=language)
    friend.go("/i/")
    friend.check()
    friend.shoot("type-code")
    friend.page.get_by_role("textbox").fill(f" {link.lower()} ")
    friend.page.keyboard.press("Enter")
    friend.page.wait_for_url("**/i/?referral_code=**")
    assert friend.page.get_by_role("heading", level=1).inner_text() == WORDS[language]["invites"]


def test_the_rules_open_on_the_page(company: Company, visitors: Opened, link: str) -> None:
    friend = visitors()
    friend.go(f"/i/{link}")
    friend.page.locator("summary").click()
    assert friend.page.get_by_role("heading", level=3, name="Who counts as a friend").is_visible()
    friend.check()
    friend.shoot("rules")


def test_pages_are_light(company: Company, visitors: Opened, link: str) -> None:
    for path in (f"/i/{link}", "/programs/friends/", "/me/sign-in"):
        found = weighed(visitors(is_new=True), path)
        assert found.bytes < BUDGET_BYTES, path
        assert found.requests <= MOST_REQUESTS, path
