"""Invitations, passwords, limits, second factors and sessions of the staff."""

from __future__ import annotations

import time
from base64 import b32decode
from datetime import UTC, datetime, timedelta

import pytest
from django_otp.oath import TOTP

from banyan.trust.access.tallies import TooOften
from banyan.trust.audit.read import entries
from banyan.trust.staff import acts, entering, factor, invitations, saved, sessions
from banyan.trust.staff.read import by_email, member
from tests.installation import Installation

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
PASSWORD = "correct horse battery"


def code_of(key: str, *, ahead: int = 0) -> str:
    """What an app with that key shows, or will show so many steps from now."""
    totp = TOTP(b32decode(key + "=" * (-len(key) % 8)))
    totp.time = time.time() + 30 * ahead
    return f"{totp.token():06}"


def token_of(url: str) -> str:
    """The secret in a link."""
    return url.rstrip("/").rpartition("/")[2]


def test_an_invitation_lets_one_set_a_password_once(installation: Installation) -> None:
    made = invitations.invite("system", "Ann@Example.com", roles=["growth"], now=NOW)
    assert (made.member.email, made.expires_at) == ("ann@example.com", NOW + timedelta(days=7))
    [waiting] = invitations.invited(now=NOW)
    assert (waiting.member.email, waiting.expires_at) == ("ann@example.com", made.expires_at)
    token = token_of(made.url)
    assert invitations.opened(token, now=NOW).is_invitation
    with pytest.raises(acts.BadMember, match=r"^password: "):
        invitations.choose_password(token, "password", now=NOW)
    invitations.choose_password(token, PASSWORD, now=NOW)
    with pytest.raises(invitations.LinkGone):
        invitations.choose_password(token, PASSWORD + "2", now=NOW)
    assert invitations.invited(now=NOW) == []
    found = entering.signed_in("ann@example.com ", PASSWORD, address="192.0.2.1", now=NOW)
    assert found.roles == ("growth",)
    with pytest.raises(acts.BadMember, match="works here already"):
        invitations.invite("system", "ann@example.com", roles=["admin"], now=NOW)
    verbs = [entry.verb for entry in reversed(entries())]
    assert verbs == ["staff.added", "staff.invited", "staff.password_set"]


def test_links_age_are_replaced_and_withdrawn(installation: Installation) -> None:
    first = invitations.invite("system", "ann@example.com", roles=["sales"], now=NOW)
    second = invitations.invite_again("system", first.member.id, now=NOW)
    with pytest.raises(invitations.LinkGone):
        invitations.opened(token_of(first.url), now=NOW)
    assert invitations.opened(token_of(second.url), now=NOW).member.email == "ann@example.com"
    with pytest.raises(invitations.LinkGone):
        invitations.opened(token_of(second.url), now=NOW + timedelta(days=7))
    invitations.withdraw("system", first.member.id, now=NOW)
    with pytest.raises(invitations.LinkGone):
        invitations.opened(token_of(second.url), now=NOW)
    again = invitations.invite("system", "ann@example.com", roles=["growth"], now=NOW)
    assert (again.member.id, again.member.roles) == (first.member.id, ("growth",))
    invitations.choose_password(token_of(again.url), PASSWORD, now=NOW)
    with pytest.raises(acts.BadMember, match="not come in yet"):
        invitations.withdraw("system", first.member.id, now=NOW)


def test_a_forgotten_password_says_nothing_of_strangers(installation: Installation) -> None:
    ann = acts.add("system", "ann@example.com", roles=["growth"], password=PASSWORD, now=NOW)
    assert invitations.forgotten("bob@example.com", now=NOW) is None
    made = invitations.forgotten(" Ann@example.com", now=NOW)
    assert made is not None
    session = sessions.begin(ann.id, device="Firefox, Linux", now=NOW)
    invitations.choose_password(token_of(made.url), PASSWORD + "!", now=NOW)
    assert not sessions.seen(session, ann.id, now=NOW)
    acts.add("system", "bob@example.com", roles=["admin"], password=PASSWORD, now=NOW)
    acts.set_active("system", ann.id, is_active=False, now=NOW)
    assert invitations.forgotten("ann@example.com", now=NOW) is None


def test_wrong_passwords_are_counted_for_members_and_strangers_alike(
    installation: Installation,
) -> None:
    acts.add("system", "ann@example.com", roles=["growth"], password=PASSWORD, now=NOW)
    for email in ("ann@example.com", "nobody@example.com"):
        for _ in range(entering.WRONG_FROM_ONE_PLACE):
            with pytest.raises(entering.WrongEntry):
                entering.signed_in(email, "wrong", address="192.0.2.1", now=NOW)
        with pytest.raises(TooOften):
            entering.signed_in(email, PASSWORD, address="192.0.2.1", now=NOW)
    # Ann is not locked out where she is, and the stranger's place opens again.
    assert entering.signed_in("ann@example.com", PASSWORD, address="192.0.2.2", now=NOW)
    later = NOW + entering.SPAN
    assert entering.signed_in("ann@example.com", PASSWORD, address="192.0.2.1", now=later)


def test_links_are_asked_for_no_more_than_a_person_would(installation: Installation) -> None:
    asked = [
        entering.may_ask_for_link("ann@example.com", address="192.0.2.1", now=NOW)
        for _ in range(entering.LINKS_A_MEMBER + 1)
    ]
    assert asked == [True] * entering.LINKS_A_MEMBER + [False]
    for n in range(entering.LINKS_AN_ADDRESS - len(asked)):
        assert entering.may_ask_for_link(f"{n}@example.com", address="192.0.2.1", now=NOW)
    with pytest.raises(TooOften):
        entering.may_ask_for_link("z@example.com", address="192.0.2.1", now=NOW)


def test_a_second_factor_counts_once_its_first_code_was_shown(installation: Installation) -> None:
    ann = acts.add("system", "ann@example.com", roles=["growth"], password=PASSWORD, now=NOW)
    begun = factor.begin(ann.id)
    assert begun == factor.begin(ann.id)
    assert begun.url.startswith("otpauth://totp/")
    assert not factor.has_factor(ann.id)
    codes = factor.confirm(ann.id, code_of(begun.key), now=NOW)
    assert (len(codes), len(set(codes)), factor.has_factor(ann.id)) == (10, 10, True)
    # A code is good once.
    with pytest.raises(entering.WrongEntry):
        entering.code_taken(ann.id, code_of(begun.key), now=NOW)
    # The next one is taken, though a wrong one came just before.
    assert entering.code_taken(ann.id, code_of(begun.key, ahead=1), now=NOW) == "app"
    assert entering.code_taken(ann.id, codes[0].upper(), now=NOW) == "recovery code"
    assert factor.codes_left(ann.id) == 9
    with pytest.raises(entering.WrongEntry):
        entering.code_taken(ann.id, codes[0], now=NOW)
    session = sessions.begin(ann.id, device="", now=NOW)
    factor.remove("user:99", ann.id, now=NOW)
    assert (factor.has_factor(ann.id), factor.codes_left(ann.id)) == (False, 0)
    assert not sessions.seen(session, ann.id, now=NOW)
    with pytest.raises(factor.BadFactor):
        factor.remove("user:99", ann.id, now=NOW)


def test_codes_are_not_guessed(installation: Installation) -> None:
    ann = acts.add("system", "ann@example.com", roles=["growth"], password=PASSWORD, now=NOW)
    begun = factor.begin(ann.id)
    factor.confirm(ann.id, code_of(begun.key), now=NOW)
    later = NOW
    for turn in range(entering.WRONG_CODES_A_DAY // entering.WRONG_CODES):
        later = NOW + turn * entering.SPAN
        for _ in range(entering.WRONG_CODES):
            with pytest.raises(entering.WrongEntry):
                entering.code_taken(ann.id, "abcd-efgh", now=later)
        with pytest.raises(TooOften):
            entering.code_taken(ann.id, code_of(begun.key, ahead=1), now=later)
    later += entering.SPAN
    with pytest.raises(TooOften):
        entering.code_taken(ann.id, code_of(begun.key, ahead=1), now=later)
    tomorrow = NOW + timedelta(days=1)
    assert entering.code_taken(ann.id, code_of(begun.key, ahead=1), now=tomorrow) == "app"


def test_a_wrong_first_code_sets_nothing_up(installation: Installation) -> None:
    ann = acts.add("system", "ann@example.com", roles=["growth"], password=PASSWORD, now=NOW)
    with pytest.raises(factor.BadFactor):
        factor.confirm(ann.id, "123456", now=NOW)
    begun = factor.begin(ann.id)
    wrong = f"{(int(code_of(begun.key)) + 1) % 1_000_000:06}"
    with pytest.raises(factor.BadFactor):
        factor.confirm(ann.id, wrong, now=NOW)
    assert not factor.has_factor(ann.id)


def test_sessions_end_by_idleness_by_age_and_by_hand(installation: Installation) -> None:
    ann = acts.add("system", "ann@example.com", roles=["admin"], password=PASSWORD, now=NOW)
    bob = acts.add("system", "bob@example.com", roles=["sales"], password=PASSWORD, now=NOW)
    number = sessions.begin(ann.id, device="Firefox, Linux", now=NOW)
    assert sessions.seen(number, ann.id, now=NOW + sessions.IDLE - timedelta(seconds=1))
    assert not sessions.seen(number, bob.id, now=NOW)
    at = NOW
    while at - NOW < sessions.LONGEST - timedelta(hours=6):
        at += timedelta(hours=6)
        is_alive = sessions.seen(number, ann.id, now=at)
    assert is_alive
    assert not sessions.seen(number, ann.id, now=NOW + sessions.LONGEST)
    other = sessions.begin(bob.id, device="", now=NOW)
    assert sessions.end(ann.actor, other, now=NOW)
    assert not sessions.end(ann.actor, other, now=NOW)
    third = sessions.begin(bob.id, device="", now=NOW)
    acts.set_active(ann.actor, bob.id, is_active=False, now=NOW)
    assert not sessions.seen(third, bob.id, now=NOW)
    assert [entry.verb for entry in entries(limit=2)] == ["staff.shut_out", "staff.session_ended"]


def test_what_is_long_over_is_forgotten(installation: Installation) -> None:
    made = invitations.invite("system", "ann@example.com", roles=["sales"], now=NOW)
    sessions.begin(made.member.id, device="", now=NOW)
    later = NOW + timedelta(days=14)
    assert (sessions.forget(now=NOW), invitations.forget(now=NOW)) == (0, 0)
    assert (sessions.forget(now=later), invitations.forget(now=later)) == (1, 0)
    assert invitations.forget(now=later + timedelta(seconds=1)) == 1


def test_ones_own_password_is_changed_by_who_knows_it(installation: Installation) -> None:
    ann = acts.add("system", "ann@example.com", roles=["admin"], password=PASSWORD, now=NOW)
    here, there = (sessions.begin(ann.id, device="", now=NOW) for _ in range(2))
    with pytest.raises(invitations.WrongPassword):
        invitations.change_password(ann.id, old="no", new=PASSWORD + "!", session=here, now=NOW)
    invitations.change_password(ann.id, old=PASSWORD, new=PASSWORD + "!", session=here, now=NOW)
    assert sessions.seen(here, ann.id, now=NOW)
    assert not sessions.seen(there, ann.id, now=NOW)
    assert by_email("ann@example.com") == member(ann.id)


def test_views_are_kept_for_oneself_or_for_all(installation: Installation) -> None:
    ann = acts.add("system", "ann@example.com", roles=["admin"], password=PASSWORD, now=NOW)
    bob = acts.add("system", "bob@example.com", roles=["sales"], password=PASSWORD, now=NOW)
    saved.keep(ann.id, "decisions", name="Held", query="outcome=held", is_shared=True, now=NOW)
    saved.keep(ann.id, "decisions", name="Mine", query="q=u-1", is_shared=False, now=NOW)
    saved.keep(ann.id, "decisions", name="Mine", query="q=u-2", is_shared=False, now=NOW)
    assert [(v.name, v.query) for v in saved.views(ann.id, "decisions")] == [
        ("Held", "outcome=held"),
        ("Mine", "q=u-2"),
    ]
    [shared] = saved.views(bob.id, "decisions")
    assert (shared.name, shared.is_mine) == ("Held", False)
    with pytest.raises(saved.BadView):
        saved.remove(bob.id, shared.number)
    saved.remove(ann.id, shared.number)
    assert saved.views(bob.id, "decisions") == []
    with pytest.raises(saved.BadView, match=r"^name: "):
        saved.keep(ann.id, "decisions", name=" ", query="", is_shared=False, now=NOW)
