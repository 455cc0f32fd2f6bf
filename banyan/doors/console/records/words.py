"""words: values of fields as people say them; what is no word of ours stays as it is."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_WORDS: dict[str, str | Promise] = {
    "yes": _("yes"),
    "no": _("no"),
    "draft": _("draft"),
    "live": _("live"),
    "paused": _("paused"),
    "closed": _("closed"),
    "ordered": _("ordered"),
    "published": _("published"),
    "refused": _("refused"),
    "granted": _("granted"),
    "held": _("held"),
    "rejected": _("rejected"),
    "released": _("released"),
    "denied": _("denied"),
    "waiting": _("waiting"),
    "sent": _("sent"),
    "delivered": _("delivered"),
    "bounced": _("bounced"),
    "failed": _("failed"),
    "suppressed": _("not sent on purpose"),
    "none": _("inbox alone"),
    "dead": _("given up"),
    "active": _("active"),
    "disabled": _("disabled"),
    "open": _("open"),
    "done": _("answered"),
    "accepted": _("taken up"),
    "solved": _("solved"),
    "appealed": _("appealed"),
    "upheld": _("upheld"),
    "corrected": _("put right"),
    "withdrawn": _("withdrawn"),
    "confirmed": _("confirmed"),
    "declined": _("declined"),
    "erased": _("erased"),
    "expired": _("expired"),
    "email": _("e-mail"),
    "phone": _("phone"),
    "sms": _("text message"),
    "wechat": _("WeChat"),
    "site": _("inbox"),
    "click": _("click"),
    "code": _("code"),
    "invite": _("invitation"),
}
_SPOKEN = frozenset({"status", "state", "outcome", "verdict", "kind", "channel"})


def value_in_words(field: str, value: str) -> str:
    """A value of a field of that name in words."""
    return str(_WORDS.get(value, value)) if field in _SPOKEN or value in ("yes", "no") else value
