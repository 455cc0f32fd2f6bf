"""methods: ways by which cash reaches somebody, and what of them must be known for each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from banyan.core.people.masks import mask_email, mask_name, mask_phone
from banyan.kernel.errors import Problem

Method = Literal["bank", "alipay", "wechat", "stripe"]
METHODS: tuple[Method, ...] = get_args(Method)

NAMES: Mapping[Method, Promise] = {
    "bank": gettext_lazy("Bank transfer"),
    "alipay": gettext_lazy("Alipay"),
    "wechat": gettext_lazy("WeChat Pay"),
    "stripe": gettext_lazy("Stripe"),
}

LABELS: Mapping[str, Promise] = {
    "holder": gettext_lazy("Name of the holder"),
    "account": gettext_lazy("Account"),
    "bank": gettext_lazy("Bank"),
    "branch": gettext_lazy("Branch"),
    "city": gettext_lazy("City"),
}

FIELDS: Mapping[Method, tuple[str, ...]] = {
    "bank": ("holder", "account", "bank", "branch", "city"),
    "alipay": ("holder", "account"),
    "wechat": ("holder", "account"),
    "stripe": ("holder", "account"),
}
"""What is asked for each. `account` is the number, the Alipay log-in, the openid, the connected
account."""

OPTIONAL = ("branch", "city")
LONGEST = 120
MOST_LINES: Mapping[Method, int] = {"bank": 3000, "alipay": 3000, "wechat": 3000, "stripe": 3000}
"""Of one batch: Alipay's and WeChat Pay's own limit for a file."""

_FORMS: Mapping[Method, re.Pattern[str]] = {
    "bank": re.compile(r"(?=(?:[A-Z]*[0-9]){6})[A-Z0-9]{6,34}"),
    "alipay": re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+|1\d{10}"),
    "wechat": re.compile(r"[A-Za-z0-9_-]{20,40}"),
    "stripe": re.compile(r"acct_[A-Za-z0-9]{8,40}"),
}

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")


class BadPayee(Problem):
    """An account that money cannot be sent to."""

    status = 422
    code = "payee_refused"


@dataclass(frozen=True)
class Account:
    """Where money goes. `holder`, `account`: see `FIELDS`; the rest is of banks."""

    holder: str
    account: str
    bank: str = ""
    branch: str = ""
    city: str = ""


def checked(method: str, given: Mapping[str, str]) -> Account:
    """What somebody typed as an account of that method. Raises BadPayee."""
    if method not in METHODS:
        raise BadPayee(_("Choose how to be paid."))
    values = {name: " ".join(given.get(name, "").split()) for name in FIELDS[method]}
    for name, value in values.items():
        if not value and name not in OPTIONAL:
            raise BadPayee(_("{field}: fill this in.").format(field=LABELS[name]))
        if len(value) > LONGEST or not value.isprintable():
            raise BadPayee(_("{field}: this is too long.").format(field=LABELS[name]))
        if value.startswith(("=", "+", "-", "@")):
            # Such a cell is a formula to whoever opens the file as a sheet.
            raise BadPayee(_("{field}: begin with a letter or digit.").format(field=LABELS[name]))
    if method == "bank":
        values["account"] = values["account"].replace(" ", "").upper()
    if not _FORMS[method].fullmatch(values["account"]):
        raise BadPayee(_("{field}: check it, it has another form.").format(field=LABELS["account"]))
    if method == "bank" and _IBAN.fullmatch(values["account"]) and not _fits(values["account"]):
        raise BadPayee(
            _("{field}: check it, a letter or digit of this IBAN is wrong.").format(
                field=LABELS["account"]
            )
        )
    return Account(**values)


def shown(account: Account) -> str:
    """`张*  ····1234`: what one recognises it by."""
    text = f"····{account.account[-4:]}" if account.bank else _masked(account.account)
    return f"{mask_name(account.holder)} {text}"


def _fits(iban: str) -> bool:
    """By the check digits of ISO 13616: with the first four at the end, and letters as 10 to 35,
    it leaves 1 when divided by 97."""
    return int("".join(str(int(one, 36)) for one in iban[4:] + iban[:4])) % 97 == 1


def _masked(text: str) -> str:
    if "@" in text:
        return mask_email(text)
    if re.fullmatch(r"1\d{10}", text):
        return mask_phone(text)
    return "····" + text[-4:]
