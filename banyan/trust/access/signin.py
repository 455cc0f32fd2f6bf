"""signin: how a customer proves who they are: a code sent to a contact, a link from a message, or a
token that the host site signed.

Nothing here tells a contact of a customer from any other: codes are made, counted and checked alike
for both, and whose contact it is, is asked after the proof.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import jwt
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from banyan.core.people.contacts import Kind, comparable_email, comparable_phone, stand_in
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal, token, unseal
from banyan.trust.access import tallies
from banyan.trust.access.keys import signing_secret
from banyan.trust.access.models import SignInCode, SignInLink, UsedClaim

CODE_GOOD_FOR = timedelta(minutes=10)
CODE_TRIES = 5
LINK_GOOD_FOR = timedelta(days=7)
CLAIM_AT_MOST = timedelta(minutes=5)
"""How far ahead the expiry of a host's token may lie."""

HOUR = timedelta(hours=1)
CODES_A_CONTACT = 5
CODES_AN_ADDRESS = 40
"""In an hour. Many telephones share the address of their network."""
WRONG_A_CONTACT = 10
WRONG_AN_ADDRESS = 60
"""Wrong codes in an hour, then no code is taken."""

LONGEST_CONTACT = 254
_LONGEST_ID = 512
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+")
_DIGITS = re.compile(r"\d{6}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoContact(Problem):
    """A text that is neither an e-mail address nor a phone number."""

    status = 422
    code = "not_a_contact"


class WrongCode(Problem):
    """The code is not the one that was sent; `tries_left` more may be made."""

    status = 422
    code = "wrong_code"

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"This is not the code that was sent; {tries_left} tries are left.")
        self.tries_left = tries_left


class CodeGone(Problem):
    """A code that is used, too old, or was tried too often."""

    status = 410
    code = "code_gone"


class LinkGone(Problem):
    """A link that is used, too old, or never was."""

    status = 410
    code = "link_gone"


class BadClaim(Problem):
    """A host's token that lets nobody in, and why: for whoever makes the tokens."""

    status = 401
    code = "bad_token"


@dataclass(frozen=True)
class Asked:
    """A code that is to be sent now; `id` is for the browser that asked, and for no one else."""

    id: str
    code: str


@dataclass(frozen=True)
class Proven:
    """A contact whose owner has just shown that they read it."""

    kind: Kind
    value: str


@dataclass(frozen=True)
class Entry:
    """Whom a link lets in, and where it leads: a path of ours."""

    user_id: str
    leads_to: str


@dataclass(frozen=True)
class HostClaim:
    """What a host site says of its customer. `name`, `locale` and `next` may be empty."""

    user_id: str
    name: str
    locale: str
    next: str
    key_id: int
    token_id: str
    expires_at: datetime


def contact_of(text: str) -> Proven:
    """An e-mail address or a phone number as somebody typed it, as it is compared; nothing is
    proven of it yet. Raises NoContact."""
    given = text.strip()
    if len(given) <= LONGEST_CONTACT and "\x00" not in given:
        email, phone = comparable_email(given), comparable_phone(given)
        if _EMAIL.fullmatch(email):
            return Proven("email", email)
        if 6 <= len(phone.lstrip("+")) <= 15 and not re.search(r"[^\d\s+().\-/]", given):
            return Proven("phone", phone)
    raise NoContact("Write an e-mail address such as anna@example.com, or a phone number.")


def ask(kind: Kind, value: str, *, purpose: str, address: str, now: datetime) -> Asked:
    """A fresh code for a contact, to be sent there. `address` is the asking browser's.

    Raises tallies.TooOften, alike for contacts that we know and that we do not.
    """
    contact = _stand_in(kind, value)
    tallies.take(f"code:{address}", most=CODES_AN_ADDRESS, span=HOUR, now=now)
    tallies.take(f"code:{contact}", most=CODES_A_CONTACT, span=HOUR, now=now)
    asked = Asked(secrets.token_urlsafe(24), f"{secrets.randbelow(10**6):06}")
    SignInCode.objects.create(
        id=asked.id,
        purpose=purpose,
        kind=kind,
        value_sealed=seal(value.encode(), context=_context(asked.id)),
        code_hash=_hash(asked.id, asked.code),
        asked_at=now,
        expires_at=now + CODE_GOOD_FOR,
    )
    return asked


def check(asked_id: str, code: str, *, purpose: str, address: str, now: datetime) -> Proven:
    """The contact that the code proves; the code is used up by it.

    Raises WrongCode, CodeGone, and tallies.TooOften after many wrong ones for one contact or from
    one address.
    """
    row = SignInCode.objects.filter(id=asked_id, purpose=purpose).first()
    if row is None:
        raise _code_gone()
    kind: Kind = "email" if row.kind == "email" else "phone"
    value = unseal(bytes(row.value_sealed), context=_context(row.id)).decode()
    wrong = {
        f"wrong:{_stand_in(kind, value)}": WRONG_A_CONTACT,
        f"wrong:{address}": WRONG_AN_ADDRESS,
    }
    for key, most in wrong.items():
        tallies.check(key, most=most, now=now)
    # The try is taken before the code is looked at, so that many at once are not more tries.
    good = SignInCode.objects.filter(id=row.id, used_at=None, expires_at__gt=now)
    if not good.filter(tries__lt=CODE_TRIES).update(tries=F("tries") + 1):
        raise _code_gone()
    digits = "".join(re.findall(r"\d", code))
    if not (
        _DIGITS.fullmatch(digits) and hmac.compare_digest(row.code_hash, _hash(row.id, digits))
    ):
        for key in wrong:
            tallies.take(key, most=2**31 - 2, span=HOUR, now=now)
        row.refresh_from_db()
        raise WrongCode(CODE_TRIES - row.tries)
    if not good.update(used_at=now):
        raise _code_gone()
    tallies.clear(f"wrong:{_stand_in(kind, value)}")
    return Proven(kind, value)


def link_token(
    user_id: str, *, now: datetime, leads_to: str = "/me/", good_for: timedelta = LINK_GOOD_FOR
) -> str:
    """A token for `BASE_URL/me/l/TOKEN`, which lets the customer in, once; for messages to them.

    `leads_to` is a path of ours.
    """
    made = secrets.token_urlsafe(24)
    SignInLink.objects.create(
        token_sha256=_sha256(made),
        customer=user_id,
        leads_to=leads_to,
        expires_at=now + good_for,
    )
    return made


def is_good(link: str, *, now: datetime) -> bool:
    """Whether a link would let somebody in; it stays unused."""
    return SignInLink.objects.filter(
        token_sha256=_sha256(link), used_at=None, expires_at__gt=now
    ).exists()


def entered(link: str, *, now: datetime) -> Entry:
    """Whom the link lets in; it is used up by it. Raises LinkGone."""
    rows = SignInLink.objects.filter(token_sha256=_sha256(link), used_at=None, expires_at__gt=now)
    row = rows.first()
    if row is None or not rows.update(used_at=now):
        raise LinkGone("This link was used, or is too old; sign in with a code.")
    return Entry(row.customer, row.leads_to)


def host_claim(signed: str, *, now: datetime) -> HostClaim:
    """What a host's token says, for its one use. Raises BadClaim."""
    claim = read_claim(signed, now=now)
    try:
        with transaction.atomic():
            UsedClaim.objects.create(
                digest=_sha256(f"{claim.key_id}\x00{claim.token_id}"), expires_at=claim.expires_at
            )
    except IntegrityError:
        raise BadClaim("`jti`: this token was used before; make one for each opening.") from None
    return claim


def read_claim(signed: str, *, now: datetime) -> HostClaim:
    """What a host's token says; it stays unused. Raises BadClaim with the claim and the cure."""
    key_id = _key_of(signed)
    secret = signing_secret(key_id)
    if secret is None:
        raise BadClaim("`kid`: no portal key of that number; `banyan keys list` lists them.")
    try:
        # The clock that counts is ours, which in a test installation can stand ahead.
        said = jwt.decode(
            signed,
            secret,
            algorithms=["HS256"],
            audience=settings.BASE_URL,
            options={
                "require": ["sub", "aud", "exp", "jti"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.InvalidTokenError as wrong:
        raise BadClaim(f"The token does not hold: {wrong}.") from None
    return _claim(said, key_id, now)


def forget(*, now: datetime) -> int:
    """Delete codes, links and tokens that are past their time, and tallies; how many."""
    deleted = tallies.forget(now=now)
    for table in (SignInCode, SignInLink, UsedClaim):
        deleted += table.objects.filter(expires_at__lt=now).delete()[0]
    return deleted


def _key_of(signed: str) -> int:
    try:
        kid = jwt.get_unverified_header(signed).get("kid", "")
    except jwt.InvalidTokenError as wrong:
        raise BadClaim(f"This is no token: {wrong}.") from None
    if not (isinstance(kid, str) and kid.isascii() and kid.isdigit() and len(kid) <= 18):
        raise BadClaim("`kid`: the header must name the number of the portal key, as a text.")
    return int(kid)


def _claim(said: Mapping[str, Any], key_id: int, now: datetime) -> HostClaim:
    words = {name: said.get(name) or "" for name in ("sub", "jti", "name", "locale", "next")}
    for name, word in words.items():
        if not isinstance(word, str) or len(word) > _LONGEST_ID or "\x00" in word:
            raise BadClaim(f"`{name}` must be a text of at most {_LONGEST_ID} characters.")
    if not words["sub"] or not words["jti"]:
        raise BadClaim("`sub` and `jti` must not be empty.")
    return HostClaim(
        user_id=words["sub"],
        name=words["name"],
        locale=words["locale"],
        next=words["next"],
        key_id=key_id,
        token_id=words["jti"],
        expires_at=_expiry(said["exp"], now),
    )


def _expiry(exp: object, now: datetime) -> datetime:
    if isinstance(exp, bool) or not isinstance(exp, int | float) or not 0 < exp < 2**40:
        raise BadClaim("`exp` must be a number of seconds since 1970.")
    at = _EPOCH + timedelta(seconds=exp)
    if at <= now:
        raise BadClaim("`exp`: this token is too old; make one for each opening.")
    if at > now + CLAIM_AT_MOST:
        raise BadClaim("`exp` may lie at most five minutes ahead.")
    return at


def _code_gone() -> CodeGone:
    return CodeGone("This code was used, is too old, or was tried too often; ask for a new one.")


def _stand_in(kind: Kind, value: str) -> str:
    found = stand_in(kind, value)
    if found is None:
        raise NoContact(f"This is no {kind}.")
    return found


def _hash(asked_id: str, code: str) -> str:
    return token(f"{asked_id}:{code}", purpose="sign-in code")


def _context(asked_id: str) -> str:
    return f"sign-in:{asked_id}"


def _sha256(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
