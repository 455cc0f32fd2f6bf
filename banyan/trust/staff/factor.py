"""factor: the second factor: a code from an app (TOTP), or a recovery code used once."""

from __future__ import annotations

from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth import get_user_model
from django_otp import verify_token
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record
from banyan.trust.staff import sessions

RECOVERY_CODES = 10
_DIGITS = 6
_NAME = "banyan"


class BadFactor(Problem):
    """A second factor that cannot be set up or taken away."""


@dataclass(frozen=True)
class Begun:
    """A factor that is being set up: what an app scans, and the same to type."""

    url: str
    key: str


def is_required() -> bool:
    """Whether nobody works here without one (BANYAN_TWO_FACTOR)."""
    return bool(settings.TWO_FACTOR == "required")


def has_factor(user_id: int) -> bool:
    """Whether they have set one up."""
    return bool(TOTPDevice.objects.filter(user=user_id, confirmed=True).exists())


def with_factor() -> frozenset[int]:
    """Everybody who has."""
    return frozenset(TOTPDevice.objects.filter(confirmed=True).values_list("user", flat=True))


def begin(user_id: int) -> Begun:
    """Start to set one up, or go on with what was started; counts once its first code is shown."""
    device, _is_new = TOTPDevice.objects.get_or_create(
        user_id=user_id, confirmed=False, defaults={"name": _NAME}
    )
    return Begun(device.config_url, b32encode(device.bin_key).decode().rstrip("="))


def confirm(user_id: int, code: str, *, now: datetime) -> list[str]:
    """The first code is right: from now on one is asked. Recovery codes, shown here alone. Raises
    BadFactor."""
    device = TOTPDevice.objects.filter(user=user_id, confirmed=False).first()
    user = get_user_model().objects.get(pk=user_id)
    if device is None or not verify_token(user, device.persistent_id, _plain(code)):
        raise BadFactor("code: this is not the code that the app shows now; take the next one")
    with one_transaction():
        TOTPDevice.objects.filter(user=user_id, confirmed=True).delete()
        TOTPDevice.objects.filter(pk=device.pk).update(confirmed=True)
        codes = _new_codes(user_id)
        record(f"user:{user_id}", "staff.factor_set", f"user:{user_id}", now=now)
    return codes


def renew_codes(user_id: int, *, now: datetime) -> list[str]:
    """Other recovery codes; the old ones work no more. Raises BadFactor."""
    if not has_factor(user_id):
        raise BadFactor("factor: set one up first")
    with one_transaction():
        codes = _new_codes(user_id)
        record(f"user:{user_id}", "staff.recovery_codes_renewed", f"user:{user_id}", now=now)
    return codes


def codes_left(user_id: int) -> int:
    """How many recovery codes were not used yet."""
    return int(StaticToken.objects.filter(device__user=user_id).count())


def remove(actor: str, user_id: int, *, now: datetime) -> None:
    """Take a member's factor away: they lost it, or want none. Who had it taken away by somebody
    else signs in anew. Raises BadFactor."""
    with one_transaction():
        deleted, _rows = TOTPDevice.objects.filter(user=user_id).delete()
        if not deleted:
            raise BadFactor("factor: there is none to take away")
        StaticDevice.objects.filter(user=user_id).delete()
        if actor != f"user:{user_id}":
            sessions.end_all(user_id, now=now)
        record(actor, "staff.factor_removed", f"user:{user_id}", now=now)


def device_of(user_id: int) -> TOTPDevice | None:
    """Their factor, for the session that has shown it."""
    found: TOTPDevice | None = TOTPDevice.objects.filter(user=user_id, confirmed=True).first()
    return found


def matched(user_id: int, code: str) -> str | None:
    """`app` or `recovery code`, by which of them a code is; None for a wrong one. A code is taken
    once."""
    said = _plain(code)
    is_of_app = said.isdigit() and len(said) == _DIGITS
    devices = TOTPDevice if is_of_app else StaticDevice
    device = devices.objects.filter(user=user_id, confirmed=True).first()
    user = get_user_model().objects.get(pk=user_id)
    if device is None or not verify_token(user, device.persistent_id, said):
        return None
    return "app" if is_of_app else "recovery code"


def _new_codes(user_id: int) -> list[str]:
    StaticDevice.objects.filter(user=user_id).delete()
    device = StaticDevice.objects.create(user_id=user_id, name=_NAME, confirmed=True)
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return [f"{code[:4]}-{code[4:]}" for code in codes]


def _plain(code: str) -> str:
    return code.replace(" ", "").replace("-", "").strip().lower()
