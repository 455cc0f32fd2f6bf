"""A customer before their own pages, without a browser, and a company around them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import jwt
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from banyan.core.events import clock
from banyan.core.people.read import customer
from banyan.core.programs.acts import make_link
from banyan.growth.journeys import facts
from banyan.growth.journeys.models import Notice
from banyan.growth.journeys.providers import SMS, http_provider
from banyan.trust.access import keys
from tests.rooms.pipeline.line import Line

TEXTS = http_provider("twilio://AC1:token@api.twilio.com?from=%2B15550100", SMS)
"""A provider of text messages: without one no page asks for a phone number."""

PROGRAM = """
program: friends
version: 1
title: {en: "Bring a friend", zh-hans: "好友同享"}
currency: CNY
friends: {where: "NOT is_known"}
attribution: {window: 30d, joins_on: [Signed Up]}
milestones:
  bought: {on: Order Completed, where: "total >= 50", within: 60d}
  again: {on: Order Completed, count: 3}
  much: {on: Order Completed, sum: {of: total, reaches: 500}}
rewards:
  thanks:
    {to: advocate, on: bought, give: credit, amount: 20.00, hold: 7d,
     caps: [{per: advocate, period: year, count: 2}]}
  points: {to: advocate, on: again, give: points, amount: 100}
  star: {to: advocate, on: bought, give: badge:gold-heart, amount: 1, when: "nth = 1"}
  welcome: {to: friend, on: bought, give: points, amount: 10}
limits:
  - {give: credit, per: advocate, amount: 30.00}
"""


class Company(Line):
    """A line whose clock is the installation's, so that pages see what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.now = clock.now() - timedelta(days=1)

    def key(self) -> tuple[str, str]:
        """The number and secret of a new portal key."""
        made, secret = keys.make("tester", "portal", is_test=False, now=self.now)
        return str(made.id), secret

    def member(self, user_id: str, code: str, program: str = "friends") -> None:
        """Somebody who agreed to the rules and has a link."""
        make_link("tester", program=program, advocate=user_id, code=code, now=self.now)
        self.say("Referral Link Created", user_id, code=code, program=program)
        self.say("Consent Given", user_id, purpose=f"program.{program}", text_version="v1")

    def friend(self, user_id: str, code: str, *totals: int, name: str = "") -> None:
        """A friend who joins by a code and buys."""
        self.say("Signed Up", user_id, referral_code=code)
        if name:
            self.say("identify", user_id, traits={"name": name})
        for number, total in enumerate(totals):
            self.say(
                "Order Completed", user_id, order_id=f"{user_id}-{number}", total=total,
                currency="CNY",
            )  # fmt: skip


def browser(*, language: str = "en", **options: Any) -> Client:
    """A new browser, without cookies."""
    return Client(headers={"host": "localhost", "accept-language": language}, **options)


def signed_in(company: Company, user_id: str, *, language: str = "en") -> Client:
    """A browser in which somebody is signed in."""
    if customer(user_id) is None:
        # Else the page would wait for a worker to learn who this is.
        company.say("identify", user_id, traits={"plan": "basic"})
        company.work()
    kid, secret = company.key()
    client = browser(language=language)
    reply = client.get("/me/enter", {"token": token(kid, secret, user_id)})
    assert reply.status_code == 302, reply.content
    return client


def token(kid: str, secret: str, user_id: str, **claims: Any) -> str:
    """What the host signs."""
    said = {
        "sub": user_id,
        "aud": settings.BASE_URL,
        "exp": clock.now() + timedelta(minutes=4),
        "jti": f"{user_id}-{claims}-{datetime.now().timestamp()}",  # noqa: DTZ005
    }
    return jwt.encode(said | claims, secret, "HS256", headers={"kid": kid})


def text_of(reply: Any) -> str:
    """What somebody reads on a page: the main part without marks, in one line."""
    assert isinstance(reply, HttpResponse)
    html = reply.content.decode()
    main = html.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main.partition(">")[2])).split())


def sent() -> list[tuple[str, dict[str, str]]]:
    """Messages to addresses, in order: kind and values."""
    rows = Notice.objects.filter(user_id="").order_by("pk")
    return [
        (row.kind, dict(facts.opened(bytes(row.sealed or b""), key=row.key).values)) for row in rows
    ]
