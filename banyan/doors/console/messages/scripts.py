"""scripts: the library of texts that advocates pass on, and of texts that ask them to refer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from django.contrib import messages
from django.http import Http404, HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from banyan.core.events import clock
from banyan.core.programs.force import running, running_one
from banyan.core.programs.read import programs
from banyan.doors.console.messages.texts import LANGUAGE_NAMES
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.staff import at_work
from banyan.engine.language.explain import LANGUAGES
from banyan.growth.planning.promises import Overpromise, Text, overpromises
from banyan.growth.toolkit import acts, read
from banyan.growth.toolkit.scripts import Kind, Reader, Script
from banyan.growth.toolkit.texts import CHANNELS, VARIABLES, filled
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record

_Word = TypeVar("_Word", bound=str)

OLD_DAYS = 30
"""A text of our own that nobody has looked at for so long is named as such."""

SAMPLES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "advocate": "Mary",
        "friend": "John",
        "offer": "20% off your first order",
        "reward": "$20 in cash",
        "used_function": "the meal planner",
        "link": "https://refer.example.com/r/MARY7K2Q",
        "code": "MARY7K2Q",
        "program": "Green Leaf",
    },
    "zh-hans": {
        "advocate": "王芳",
        "friend": "张伟",
        "offer": "首单八折",
        "reward": "20 元现金",
        "used_function": "智能菜谱",
        "link": "https://refer.example.com/r/FANG7K2Q",
        "code": "FANG7K2Q",
        "program": "绿叶生活",
    },
}


@page("messages.edit")
def every(request: HttpRequest) -> HttpResponseBase:
    """All of them with what came of each."""
    asked = {name: request.GET.get(name, "") for name in ("kind", "channel", "reader")}
    now = clock.now()
    found = [
        one
        for one in read.all_scripts()
        if all(not value or getattr(one, name) == value for name, value in asked.items())
    ]
    context = {
        "rows": [
            {
                "script": one,
                "kind": kind_names()[one.kind],
                "reader": reader_names()[one.reader],
                "channel": channel_names()[one.channel],
                "text": _first_text(one, request),
                "effect": read.effect(one.id),
                "is_old": one.saved_at is not None and (now - one.saved_at).days >= OLD_DAYS,
            }
            for one in found
        ],
        "asked": asked,
        "kinds": kind_names().items(),
        "readers": reader_names().items(),
        "channels": channel_names().items(),
    }
    return render(request, "console/messages/scripts.html", context, title=_("Scripts"))


@page("messages.edit")
def new(request: HttpRequest) -> HttpResponseBase:
    """Write another."""
    typed = _typed(request.POST) if request.method == "POST" else _blank()
    if request.method == "POST":
        key = request.POST.get("id", "").strip()
        if read.script(key) is not None:
            messages.error(request, _("There is a script of this name; open it to change it."))
        elif _saved(request, key, typed):
            return redirect("admin:script", key=key)
    return _form(request, request.POST.get("id", ""), typed, title=_("New script"), is_new=True)


@page("messages.edit")
def one(request: HttpRequest, key: str) -> HttpResponseBase:
    """One script: change it, see its effect and its older versions."""
    found = read.script(key)
    if found is None:
        raise Http404
    if request.method == "POST":
        typed = _typed(request.POST)
        if _saved(request, key, typed):
            return redirect("admin:script", key=key)
    else:
        typed = vars(found) | {"texts": dict(found.texts)}
    return _form(request, key, typed, title=key, is_new=False)


def kind_names() -> dict[Kind, str]:
    """The three types of texts, in words."""
    return {
        "benefit": _("by the benefit"),
        "feeling": _("by feeling"),
        "scene": _("by a scene"),
    }


def reader_names() -> dict[Reader, str]:
    """Whom a text is written to."""
    return {
        "friend": _("a friend, from the advocate"),
        "advocate": _("an advocate, from us"),
    }


def channel_names() -> dict[str, str]:
    """Where texts are passed on."""
    names = {
        "sms": _("text message"),
        "moments": _("WeChat Moments"),
        "wechat": _("WeChat"),
        "weibo": _("Weibo"),
        "whatsapp": _("WhatsApp"),
        "community": _("group chat"),
        "email": _("e-mail"),
        "copy": _("copied by hand"),
    }
    return {"": _("every channel")} | {channel: names[channel] for channel in CHANNELS}


def _form(
    request: HttpRequest, key: str, typed: Mapping[str, object], *, title: str, is_new: bool
) -> HttpResponseBase:
    texts = typed["texts"]
    assert isinstance(texts, Mapping)
    channel = str(typed["channel"])
    context = {
        "key": key,
        "is_new": is_new,
        "typed": typed,
        "texts": [(lang, LANGUAGE_NAMES[lang], texts.get(lang, "")) for lang in LANGUAGES],
        "previews": [
            (lang, LANGUAGE_NAMES[lang], filled(texts[lang], SAMPLES[lang], channel=channel))
            for lang in LANGUAGES
            if texts.get(lang) and channel in channel_names()
        ],
        "kinds": kind_names().items(),
        "readers": reader_names().items(),
        "channels": channel_names().items(),
        "programs": [row.slug for row in programs()],
        "variables": VARIABLES,
        "effect": None if is_new else read.effect(key),
        "versions": [] if is_new else read.history(key),
        "promises": _promises(str(typed["program"]), texts),
    }
    crumbs = (Crumb(_("Scripts"), reverse("admin:scripts")),)
    return render(request, "console/messages/script.html", context, title=title, crumbs=crumbs)


def _promises(program: str, texts: Mapping[str, str]) -> list[Overpromise]:
    """What the texts promise and the program's rules do not; of texts for every program, what no
    program does."""
    said = [Text(LANGUAGE_NAMES[lang], text) for lang, text in texts.items()]
    now = clock.now()
    asked = [running_one(program, now)] if program else list(running(now).values())
    found = [overpromises(one.terms, said) for one in asked if one is not None]
    if not found:
        return []
    rest = [{(one.text, one.found) for one in others} for others in found[1:]]
    return [one for one in found[0] if all((one.text, one.found) in others for others in rest)]


def _saved(request: HttpRequest, key: str, typed: Mapping[str, object]) -> bool:
    me, now = at_work(request), clock.now()
    texts = typed["texts"]
    assert isinstance(texts, Mapping)
    before = read.script(key)
    try:
        saved = acts.save_script(
            me.actor,
            key,
            program=str(typed["program"]),
            kind=_one_of(kind_names(), typed["kind"]),
            scene=str(typed["scene"]).strip(),
            channel=str(typed["channel"]),
            reader=_one_of(reader_names(), typed["reader"]),
            texts=texts,
            is_active=bool(typed["is_active"]),
            now=now,
        )
    except Problem as problem:
        told(request, problem)
        return False
    record(
        me.actor,
        "script.save",
        f"script:{key}",
        now=now,
        before=None if before is None else {"version": before.number},
        after={"version": saved.script.number, "is_active": saved.script.is_active},
    )
    messages.success(request, _("Saved; it is proposed from now on."))
    if saved.pushing:
        words = ", ".join(saved.pushing)
        messages.warning(
            request, _("These words put pressure on people: %(words)s") % {"words": words}
        )
    return True


def _typed(given: QueryDict) -> dict[str, object]:
    texts = {
        lang: text.replace("\r\n", "\n")
        for lang in LANGUAGES
        if (text := given.get(f"text-{lang}", "")).strip()
    }
    named = {
        name: given.get(name, "") for name in ("kind", "reader", "channel", "scene", "program")
    }
    return {**named, "texts": texts, "is_active": given.get("is_active") == "yes"}


def _blank() -> dict[str, object]:
    return {
        "kind": "benefit",
        "reader": "friend",
        "channel": "",
        "scene": "",
        "program": "",
        "texts": {},
        "is_active": True,
    }


def _one_of(known: Mapping[_Word, str], value: object) -> _Word:
    return next((name for name in known if name == value), next(iter(known)))


def _first_text(one: Script, request: HttpRequest) -> str:
    wanted = "zh-hans" if str(getattr(request, "LANGUAGE_CODE", "")).startswith("zh") else "en"
    return next((text for lang, text in one.texts.items() if lang == wanted), "") or next(
        iter(one.texts.values()), ""
    )
