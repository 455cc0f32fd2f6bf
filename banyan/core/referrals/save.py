"""save: what the pipeline stores here, in its transaction."""

from __future__ import annotations

import polars as pl
from django.db import connection

from banyan.core.events.read import said
from banyan.core.referrals import tallies
from banyan.core.referrals.stages import ACCEPT, ACTIVATING, DECLINE, PURCHASE
from banyan.engine.stages.qualify import JOINED
from banyan.kernel.database import among, read, write

_STAGE_COLUMNS = ("program", "friend", "stage", "position", "at", "reason")
_WHEN = pl.Datetime("us", "UTC")


def save(
    *,
    referrals: pl.DataFrame,
    touches_lost: pl.DataFrame,
    decisions: pl.DataFrame,
    reversals: pl.DataFrame,
    rejects: pl.DataFrame,
) -> None:
    """Append what a batch decided: the published tables, rows in their published order."""
    write("referrals_referral", referrals)
    write("referrals_touchlost", touches_lost)
    write("referrals_decision", _placed(decisions))
    write("referrals_reversal", _placed(reversals))
    write("referrals_reject", rejects)
    tallies.keep(decisions, reversals)
    _wait(decisions)
    _wait_no_more_for_nothing(reversals)


def save_rulings(events: pl.DataFrame) -> pl.DataFrame:
    """Keep who released or denied what: of a batch's events those two kinds, with their reason."""
    rows = events.filter(pl.col("name").is_in(["Decision Released", "Decision Denied"]))
    released = pl.col("name") == "Decision Released"
    rulings = rows.select(
        "position",
        _property("decision_id").alias("decision_id"),
        pl.when(released).then(pl.lit("released")).otherwise(pl.lit("denied")).alias("verdict"),
        _property("actor").fill_null("").alias("actor"),
        _property("reason").fill_null("").alias("reason"),
        "occurred_at",
    ).filter(pl.col("decision_id").is_not_null())
    write("referrals_ruling", rulings)
    _remove_waiting(rulings["decision_id"])
    return rulings


def _wait(decisions: pl.DataFrame) -> None:
    """Held decisions wait, but for those on which somebody's word came before them."""
    held = decisions.filter((pl.col("outcome") == "held") & (pl.col("amount") > 0))
    if held.is_empty():
        return
    where, parameters = among("decision_id", held["decision_id"].to_list())
    ruled = read(
        f"SELECT DISTINCT decision_id FROM referrals_ruling WHERE {where}",
        parameters,
        {"decision_id": pl.String},
    )
    write("referrals_waiting", held.select("decision_id").join(ruled, on="decision_id", how="anti"))


def _wait_no_more_for_nothing(reversals: pl.DataFrame) -> None:
    """What was taken back whole needs nobody's word."""
    _remove_waiting(
        reversals["decision_id"],
        "AND (SELECT amount FROM referrals_decision d "
        "WHERE d.decision_id = referrals_waiting.decision_id) "
        "<= (SELECT SUM(r.amount) FROM referrals_reversal r "
        "WHERE r.decision_id = referrals_waiting.decision_id)",
    )


def _remove_waiting(decision_ids: pl.Series, those: str = "") -> None:
    """`those`: a further condition, as SQL."""
    if decision_ids.is_empty():
        return
    where, parameters = among("decision_id", decision_ids.unique().to_list())
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM referrals_waiting WHERE {where} {those}", parameters)


def _property(name: str) -> pl.Expr:
    return pl.col("body").str.json_path_match(f"$.properties.{name}")


def save_stages(
    events: pl.DataFrame, *, referrals: pl.DataFrame, decisions: pl.DataFrame
) -> pl.DataFrame:
    """Move referrals on by what a batch brought; the stages newly reached.

    `events` are the batch's (position, name, user_id, occurred_at, body); a referral's own joining
    event counts for it. Of several events that reach a stage the first counts.
    """
    joined = _joined(referrals)
    done = events.filter(pl.col("name").is_in([*ACTIVATING, PURCHASE, DECLINE]))
    rows = pl.concat([joined, _moved(done), _rewarded(decisions)]).sort(
        "position", maintain_order=True
    )
    rows = rows.unique(["program", "friend", "stage"], keep="first", maintain_order=True)
    if rows.is_empty():
        return rows
    known = _known(rows)
    new = rows.join(known, on=["program", "friend", "stage"], how="anti", maintain_order="left")
    write("referrals_stagechange", new)
    return new


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(place=pl.int_range(pl.len()).over("position"))


def _stages(rows: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    return rows.select(
        pl.col("program"),
        pl.col("friend"),
        columns["stage"].alias("stage"),
        columns["position"].alias("position"),
        columns["at"].cast(_WHEN).alias("at"),
        columns.get("reason", pl.lit("")).alias("reason"),
    )


def _joined(referrals: pl.DataFrame) -> pl.DataFrame:
    """The first three stages stand at the touch, twice, and where the friend accepted."""
    touch = {"position": pl.col("touch_position"), "at": pl.col("touched_at")}
    yes = {"position": pl.col("accept_position"), "at": pl.col("accepted_at")}
    return pl.concat(
        [
            _stages(referrals, stage=pl.lit("referred"), **touch),
            _stages(referrals, stage=pl.lit("invited"), **touch),
            _stages(_accepted(referrals), stage=pl.lit("accepted"), **yes),
        ]
    )


def _accepted(referrals: pl.DataFrame) -> pl.DataFrame:
    """Referrals with where and when the friend said yes: by the joining event, or in so many words
    before it, of which the first between touch and join counts."""
    join = pl.col("join_position").alias("accept_position"), pl.col("started_at").cast(_WHEN)
    joined = referrals.with_columns(join[0], join[1].alias("accepted_at"))
    words = said(ACCEPT, referrals["friend"].unique().to_list()) if referrals.height else None
    if words is None or words.is_empty():
        return joined
    asked = words.select(
        pl.col("user_id").alias("friend"),
        pl.col("position").alias("said_position"),
        pl.col("occurred_at").alias("said_at"),
        _property("program").alias("of_program"),
    )
    earlier = (
        referrals.select("program", "friend", "touch_position", "join_position")
        .join(asked, on="friend")
        .filter(
            (pl.col("of_program").is_null() | (pl.col("of_program") == pl.col("program")))
            & pl.col("said_position").is_between("touch_position", "join_position")
        )
        .sort("said_position")
        .unique(["program", "friend"], keep="first", maintain_order=True)
        .select("program", "friend", "said_position", "said_at")
    )
    return joined.join(
        earlier, on=["program", "friend"], how="left", maintain_order="left"
    ).with_columns(
        pl.coalesce("said_position", "accept_position").alias("accept_position"),
        pl.coalesce("said_at", "accepted_at").alias("accepted_at"),
    )


def _moved(done: pl.DataFrame) -> pl.DataFrame:
    """What the friends' own events reach, for every referral that had started by then."""
    blank = pl.DataFrame(schema=_schema())
    people = done.filter(pl.col("user_id") != "")["user_id"].unique().to_list()
    if not people:
        return blank
    where, parameters = among("friend", people)
    started = read(
        f"SELECT program, friend, join_position FROM referrals_referral WHERE {where}",
        parameters,
        {"program": pl.String, "friend": pl.String, "join_position": pl.Int64},
    )
    rows = done.join(started, left_on="user_id", right_on="friend").filter(
        pl.col("position") >= pl.col("join_position")
    )
    rows = rows.rename({"user_id": "friend"}).sort("position")
    no = rows.filter(pl.col("name") == DECLINE).filter(
        _property("program").is_null() | (_property("program") == pl.col("program"))
    )
    event = {"position": pl.col("position"), "at": pl.col("occurred_at")}
    orders = rows.filter(pl.col("name") == PURCHASE)
    before = _bought_before(orders)
    nth = pl.int_range(pl.len()).over("program", "friend")
    orders = orders.join(before, on=["program", "friend"], how="left", maintain_order="left")
    orders = orders.with_columns(nth=nth + pl.col("bought").fill_null(0))
    return pl.concat(
        [
            _stages(
                rows.filter(pl.col("name").is_in([*ACTIVATING, PURCHASE])),
                stage=pl.lit("activated"),
                **event,
            ),
            _stages(orders.filter(pl.col("nth") == 0), stage=pl.lit("purchased"), **event),
            _stages(orders.filter(pl.col("nth") == 1), stage=pl.lit("repurchased"), **event),
            _stages(no, stage=pl.lit("lost"), reason=pl.lit("declined"), **event),
        ]
    )


def _bought_before(orders: pl.DataFrame) -> pl.DataFrame:
    """1 for each referral whose friend had bought already; a repurchase is asked for once."""
    if orders.is_empty():
        return pl.DataFrame(schema={"program": pl.String, "friend": pl.String, "bought": pl.Int64})
    where, parameters = among("friend", orders["friend"].unique().to_list())
    return read(
        f"SELECT program, friend, 1 FROM referrals_stagechange "
        f"WHERE stage = 'purchased' AND {where}",
        parameters,
        {"program": pl.String, "friend": pl.String, "bought": pl.Int64},
    )


def _rewarded(decisions: pl.DataFrame) -> pl.DataFrame:
    """A grant rewards its referral; a first reward that a risk rule refused loses it.

    What is given for joining alone rewards nothing that the friend did yet.
    """
    of_referral = decisions.filter(pl.col("friend").is_not_null())
    event = {"position": pl.col("position"), "at": pl.col("occurred_at")}
    refused = (pl.col("outcome") == "rejected") & pl.col("reason").str.starts_with("risk:")
    return pl.concat(
        [
            _stages(
                of_referral.filter(
                    (pl.col("outcome") == "granted") & (pl.col("milestone") != JOINED)
                ),
                stage=pl.lit("rewarded"),
                **event,
            ),
            _stages(
                of_referral.filter(refused), stage=pl.lit("lost"), reason=pl.col("reason"), **event
            ),
        ]
    )


def _known(rows: pl.DataFrame) -> pl.DataFrame:
    where, parameters = among("friend", rows["friend"].unique().to_list())
    return read(
        f"SELECT program, friend, stage FROM referrals_stagechange WHERE {where}",
        parameters,
        {"program": pl.String, "friend": pl.String, "stage": pl.String},
    )


def _schema() -> dict[str, pl.DataType | type[pl.DataType]]:
    return {
        "program": pl.String,
        "friend": pl.String,
        "stage": pl.String,
        "position": pl.Int64,
        "at": _WHEN,
        "reason": pl.String,
    }
