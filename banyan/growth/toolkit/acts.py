"""acts: what operators may change of what is passed on. The actor comes first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.db.models import Max

from banyan.engine.language.explain import LANGUAGES
from banyan.growth.toolkit import models
from banyan.growth.toolkit.presentation import own
from banyan.growth.toolkit.scripts import Kind, Reader, Script, script
from banyan.growth.toolkit.texts import CHANNELS, BadText, check, pushing
from banyan.kernel.errors import Problem

LONGEST_KEY = 48
LONGEST_BRAND = 40
LONGEST_HIGHLIGHT = 60
MOST_HIGHLIGHTS = 3
LONGEST_NAME = 60
MOST_NAMES = 300
LONGEST_FIT = 600
LONGEST_QUESTION = 200
LONGEST_ANSWER = 2000
LONGEST_TITLE = 120
LONGEST_URL = 1000

_KEY = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{LONGEST_KEY - 1}}}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_THING = re.compile(r"(coupon|gift|perk|badge|charity):.{1,100}")


class BadToolkit(Problem):
    """Something that the toolkit cannot hold, with the field that is wrong."""

    code = "invalid"


class SavedMeanwhile(Problem):
    """Somebody else saved the same text at the same moment."""

    code = "wrong_status"


@dataclass(frozen=True)
class Saved:
    """A text as it is in force now, and the words in it that put pressure on people."""

    script: Script
    pushing: tuple[str, ...]


def save_script(
    actor: str,
    script_id: str,
    *,
    program: str,
    kind: Kind,
    scene: str,
    channel: str,
    reader: Reader,
    texts: Mapping[str, str],
    is_active: bool,
    now: datetime,
) -> Saved:
    """Save a new version of a text, which is in force at once. Raises BadToolkit, BadText,
    SavedMeanwhile."""
    check_key(script_id, "id")
    if channel not in ("", *CHANNELS):
        raise BadToolkit(f"channel: expected one of {', '.join(CHANNELS)}, or none for every one")
    check_languages(texts, "texts")
    if not texts:
        raise BadToolkit("texts: give the text in at least one language: en or zh-hans")
    for lang, text in texts.items():
        check(text, channel=channel, place=f"texts.{lang}")
    last = models.ScriptVersion.objects.filter(script=script_id).aggregate(n=Max("number"))["n"]
    try:
        with transaction.atomic():
            models.ScriptVersion.objects.create(
                script=script_id,
                number=(last or 0) + 1,
                program=program,
                kind=kind,
                scene=scene,
                channel=channel,
                reader=reader,
                texts=dict(texts),
                is_active=is_active,
                saved_at=now,
                saved_by=actor,
            )
    except IntegrityError:
        raise SavedMeanwhile(
            f"{script_id} was saved by somebody else just now; look at it and save again"
        ) from None
    saved = script(script_id)
    assert saved is not None
    return Saved(saved, tuple(word for text in texts.values() for word in pushing(text)))


def present(
    actor: str,
    program: str,
    *,
    brand: str,
    colour: str,
    highlights: Mapping[str, Sequence[str]],
    names: Mapping[str, Mapping[str, str]],
    good_fit: Mapping[str, str],
    now: datetime,
) -> None:
    """Say how a program shows itself; an empty `program` speaks for all. Raises BadToolkit."""
    check_length(brand, LONGEST_BRAND, "brand")
    if colour and not _COLOUR.fullmatch(colour):
        raise BadToolkit(f"colour: expected a colour such as #0b7a52, found {colour!r}")
    for field, values in (("highlights", highlights), ("names", names), ("good_fit", good_fit)):
        check_languages(values, field)
    for lang, lines in highlights.items():
        if len(lines) > MOST_HIGHLIGHTS:
            raise BadToolkit(f"highlights.{lang}: at most {MOST_HIGHLIGHTS} lines fit a picture")
        for line in lines:
            check_length(line, LONGEST_HIGHLIGHT, f"highlights.{lang}")
    for lang, called in names.items():
        if len(called) > MOST_NAMES:
            raise BadToolkit(f"names.{lang}: at most {MOST_NAMES} names, found {len(called)}")
        for thing, name in called.items():
            if not _THING.fullmatch(thing):
                raise BadToolkit(
                    f"names.{lang}: expected what a program gives, such as "
                    f"coupon:20-percent-off, found {thing!r}"
                )
            check_length(name, LONGEST_NAME, f"names.{lang}.{thing}", least=1)
    for lang, text in good_fit.items():
        check_length(text, LONGEST_FIT, f"good_fit.{lang}", least=1)
    models.Presentation.objects.update_or_create(
        program=program,
        defaults={
            "brand": brand.strip(),
            "colour": colour.lower(),
            "highlights": {lang: list(lines) for lang, lines in highlights.items()},
            "names": {lang: dict(called) for lang, called in names.items()},
            "good_fit": dict(good_fit),
            "changed_at": now,
            "changed_by": actor,
        },
    )


def set_good_fit(actor: str, program: str, texts: Mapping[str, str], *, now: datetime) -> None:
    """Say whom a program suits, by language, and leave the rest. Raises BadToolkit."""
    shown = own(program)
    present(
        actor,
        program,
        brand=shown.brand,
        colour=shown.colour,
        highlights={str(lang): lines for lang, lines in shown.highlights.items()},
        names={str(lang): called for lang, called in shown.names.items()},
        good_fit=texts,
        now=now,
    )


def save_question(
    actor: str,
    program: str,
    key: str,
    *,
    questions: Mapping[str, str],
    answers: Mapping[str, str],
    place: int,
    is_shown: bool,
    now: datetime,
) -> None:
    """Write a question and its answer, or change or hide a shipped one. Raises BadToolkit."""
    check_key(key, "key")
    for field, texts, longest in (
        ("questions", questions, LONGEST_QUESTION),
        ("answers", answers, LONGEST_ANSWER),
    ):
        check_languages(texts, field)
        for lang, text in texts.items():
            check_length(text, longest, f"{field}.{lang}", least=1)
    models.Question.objects.update_or_create(
        program=program,
        key=key,
        defaults={
            "place": place,
            "questions": dict(questions),
            "answers": dict(answers),
            "is_shown": is_shown,
            "changed_at": now,
            "changed_by": actor,
        },
    )


def remove_question(actor: str, program: str, key: str) -> bool:
    """Take away what was written; a shipped question is as shipped again. False if there was
    nothing."""
    return bool(models.Question.objects.filter(program=program, key=key).delete()[0])


def save_proof(
    actor: str,
    program: str,
    key: str,
    *,
    kind: str,
    titles: Mapping[str, str],
    url: str,
    place: int,
    now: datetime,
) -> None:
    """Add or change something that speaks for a program. Raises BadToolkit."""
    check_key(key, "key")
    check_languages(titles, "titles")
    if not titles:
        raise BadToolkit("titles: give the title in at least one language: en or zh-hans")
    for lang, title in titles.items():
        check_length(title, LONGEST_TITLE, f"titles.{lang}", least=1)
    check_length(url, LONGEST_URL, "url", least=1)
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise BadToolkit("url: expected an address that begins with https://")
    models.Proof.objects.update_or_create(
        program=program,
        key=key,
        defaults={
            "kind": kind,
            "titles": dict(titles),
            "url": url,
            "place": place,
            "changed_at": now,
            "changed_by": actor,
        },
    )


def remove_proof(actor: str, program: str, key: str) -> bool:
    """Take it away; False if there was nothing."""
    return bool(models.Proof.objects.filter(program=program, key=key).delete()[0])


def check_key(key: str, place: str) -> None:
    """Whether a name can stand in addresses. Raises BadToolkit."""
    if not _KEY.fullmatch(key):
        raise BadToolkit(
            f"{place}: expected a-z, 0-9 and -, at most {LONGEST_KEY} characters, found {key!r}"
        )


def check_languages(texts: Mapping[str, object], place: str) -> None:
    """Whether all languages are ours. Raises BadToolkit."""
    for lang in texts:
        if lang not in LANGUAGES:
            raise BadToolkit(f"{place}: {lang!r} is no language here; known are en and zh-hans")


def check_length(text: str, longest: int, place: str, *, least: int = 0) -> None:
    """Whether a text fits. Raises BadToolkit."""
    if not least <= len(text.strip()) <= longest:
        raise BadToolkit(
            f"{place}: expected {least} to {longest} characters, found {len(text.strip())}"
        )


__all__ = [
    "BadText",
    "BadToolkit",
    "Saved",
    "SavedMeanwhile",
    "check_key",
    "check_languages",
    "check_length",
    "present",
    "remove_proof",
    "remove_question",
    "save_proof",
    "save_question",
    "save_script",
    "set_good_fit",
]
