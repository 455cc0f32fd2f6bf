"""builder_choices: the answers that the builder's questions offer, in plain words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from banyan.kernel.money import MINOR_DIGITS

_FIRST_CURRENCIES = ("CNY", "USD", "EUR", "HKD", "GBP", "JPY")

CURRENCIES = tuple(
    (code, code)
    for code in (*_FIRST_CURRENCIES, *sorted(set(MINOR_DIGITS) - set(_FIRST_CURRENCIES)))
)
TIMEZONES = tuple(
    (zone, zone)
    for zone in (
        "UTC",
        "Asia/Shanghai",
        "Asia/Hong_Kong",
        "Asia/Singapore",
        "Asia/Tokyo",
        "Europe/London",
        "Europe/Berlin",
        "America/New_York",
        "America/Chicago",
        "America/Los_Angeles",
        "Australia/Sydney",
    )
)
LEVELS = (
    ("customers", _("customers")),
    ("loyal", _("loyal customers")),
    ("partners", _("partners")),
    ("staff", _("staff")),
    ("prospects", _("people who have not bought yet")),
)
GOALS = (
    ("", _("— choose —")),
    ("growth", _("growth and revenue")),
    ("retention", _("keeping customers")),
    ("trust", _("building trust")),
)
METRICS = (
    ("", _("— choose —")),
    ("joined", _("friends who joined, in 30 days")),
    ("bought", _("friends who bought, in 30 days")),
    ("advocates", _("people who brought a friend, in 30 days")),
    ("other", _("something else, typed in by hand")),
)
RHYTHMS = (
    ("", _("— choose —")),
    ("week", _("every week")),
    ("month", _("every month")),
    ("quarter", _("every quarter")),
)
CHANNELS = (
    ("wechat", _("WeChat")),
    ("moments", _("Moments")),
    ("community", _("chat groups")),
    ("sms", _("text message")),
    ("email", _("e-mail")),
    ("copy", _("a link to copy")),
    ("poster", _("posters and cards")),
    ("shop", _("in the shop")),
    ("telephone", _("by telephone")),
)
REFERRERS = (
    ("", _("anybody")),
    ("is_known", _("anybody we know by name (members)")),
    ("orders >= 1", _("customers who have ordered")),
    ("orders >= 2", _("customers who have ordered twice or more")),
    ("is_known AND tenure_days >= 30", _("members of 30 days or more")),
)
FRIENDS = (
    ("", _("people who have not ordered yet (when nothing is written)")),
    ("is_new", _("people who have not ordered yet")),
    ("NOT is_known", _("people we do not know yet")),
    ("TRUE", _("anybody, also customers")),
)
CREDITS = (
    ("", _("the last invitation (when nothing is written)")),
    ("last_touch", _("the last invitation")),
    ("first_touch", _("the first invitation")),
)
PREFERENCES = _("code, invite, click: the strongest first; what is not listed does not count")
TIMES = (
    ("", _("every time")),
    ("nth = 1", _("the first time only")),
    ("nth <= 10", _("the first ten times")),
    ("nth <= 100", _("the first hundred times")),
    ("nth = 2", _("the second time only")),
    ("nth = 3", _("the third time only")),
    ("nth = 5", _("the fifth time only")),
    ("nth = 10", _("the tenth time only")),
)
PEOPLE = (
    ("advocate", _("the advocate")),
    ("friend", _("the friend")),
    ("upline", _("the advocate’s own advocate")),
    ("self", _("the customer")),
    ("charity", _("a charity, named")),
)
THINGS = (
    ("cash", _("cash")),
    ("credit", _("credit in the shop")),
    ("points", _("points")),
    ("coupon", _("a coupon, named")),
    ("gift", _("a gift, named")),
    ("perk", _("a benefit, named")),
    ("badge", _("a badge, named")),
)
REFUNDS = (
    ("", _("as usual: a percentage in proportion, all else in full")),
    ("full", _("take it back when the whole order goes back")),
    ("proportional", _("take back the share that goes back")),
    ("keep", _("let them keep it")),
)
PERS = (
    ("advocate", _("per advocate")),
    ("friend", _("per friend")),
    ("beneficiary", _("per person who gets it")),
    ("program", _("for the whole program")),
)
PERIODS = (
    ("", _("for ever")),
    ("day", _("a day")),
    ("week", _("a week")),
    ("month", _("a month")),
    ("quarter", _("a quarter")),
    ("year", _("a year")),
)
UNITS = (("d", _("days")), ("h", _("hours")), ("m", _("minutes")), ("s", _("seconds")))
VERDICTS = (("reject", _("give nothing")), ("hold", _("ask a person first")))
WHOSE = (
    ("", _("both sides’ rewards")),
    ("both", _("both sides’ rewards")),
    ("advocate", _("the advocate’s rewards")),
)
SIGNS = (
    ("same_device", _("both use the same device")),
    ("same_ip", _("both come from the same network address")),
    ("same_contact", _("both have the same e-mail address or number")),
    ("same_device OR same_contact", _("the same device or the same contact")),
    ("disposable_email", _("a throw-away e-mail address")),
    ("friends_24h > 20", _("more than 20 friends within a day")),
    ("device_friends > 2", _("more than two friends on one device")),
)
EVENTS = (
    "Order Completed",
    "Signed Up",
    "Subscription Started",
    "Trial Started",
    "Invoice Paid",
    "Contract Signed",
    "Product Reviewed",
)
