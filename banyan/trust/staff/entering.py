"""entering: a password and a code, tried no more often than a person would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.contrib.auth import authenticate, get_user_model

from banyan.kernel.errors import Problem
from banyan.kernel.sealing import token
from banyan.trust.access import tallies
from banyan.trust.access.tallies import TooOften
from banyan.trust.audit.acts import record
from banyan.trust.staff.factor import matched
from banyan.trust.staff.read import Member, member

SPAN = timedelta(minutes=15)
WRONG_FROM_ONE_PLACE = 8
"""Wrong passwords of one member from one address within the span; then none is taken."""
WRONG_OF_ONE_MEMBER = 60
"""From wherever, in an hour: a stranger who tries from many places locks out nobody sooner."""
WRONG_FROM_ONE_ADDRESS = 100
"""Of whomever, in an hour."""
WRONG_CODES = 10
"""Of one member within the span."""
WRONG_CODES_A_DAY = 30
"""Who has learnt a password and guesses, of a million codes three being good at a time, gets in
after thirty years on average."""
LINKS_A_MEMBER = 3
LINKS_AN_ADDRESS = 20
"""In an hour."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class WrongEntry(Problem):
    """Not the address and password of somebody who may sign in: which of them is not said."""


def signed_in(email: str, password: str, *, address: str, now: datetime) -> Member:
    """Who that is. Raises WrongEntry, TooOften.

    Addresses of nobody are counted, and take as long, as those of members.
    """
    name = email.strip().lower()
    who = token(name, purpose="staff sign-in")
    with _counted(
        (f"staff-password:{who}:{address}", WRONG_FROM_ONE_PLACE, SPAN),
        (f"staff-password:{who}", WRONG_OF_ONE_MEMBER, _HOUR),
        (f"staff-password-from:{address}", WRONG_FROM_ONE_ADDRESS, _HOUR),
        now=now,
    ):
        user = authenticate(username=name, password=password)
        found = member(user.pk) if user is not None else None
        if found is None or not found.roles:
            raise WrongEntry("The e-mail address or the password is wrong.")
    tallies.clear(f"staff-password:{who}:{address}")
    return found


def code_taken(user_id: int, code: str, *, now: datetime) -> str:
    """The second factor: the way it was shown, `app` or `recovery code`. Raises WrongEntry,
    TooOften."""
    key = f"staff-code:{user_id}"
    with _counted(
        (key, WRONG_CODES, SPAN), (f"staff-code-day:{user_id}", WRONG_CODES_A_DAY, _DAY), now=now
    ):
        way = matched(user_id, code)
        if way is None:
            raise WrongEntry("This code is not right; wait for the next one and try again.")
    tallies.clear(key)
    return way


def note(user_id: int, *, factor: str, now: datetime) -> None:
    """Write down that somebody came in, and what they showed beside their password."""
    user = get_user_model().objects.get(pk=user_id)
    user.last_login = now
    user.save(update_fields=["last_login"])
    record(
        f"user:{user_id}", "staff.signed_in", f"user:{user_id}", now=now, after={"factor": factor}
    )


def may_ask_for_link(email: str, *, address: str, now: datetime) -> bool:
    """Whether one more link may be sent to that address. Raises TooOften for who asks too much
    from one place; of one member's address nothing is said, so that nobody learns whose it is."""
    tallies.take(f"staff-link-from:{address}", most=LINKS_AN_ADDRESS, span=_HOUR, now=now)
    who = token(email.strip().lower(), purpose="staff sign-in")
    try:
        tallies.take(f"staff-link:{who}", most=LINKS_A_MEMBER, span=_HOUR, now=now)
    except TooOften:
        return False
    return True


@contextmanager
def _counted(*limits: tuple[str, int, timedelta], now: datetime) -> Iterator[None]:
    """Let something be tried unless a limit is reached; a wrong try counts for each."""
    for key, most, _span in limits:
        tallies.check(key, most=most, now=now)
    try:
        yield
    except WrongEntry:
        for key, most, span in limits:
            tallies.take(key, most=most, span=span, now=now)
        raise
