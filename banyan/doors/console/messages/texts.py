"""texts: the texts of notices, by kind, channel and language, with a preview and a test."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.shortcuts import render as rendered
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from banyan.core.events import clock
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.staff import at_work
from banyan.doors.refusals import refusal
from banyan.engine.language.explain import LANGUAGES, Language
from banyan.growth.journeys import acts, templates
from banyan.growth.journeys.channels import configured
from banyan.growth.journeys.kinds import (
    CHANNELS,
    KINDS,
    TEXT_CHANNELS,
    Kind,
    TextChannel,
)
from banyan.growth.journeys.texts import filled
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record

CHANNEL_NAMES: Mapping[str, Promise] = {
    "site": gettext_lazy("inbox"),
    "email": gettext_lazy("e-mail"),
    "sms": gettext_lazy("text message"),
    "wechat": gettext_lazy("WeChat"),
}
LANGUAGE_NAMES = {"en": "English", "zh-hans": "简体中文"}

KIND_NAMES: Mapping[str, Promise] = {
    "sign_in_code": gettext_lazy("Code to sign in"),
    "sign_in_unknown": gettext_lazy("Somebody unknown tried to sign in"),
    "confirm_invitation": gettext_lazy("Friend: please confirm the invitation"),
    "lead_submitted": gettext_lazy("Company: a friend's contact was given"),
    "staff_invited": gettext_lazy("Staff: invitation"),
    "staff_password": gettext_lazy("Staff: choose a new password"),
    "staff_alarms": gettext_lazy("Staff: alarms"),
    "test": gettext_lazy("Test"),
    "reward_arrived": gettext_lazy("A reward has arrived"),
    "refused": gettext_lazy("A reward was refused"),
    "reversed": gettext_lazy("A reward was taken back"),
    "terms_changed": gettext_lazy("A program changes"),
    "program_resumed": gettext_lazy("A stopped program goes on"),
    "reward_expiring": gettext_lazy("A reward expires soon"),
    "reward_pending": gettext_lazy("A reward is on its way"),
    "thanks_advocate": gettext_lazy("Advocate: thank you"),
    "welcome_friend": gettext_lazy("Friend: welcome"),
    "step_reached": gettext_lazy("A friend came a step further"),
    "friend_joined": gettext_lazy("A friend has joined"),
    "friend_reminder": gettext_lazy("Friend: reminder of the invitation"),
    "offer_waits": gettext_lazy("An offer waits for you"),
}


@page("messages.edit")
def every(request: HttpRequest) -> HttpResponseBase:
    """All texts, in the language that is chosen."""
    lang = _language(request.GET.get("text_lang") or _page_language(request))
    by_place = {
        (row.kind, row.channel): row for row in templates.templates() if row.language == lang
    }
    context = {
        "rows": [
            {
                "name": name,
                "says": KIND_NAMES.get(name, name),
                "texts": [
                    (CHANNEL_NAMES[channel], by_place[name, channel]) for channel in TEXT_CHANNELS
                ],
            }
            for name in KINDS
        ],
        "channels": [CHANNEL_NAMES[channel] for channel in TEXT_CHANNELS],
        "lang": lang,
        "langs": LANGUAGE_NAMES.items(),
    }
    return render(request, "console/messages/texts.html", context, title=_("Texts of messages"))


@page("messages.edit")
def one(request: HttpRequest, kind: str, channel: str, lang: str) -> HttpResponseBase:
    """One text: read it, write another, see the older ones."""
    known, where, language = _place(kind, channel, lang)
    now_valid = templates.template(kind, where, language)
    typed = {
        "title": now_valid.title,
        "text": now_valid.text,
        "number": now_valid.provider_template,
    }
    typed["fields"] = "\n".join(f"{name} = {value}" for name, value in now_valid.fields.items())
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in ("title", "text", "number", "fields")}
        me, now = at_work(request), clock.now()
        try:
            row = templates.save(
                me.actor,
                kind,
                where,
                language,
                title=typed["title"].strip(),
                text=typed["text"].replace("\r\n", "\n"),
                provider_template=typed["number"].strip(),
                fields=_fields(typed["fields"]),
                now=now,
            )
        except Problem as problem:
            told(request, problem)
        else:
            about = f"template:{kind}/{channel}/{lang}"
            record(
                me.actor,
                "template.saved",
                about,
                now=now,
                before={"version": now_valid.version},
                after={"version": row.version},
            )
            messages.success(request, _("Saved. The next message has this text."))
            return redirect("admin:text", kind=kind, channel=channel, lang=lang)
    ways = configured()
    context = {
        "kind": kind,
        "says": KIND_NAMES.get(kind, kind),
        "channel": channel,
        "channel_name": CHANNEL_NAMES[channel],
        "lang": lang,
        "language": LANGUAGE_NAMES[lang],
        "typed": typed,
        "has_title": where in ("site", "email"),
        "has_number": where in ("sms", "wechat"),
        "variables": list(templates.sample(known, where, language).items()),
        "preview": _preview(known, where, language, typed),
        "versions": templates.versions(kind, where, language),
        "can_test": where in ways,
        "my_email": at_work(request).email if channel == "email" else "",
    }
    crumbs = (Crumb(_("Texts of messages"), reverse("admin:texts")),)
    title = f"{KIND_NAMES.get(kind, kind)} · {CHANNEL_NAMES[channel]} · {LANGUAGE_NAMES[lang]}"
    return render(request, "console/messages/text.html", context, title=title, crumbs=crumbs)


@page("messages.edit")
def preview(request: HttpRequest, kind: str, channel: str, lang: str) -> HttpResponseBase:
    """How what is typed will read, with sample values."""
    known, where, language = _place(kind, channel, lang)
    typed = {name: request.POST.get(name, "") for name in ("title", "text")}
    return rendered(
        request,
        "console/messages/preview.html",
        {"preview": _preview(known, where, language, typed)},
    )


@page("messages.edit")
def test(request: HttpRequest, kind: str, channel: str, lang: str) -> HttpResponseBase:
    """Send the text that holds now to oneself: an e-mail to one's own address, others to the
    number that is typed."""
    _known, where, language = _place(kind, channel, lang)
    way = next((one for one in CHANNELS if one == where), None)
    if request.method == "POST" and way is not None:
        me, now = at_work(request), clock.now()
        to = me.email if way == "email" else request.POST.get("to", "").strip()
        try:
            acts.send_sample(
                kind, channel=way, to=to, lang=language, key=secrets.token_hex(8), now=now
            )
        except Problem as problem:
            told(request, problem)
        else:
            about = f"template:{kind}/{channel}/{lang}"
            record(me.actor, "template.tested", about, now=now)
            messages.success(request, _("A test is on its way, with sample values."))
    return redirect("admin:text", kind=kind, channel=channel, lang=lang)


def _preview(
    known: Kind, channel: TextChannel, language: Language, typed: Mapping[str, str]
) -> dict[str, str]:
    try:
        templates.check(known, channel, title=typed["title"], text=typed["text"], fields={})
    except Problem as problem:
        return {"problem": refusal(problem)}
    values = templates.sample(known, channel, language)
    return {
        "title": filled(typed["title"], values, language),
        "text": filled(typed["text"].replace("\r\n", "\n"), values, language),
    }


def _fields(text: str) -> dict[str, str]:
    """Lines such as `code = {code}`."""
    pairs = (line.partition("=") for line in text.splitlines() if line.strip())
    return {name.strip(): value.strip() for name, _sign, value in pairs}


def _place(kind: str, channel: str, lang: str) -> tuple[Kind, TextChannel, Language]:
    where = next((one for one in TEXT_CHANNELS if one == channel), None)
    if kind not in KINDS or where is None or lang not in LANGUAGES:
        raise Http404
    return KINDS[kind], where, _language(lang)


def _language(text: str) -> Language:
    return "zh-hans" if text.startswith("zh") else "en"


def _page_language(request: HttpRequest) -> str:
    return str(getattr(request, "LANGUAGE_CODE", "en"))
