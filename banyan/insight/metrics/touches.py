"""touches: what advocates set going, before anybody joins: clicks, invitations, shares, words."""

from __future__ import annotations

import polars as pl

from banyan.core.events import read as log
from banyan.core.events.frames import said_at, said_by_visitors
from banyan.core.programs.frames import links_of_codes
from banyan.core.programs.save import CREATED, code_used
from banyan.core.referrals.frames import rejected_among
from banyan.insight.metrics.facts import CLICKED, SHARED, SUBMITTED, Facts, typed
from banyan.insight.metrics.measures import CLICKS, INITIATED, INVITES, SHARES
from banyan.insight.metrics.promised import Promised

LONGEST = 64
"""Of a channel or script: a link can be followed with any word in it."""


def touches(facts: Facts, friends: pl.DataFrame, promised: Promised) -> pl.DataFrame:
    """Rows of clicks, invitations, shares and words of mouth: program, version, channel, script,
    variant, measure, advocate, occurred_at. Of each kind but shares those that reached somebody
    for the first time stand a second time, as initiated. `friends`: those who joined."""
    if facts.events.filter(pl.col("name").is_in(_TOUCHING)).is_empty():
        return _words(facts, friends).select(TOUCH)
    clicks = _clicks(facts.events)
    invites = _said(facts.events, SUBMITTED)
    shares = _said(facts.events, SHARED)
    first = _firsts(clicks)
    rows = pl.concat(
        [
            clicks.select(_COLUMNS).with_columns(measure=pl.lit(CLICKS)),
            first.select(_COLUMNS).with_columns(measure=pl.lit(INITIATED)),
            invites.with_columns(measure=pl.lit(INVITES)),
            invites.with_columns(measure=pl.lit(INITIATED)),
            shares.with_columns(measure=pl.lit(SHARES)),
        ]
    ).with_columns(
        version=promised.version(program="program", position="position", at="occurred_at"),
        friend=pl.lit(None, pl.String),
    )
    rows = rows.with_columns(promised.variants(rows).alias("variant"))
    return pl.concat([rows.select(TOUCH), _words(facts, friends).select(TOUCH)])


def worded(referrals: pl.DataFrame) -> pl.DataFrame:
    """Referrals with the channel and the script of the touch that won them; where it named none,
    those of the link that it used, as clicks have them."""
    rows = referrals.with_columns(channel=word(pl.col("channel")), script=word(pl.col("script")))
    bare = rows.filter((pl.col("channel") == "") | (pl.col("script") == ""))["touch_position"]
    if bare.is_empty():
        return rows
    used = said_at(bare.unique().to_list()).select(
        "position", key=code_used(), is_named=_in_body("advocate").fill_null("") != ""
    )
    words = _links(used).select(touch_position="position", of_channel="channel", of_script="script")
    return rows.join(words, on="touch_position", how="left", maintain_order="left").select(
        pl.exclude("channel", "script", "of_channel", "of_script"),
        channel=_either("channel", "of_channel"),
        script=_either("script", "of_script"),
    )


def word(text: pl.Expr) -> pl.Expr:
    """A text without what no table keeps, cut short; empty for none."""
    whole = text.fill_null("").str.replace_all("\x00", "", literal=True)
    return whole.str.strip_chars().str.slice(0, LONGEST)


TOUCH = (
    "program",
    "version",
    "channel",
    "script",
    "variant",
    "measure",
    "advocate",
    "occurred_at",
)
_TOUCHING = (CLICKED, SUBMITTED, SHARED)
_COLUMNS = ("position", "occurred_at", "program", "channel", "script", "advocate")


def _clicks(events: pl.DataFrame) -> pl.DataFrame:
    """Clicks with their link's program, advocate and words; those of the click itself go first."""
    rows = events.filter(pl.col("name") == CLICKED).select(
        "position",
        "occurred_at",
        visitor=_visitor(),
        is_browser=pl.col("anonymous_id") != "",
        key=_code("code"),
        said_program=word(pl.col("program")),
        said_channel=word(pl.col("channel")),
        said_script=word(pl.col("script")),
        said_advocate=pl.col("advocate").fill_null(""),
    )
    used = rows.select(
        "position", pl.col("key").replace("", None), is_named=pl.col("said_advocate") != ""
    )
    known = rows.join(_links(used), on="position", how="left", maintain_order="left")
    return known.select(
        "position",
        "occurred_at",
        "visitor",
        "is_browser",
        "key",
        program=_either("said_program", "program"),
        channel=_either("said_channel", "channel"),
        script=_either("said_script", "script"),
        advocate=_either("said_advocate", "advocate", is_id=True),
    )


def _links(used: pl.DataFrame) -> pl.DataFrame:
    """The links that touches (position, key, is_named) used: (position, program, advocate, channel,
    script). Who names an advocate (`is_named`) may name a code beside that nobody had yet, which
    says nothing of them even when somebody has it later."""
    keys = used["key"].drop_nulls().unique().to_list()
    found = used.join(links_of_codes(keys) if keys else _NO_LINKS, on="key")
    doubtful = found.filter("is_named")
    if not doubtful.is_empty():
        created = log.said(CREATED, doubtful["advocate"].unique().to_list())
        code = _in_body("code").str.strip_chars().str.to_uppercase()
        made = created.select("position", key=code).group_by("key").min()
        before = doubtful.join(made, on="key", suffix="_made").filter(
            pl.col("position_made") < pl.col("position")
        )
        had = pl.col("position").is_in(before["position"].implode())
        found = found.filter(~pl.col("is_named") | had)
    return found.drop("key", "is_named")


def _firsts(clicks: pl.DataFrame) -> pl.DataFrame:
    """Of each visitor and code (or advocate) the first click in the whole log."""
    if clicks.is_empty():
        return clicks
    same = ["visitor", "is_browser", "target"]
    rows = clicks.with_columns(target=_target("key", "advocate"))
    rows = rows.unique(same, keep="first", maintain_order=True)
    browsers, people = (
        rows.filter(pl.col("is_browser") == is_browser)["visitor"].unique().to_list()
        for is_browser in (True, False)
    )
    earlier = said_by_visitors(
        CLICKED, browsers=browsers, people=people, before=int(rows["position"][0])
    )
    useless = rejected_among(earlier["position"].to_list())
    said = earlier.hstack(typed(earlier["body"])).join(useless, on="position", how="anti")
    seen = said.select(
        "visitor",
        "is_browser",
        key=_code("properties.code"),
        advocate=pl.col("properties.advocate").fill_null(""),
    ).select("visitor", "is_browser", target=_target("key", "advocate"))
    return rows.join(seen, on=same, how="anti", maintain_order="left")


def _said(events: pl.DataFrame, name: str) -> pl.DataFrame:
    """Events of advocates themselves."""
    return events.filter((pl.col("name") == name) & (pl.col("user_id") != "")).select(
        "position",
        "occurred_at",
        program=word(pl.col("program")),
        channel=word(pl.col("channel")),
        script=word(pl.col("script")),
        advocate=pl.col("user_id"),
    )


def _words(facts: Facts, friends: pl.DataFrame) -> pl.DataFrame:
    """Friends who came with a code, without a click or invitation of that advocate before."""
    said = friends.filter(pl.col("kind") == "code")
    others = facts.touches_lost.filter(pl.col("kind") != "code")
    on = ["program", "advocate", "join_position"]
    alone = said.join(others.select(on).unique(), on=on, how="anti", maintain_order="left")
    return alone.with_columns(measure=pl.lit(INITIATED), occurred_at="touched_at")


def _in_body(name: str) -> pl.Expr:
    return pl.col("body").str.json_path_match(f"$.properties.{name}")


def _visitor() -> pl.Expr:
    return pl.when(pl.col("anonymous_id") != "").then("anonymous_id").otherwise("user_id")


def _code(column: str) -> pl.Expr:
    return pl.col(column).fill_null("").str.strip_chars().str.to_uppercase()


def _target(key: str, advocate: str) -> pl.Expr:
    """A code that stands for an advocate has none; then it is the advocate that is the same."""
    return pl.when(pl.col(key) != "").then(key).otherwise(pl.format("@{}", advocate))


def _either(said: str, kept: str, *, is_id: bool = False) -> pl.Expr:
    other = pl.col(kept).fill_null("")
    return pl.when(pl.col(said) != "").then(said).otherwise(other if is_id else word(other))


_NO_LINKS = pl.DataFrame(
    schema=dict.fromkeys(("key", "program", "advocate", "channel", "script"), pl.String)
)
