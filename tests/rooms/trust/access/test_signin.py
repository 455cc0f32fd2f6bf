"""Signing in: codes, links and the host's tokens, each good for once, in time, for its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings

from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import Role, accept
from banyan.trust.access import devices, keys, signin
from banyan.trust.access.models import SignInCode, SignInLink, UsedClaim
from banyan.trust.access.owners import owners, spellings
from banyan.trust.access.signin import Asked, Entry, Proven
from banyan.trust.access.tallies import TooOften
from banyan.trust.privacy.acts import merge_customers
from tests.installation import Installation
from tests.rooms.pipeline.line import Line

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
ANNA = ("email", "anna@example.com")
MINUTE = timedelta(minutes=1)


def asked(value: str = ANNA[1], *, now: datetime = NOW, address: str = "192.0.2.1") -> Asked:
    return signin.ask("email", value, purpose="sign_in", address=address, now=now)


def checked(
    one: Asked, code: str, *, now: datetime = NOW, purpose: str = "sign_in", address: str = "x"
) -> Proven:
    return signin.check(one.id, code, purpose=purpose, address=address, now=now)


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


@pytest.mark.parametrize(
    ("typed", "contact"),
    [
        (" Anna@Example.COM ", Proven("email", "anna@example.com")),
        ("138 1234-5678", Proven("phone", "13812345678")),
        ("0044 20 7946 0958", Proven("phone", "+442079460958")),
        ("(020) 7946.0958", Proven("phone", "02079460958")),
    ],
)
def test_the_kind_of_a_contact_is_recognised(typed: str, contact: Proven) -> None:
    assert signin.contact_of(typed) == contact


@pytest.mark.parametrize(
    "typed", ["", "anna", "anna@", "@example.com", "anna@example", "12345", "a b@c.de",
              "138x12345678", "1" * 16, f"{'a' * 250}@b.cd", "a\x00@b.cd"],
)  # fmt: skip
def test_what_is_no_contact(typed: str) -> None:
    with pytest.raises(signin.NoContact):
        signin.contact_of(typed)


def test_a_code_proves_its_contact_once(installation: Installation) -> None:
    one = asked()
    assert len(one.code) == 6
    assert checked(one, f" {one.code[:3]} {one.code[3:]} ") == Proven(*ANNA)  # type: ignore[arg-type]
    with pytest.raises(signin.CodeGone):
        checked(one, one.code)


def test_nothing_of_a_code_or_contact_stands_readable(installation: Installation) -> None:
    one = asked()
    row = SignInCode.objects.values_list().get()
    assert one.code not in str(row)
    assert "anna" not in str(row)


def test_a_code_is_good_for_ten_minutes(installation: Installation) -> None:
    early, late = asked(), asked()
    assert checked(early, early.code, now=NOW + 10 * MINUTE - timedelta(microseconds=1))
    with pytest.raises(signin.CodeGone):
        checked(late, late.code, now=NOW + 10 * MINUTE)


def test_a_code_is_good_for_its_purpose_and_its_asker_alone(installation: Installation) -> None:
    one, other = asked(), asked("ben@example.com")
    with pytest.raises(signin.CodeGone):
        checked(one, one.code, purpose="register")
    with pytest.raises(signin.CodeGone):
        signin.check("unknown", one.code, purpose="sign_in", address="x", now=NOW)
    if one.code != other.code:
        with pytest.raises(signin.WrongCode):
            checked(other, one.code)
    assert checked(one, one.code)


def test_five_tries_then_the_right_code_is_no_use(installation: Installation) -> None:
    one = asked()
    left = []
    for _ in range(5):
        with pytest.raises(signin.WrongCode) as wrong:
            checked(one, other_than(one.code))
        left.append(wrong.value.tries_left)
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(signin.CodeGone):
        checked(one, one.code)


def test_a_contact_gets_five_codes_an_hour(installation: Installation) -> None:
    for number in range(5):
        asked(address=f"192.0.2.{number}")
    with pytest.raises(TooOften) as often:
        asked(address="192.0.2.9", now=NOW + 20 * MINUTE)
    assert often.value.retry_after_s == 40 * 60
    asked("ben@example.com", address="192.0.2.9")
    asked(now=NOW + 60 * MINUTE)


def test_an_address_asks_for_forty_codes_an_hour(installation: Installation) -> None:
    for number in range(40):
        asked(f"u{number}@example.com")
    with pytest.raises(TooOften):
        asked("one-more@example.com")
    asked("one-more@example.com", address="192.0.2.2")


def test_after_ten_wrong_codes_a_contact_is_closed_for_the_rest_of_an_hour(
    installation: Installation,
) -> None:
    for _ in range(2):
        one = asked()
        for _ in range(5):
            with pytest.raises(signin.WrongCode):
                checked(one, other_than(one.code))
    last = asked(now=NOW + MINUTE)
    with pytest.raises(TooOften) as often:
        checked(last, last.code, now=NOW + MINUTE)
    assert often.value.retry_after_s == 59 * 60
    other = asked("ben@example.com")
    assert checked(other, other.code)
    later = asked(now=NOW + 60 * MINUTE)
    assert checked(later, later.code, now=NOW + 60 * MINUTE)


def test_a_right_code_clears_the_wrong_ones(installation: Installation) -> None:
    for _ in range(3):
        one = asked()
        for _ in range(4):
            with pytest.raises(signin.WrongCode):
                checked(one, other_than(one.code))
        assert checked(one, one.code)


def test_a_link_lets_in_once_and_is_kept_as_a_hash(installation: Installation) -> None:
    link = signin.link_token("ann", leads_to="/me/rewards/", now=NOW)
    assert SignInLink.objects.get().token_sha256 != link
    assert signin.is_good(link, now=NOW)
    assert signin.is_good(link, now=NOW)
    assert signin.entered(link, now=NOW) == Entry("ann", "/me/rewards/")
    assert not signin.is_good(link, now=NOW)
    with pytest.raises(signin.LinkGone):
        signin.entered(link, now=NOW)


def test_a_link_is_good_for_a_week(installation: Installation) -> None:
    first, second = (signin.link_token("ann", now=NOW) for _ in range(2))
    assert signin.entered(first, now=NOW + timedelta(days=7) - MINUTE)
    with pytest.raises(signin.LinkGone):
        signin.entered(second, now=NOW + timedelta(days=7))
    with pytest.raises(signin.LinkGone):
        signin.entered("x" * 40, now=NOW)


# What the host signs


def key_of_host(installation: Installation) -> tuple[keys.Key, str]:
    return keys.make("tester", "portal", is_test=False, now=NOW)


def token(
    key: keys.Key, secret: str, *, header: Any = None, algorithm: str = "HS256", **claims: Any
) -> str:
    said = {
        "sub": "ann",
        "aud": settings.BASE_URL,
        "exp": int((NOW + timedelta(minutes=5)).timestamp()),
        "jti": "one",
    } | claims
    said = {name: value for name, value in said.items() if value is not None}
    header = {"kid": str(key.id)} if header is None else header
    return jwt.encode(said, secret, algorithm, headers=header)


def test_a_token_of_the_host_says_who_comes_once(installation: Installation) -> None:
    key, secret = key_of_host(installation)
    signed = token(key, secret, name="Anna", locale="zh-CN", next="/me/friends/")
    claim = signin.host_claim(signed, now=NOW)
    assert (claim.user_id, claim.name, claim.locale, claim.next, claim.key_id) == (
        "ann", "Anna", "zh-CN", "/me/friends/", key.id,
    )  # fmt: skip
    with pytest.raises(signin.BadClaim, match="was used before"):
        signin.host_claim(signed, now=NOW)
    assert signin.read_claim(signed, now=NOW) == claim
    # The same `jti` of another key is another token.
    other, another = keys.make("tester", "portal", is_test=False, now=NOW)
    assert signin.host_claim(token(other, another), now=NOW).user_id == "ann"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sub": None}, "sub"),
        ({"sub": ""}, "must not be empty"),
        ({"sub": "x" * 513}, "at most 512"),
        ({"aud": "https://elsewhere.example"}, "Audience"),
        ({"aud": None}, "aud"),
        ({"jti": None}, "jti"),
        ({"exp": None}, "exp"),
        ({"exp": int(NOW.timestamp())}, "too old"),
        ({"exp": int((NOW + timedelta(minutes=5, seconds=1)).timestamp())}, "five minutes"),
        ({"exp": "soon"}, "exp"),
        ({"name": 7}, "`name` must be a text"),
        ({"header": {"kid": "no"}}, "`kid`"),
        ({"header": {"kid": "999"}}, "no portal key"),
    ],
)
def test_a_token_that_does_not_hold(
    installation: Installation, changes: dict[str, Any], said: str
) -> None:
    key, secret = key_of_host(installation)
    with pytest.raises(signin.BadClaim, match=said):
        signin.host_claim(token(key, secret, **changes), now=NOW)
    assert not UsedClaim.objects.exists()


def test_tokens_nobody_signed(installation: Installation) -> None:
    key, secret = key_of_host(installation)
    said = {"sub": "ann", "aud": settings.BASE_URL, "jti": "1", "exp": 2**33}
    unsigned = jwt.encode(said, None, "none", headers={"kid": str(key.id)})
    forged = token(key, "another secret that is as long as it should be")
    # Another form of signature than the agreed one is refused, whatever it was made with.
    stronger = token(key, secret * 2, algorithm="HS512")
    for signed in ("", "x", "a.b.c", unsigned, forged, stronger):
        with pytest.raises(signin.BadClaim):
            signin.host_claim(signed, now=NOW)
    keys.revoke("tester", key.id, now=NOW)
    with pytest.raises(signin.BadClaim, match="no portal key"):
        signin.host_claim(token(key, secret), now=NOW)


def test_a_portal_key_is_kept_sealed_and_calls_nothing(installation: Installation) -> None:
    key, secret = key_of_host(installation)
    assert (key.role, key.scopes, secret[:8]) == ("portal", frozenset(), "tk_live_")
    assert keys.signing_secret(key.id) == secret
    other, _ = keys.make("tester", "secret", is_test=False, now=NOW)
    assert keys.signing_secret(other.id) is None


# Whose contact it is


def identified(user_id: str, email: str, *, source: str, role: Role = "secret") -> None:
    event = {"type": "identify", "userId": user_id, "traits": {"email": email}}
    accepted = accept(event, now=NOW, source=source, role=role)
    assert isinstance(accepted, Incoming)
    append([accepted])


def test_a_claim_by_a_key_that_anybody_can_read_lets_nobody_in(installation: Installation) -> None:
    public, _ = keys.make("tester", "publishable", is_test=False, now=NOW)
    shop, _ = keys.make("tester", "write", is_test=False, now=NOW)
    identified("ann", "anna@example.com", source=shop.actor)
    identified("ann", "thief@example.com", source=public.actor, role="publishable")
    identified("ben", "ben@example.com", source=public.actor, role="publishable")
    identified("ben", "ben@example.com", source=shop.actor)
    Line().work()
    assert owners("email", "anna@example.com") == ["ann"]
    assert owners("email", "thief@example.com") == []
    assert owners("email", "ben@example.com") == ["ben"]
    assert owners("email", "nobody@example.com") == []


def test_a_claim_on_an_id_that_was_merged_lets_nobody_in_either(
    installation: Installation,
) -> None:
    public, _ = keys.make("tester", "publishable", is_test=False, now=NOW)
    shop, _ = keys.make("tester", "write", is_test=False, now=NOW)
    identified("old", "old@example.com", source=shop.actor)
    identified("ann", "ann@example.com", source=shop.actor)
    Line().work()
    merge_customers("tester", "old", "ann", reason="one person", now=NOW)
    identified("old", "thief@example.com", source=public.actor, role="publishable")
    Line().work()
    assert owners("email", "old@example.com") == ["ann"]
    assert owners("email", "thief@example.com") == []


def test_a_chinese_number_is_found_with_its_country_and_without(
    installation: Installation,
) -> None:
    line = Line()
    line.say("identify", "ann", traits={"phone": "+86 138 1234 5678"})
    line.say("identify", "ben", traits={"phone": "13912345678"})
    line.work()
    assert owners("phone", "13812345678") == ["ann"]
    assert owners("phone", "+8613912345678") == ["ben"]
    assert spellings("phone", "+442079460958") == ("+442079460958",)
    assert spellings("email", "13812345678") == ("13812345678",)


# Where they are signed in


def test_a_device_is_seen_until_it_is_ended(installation: Installation) -> None:
    first = devices.begin("ann", way="code", device="Safari, iPhone", now=NOW)
    second = devices.begin("ann", way="host", device="", now=NOW + MINUTE)
    assert [one.number for one in devices.of("ann", now=NOW)] == [second, first]
    assert not devices.end("ben", first, now=NOW)
    assert devices.end("ann", first, now=NOW)
    assert devices.seen(first, now=NOW) is None
    assert devices.end_all("ann", now=NOW) == 1
    assert devices.of("ann", now=NOW) == []


def test_who_does_not_come_back_for_two_weeks_is_signed_out(installation: Installation) -> None:
    number = devices.begin("ann", way="code", device="", now=NOW)
    day = timedelta(days=1)
    assert devices.seen(number, now=NOW + 13 * day)
    assert devices.seen(number, now=NOW + 26 * day)
    assert devices.seen(number, now=NOW + 40 * day) is None
    assert devices.forget(now=NOW + 41 * day) == 1


def test_what_is_past_its_time_is_forgotten(installation: Installation) -> None:
    key, secret = key_of_host(installation)
    asked()
    signin.link_token("ann", now=NOW)
    signin.host_claim(token(key, secret), now=NOW)
    assert signin.forget(now=NOW + 9 * MINUTE) == 1  # the token
    # The code, and the tallies of contact and address.
    assert signin.forget(now=NOW + timedelta(hours=2)) == 3
    assert signin.forget(now=NOW + timedelta(days=8)) == 1
