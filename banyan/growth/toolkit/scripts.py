"""scripts: the texts to pass on, shipped ones and those that operators saved over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from banyan.core.referrals.brought import brought
from banyan.engine.language.explain import Language
from banyan.growth.toolkit import shipped
from banyan.growth.toolkit.models import ScriptVersion, Use

Kind = Literal["benefit", "feeling", "scene"]
Reader = Literal["friend", "advocate"]


@dataclass(frozen=True)
class Script:
    """A text to pass on, in each language it has."""

    id: str
    number: int
    """Of its version; 0 is the one that is shipped."""
    program: str
    """Empty: for every program."""
    kind: Kind
    scene: str
    channel: str
    """Empty: for every channel."""
    reader: Reader
    """Whom it is written to: a friend, or an advocate who is asked to refer."""
    texts: Mapping[Language, str]
    is_active: bool
    saved_at: datetime | None
    saved_by: str


@dataclass(frozen=True)
class Effect:
    """What came of links with a script, or through a channel; of every program."""

    shares: int
    clicks: int
    sign_ups: int
    """Friends who joined."""
    purchases: int
    """Friends of these who bought."""


def all_scripts() -> list[Script]:
    """Every text in force, also those that are switched off: shipped ones first, in their order."""
    found = {name: _shipped(name) for name in shipped.scripts()}
    # In the order of numbers, so that the last one of each name stays.
    for row in ScriptVersion.objects.order_by("number", "id"):
        found[row.script] = _saved(row)
    return list(found.values())


def scripts(
    program: str, lang: Language, channel: str | None = None, *, reader: Reader = "friend"
) -> list[Script]:
    """Texts that can be proposed for a program in a language, the most fitting first.

    Those written for the program come before general ones, and those written for `channel` before
    those for every channel. Without `channel` they are given for all channels.
    """
    fitting = [
        script
        for script in all_scripts()
        if script.is_active
        and script.reader == reader
        and script.program in ("", program)
        and lang in script.texts
        and (channel is None or script.channel in ("", channel))
    ]
    return sorted(fitting, key=lambda script: (not script.program, not script.channel))


def script(script_id: str) -> Script | None:
    """One text, as it is in force."""
    row = ScriptVersion.objects.filter(script=script_id).order_by("-number").first()
    if row is not None:
        return _saved(row)
    return _shipped(script_id) if script_id in shipped.scripts() else None


def history(script_id: str) -> list[Script]:
    """Every version of a text, the newest first; the shipped one is the oldest."""
    rows = ScriptVersion.objects.filter(script=script_id).order_by("-number")
    found = [_saved(row) for row in rows]
    return [*found, _shipped(script_id)] if script_id in shipped.scripts() else found


def effect(script_id: str) -> Effect:
    """What came of a text so far; zeros for one that was never passed on."""
    uses = _sum(Use.objects.filter(script=script_id))
    came = brought(script=script_id)
    return Effect(*uses, came.joined, came.bought)


def yield_of(channel: str) -> Effect:
    """What came of a channel so far, whatever the text."""
    uses = _sum(Use.objects.filter(channel=channel))
    came = brought(channel=channel)
    return Effect(*uses, came.joined, came.bought)


def _sum(rows: Iterable[Use]) -> tuple[int, int]:
    counted = [(row.shares, row.clicks) for row in rows]
    return sum(shares for shares, _ in counted), sum(clicks for _, clicks in counted)


def _shipped(name: str) -> Script:
    told = shipped.scripts()[name]
    return Script(
        id=name,
        number=0,
        program="",
        kind=told["kind"],
        scene=told["scene"],
        channel=told["channel"],
        reader=told["reader"],
        texts=told["texts"],
        is_active=told.get("is_active", True),
        saved_at=None,
        saved_by="",
    )


def _saved(row: ScriptVersion) -> Script:
    return Script(
        id=row.script,
        number=row.number,
        program=row.program,
        kind=cast(Kind, row.kind),  # the table admits no other, nor another reader
        scene=row.scene,
        channel=row.channel,
        reader=cast(Reader, row.reader),
        texts=row.texts,
        is_active=row.is_active,
        saved_at=row.saved_at,
        saved_by=row.saved_by,
    )
