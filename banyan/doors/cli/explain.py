"""`banyan explain`: a program as its public rules, or one decision of a replay with its reasons."""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
import polars as pl

from banyan.engine.language import Program
from banyan.engine.language.explain import LANGUAGES, Language, explain_decision, rules_page
from banyan.kernel.errors import Problem
from banyan.pipeline.tables import read_table

FORMATS = ("md", "html")

# Ids are compared with the one that was asked for until this many have been looked at.
_COMPARED = 20_000


class NotExplained(Problem):
    """A folder or an id from which no explanation can be made, with what would help."""


@click.command()
@click.argument("subject", metavar="PROGRAM|OUT_DIR", type=click.Path(path_type=Path))
@click.option("--decision", metavar="ID", help="Explain this decision of a replay in OUT_DIR.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--format", "form", type=click.Choice(FORMATS), help="Of the rules; md unless told.")
def command(subject: Path, decision: str | None, lang: Language, form: str | None) -> None:
    """Say in words what a program promises, or why a decision is as it is.

    PROGRAM is a program file: its public rules are printed. With --decision, OUT_DIR is the folder
    that a replay wrote, and one paragraph about that decision is printed.
    """
    if decision is None:
        if subject.is_dir():
            raise click.UsageError(f"{subject} is a folder; name a program file, or --decision ID.")
        page = rules_page(
            Program.load(subject), lang=lang, format="html" if form == "html" else "md"
        )
        click.echo(page, nl=False)
        return
    if form is not None:
        raise click.UsageError("--format is for the rules of a program, not for a decision.")
    if not subject.is_dir():
        raise NotExplained(f"{subject} is not a folder that a replay wrote.")
    click.echo(explained(subject, decision, lang))


def explained(folder: Path, decision_id: str, lang: Language) -> str:
    """One decision of the replay that wrote `folder`, in one paragraph.

    Raises Problem for a folder or an id from which that cannot be made.
    """
    decisions = _table(folder, "decisions")
    row = _find(decisions, decision_id)
    program = _program(folder, row["program"], row["version"])
    referral = _referral(folder, row)
    mine = pl.col("decision_id").str.starts_with(f"{row['program']}/")
    return explain_decision(
        program,
        row,
        referral=referral,
        lost=_lost(folder, referral),
        reversals=Rows(_table(folder, "reversals").filter(mine)),
        postings=_postings(folder, decision_id),
        decisions_before=Rows(_before(decisions, row)),
        lang=lang,
    )


class Rows:
    """The rows of a frame as mappings, made one at a time and as often as asked for: a replay may
    hold millions of decisions."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return self._frame.iter_rows(named=True)


def _find(decisions: pl.DataFrame, decision_id: str) -> dict[str, Any]:
    found = decisions.filter(pl.col("decision_id") == decision_id)
    if found.height:
        return found.row(0, named=True)
    near = get_close_matches(decision_id, _candidates(decisions, decision_id), n=3, cutoff=0.5)
    meant = f"; the nearest are {', '.join(near)}" if near else ""
    raise NotExplained(
        f"There is no decision {decision_id!r} among the {decisions.height:,} of this replay"
        f"{meant}."
    )


def _candidates(decisions: pl.DataFrame, decision_id: str) -> list[str]:
    """Ids worth comparing: those that share the most parts of PROGRAM/REWARD/BENEFICIARY."""
    ids = decisions.get_column("decision_id")
    parts = decision_id.split("/")
    for number in range(len(parts) - 1, 0, -1):
        sharing = ids.filter(ids.str.starts_with("/".join(parts[:number]) + "/"))
        if len(sharing):
            return sharing.head(_COMPARED).to_list()
    return ids.head(_COMPARED).to_list()


def _before(decisions: pl.DataFrame, row: Mapping[str, Any]) -> pl.DataFrame:
    """Earlier decisions that can have used up a cap of this one; rows stand in the order in which
    they were decided."""
    number = decisions.get_column("decision_id").index_of(row["decision_id"])
    return decisions.head(number or 0).filter(
        (pl.col("program") == row["program"])
        & (pl.col("amount") > 0)
        & ((pl.col("reward") == row["reward"]) | (pl.col("unit") == row["unit"]))
    )


def _program(folder: Path, slug: str, version: int) -> Program:
    path = folder / "summary.json"
    try:
        entries = json.loads(path.read_text("utf-8"))["programs"]
    except (OSError, ValueError, KeyError) as wrong:
        raise NotExplained(f"{path}: this is not the summary of a replay.") from wrong
    for entry in entries:
        if (entry["program"], entry["version"]) == (slug, version):
            return _parsed(path, entry)
    raise NotExplained(f"{path}: version {version} of program {slug!r} is not in it.")


def _parsed(summary: Path, entry: Mapping[str, str]) -> Program:
    if not entry["source"]:
        raise NotExplained(
            f"{summary}: the program was read from standard input and is not kept; replay it from "
            "a file."
        )
    return Program.parse(entry["source"], entry["path"])


def _referral(folder: Path, row: Mapping[str, Any]) -> dict[str, Any] | None:
    if not row["friend"]:
        return None
    referrals = _table(folder, "referrals").filter(
        (pl.col("program") == row["program"]) & (pl.col("friend") == row["friend"])
    )
    if referrals.is_empty():
        raise NotExplained(f"{folder}: the referral of {row['friend']!r} is not in it.")
    return referrals.row(0, named=True)


def _lost(folder: Path, referral: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Invitations that met the friend at the same event; an event has one user."""
    if referral is None:
        return []
    lost = _table(folder, "touches_lost").filter(
        (pl.col("program") == referral["program"])
        & (pl.col("join_position") == referral["join_position"])
    )
    return lost.to_dicts()


def _postings(folder: Path, decision_id: str) -> list[dict[str, Any]]:
    postings = _table(folder, "postings")
    return postings.filter(pl.col("transfer_id").str.starts_with(f"{decision_id}/")).to_dicts()


def _table(folder: Path, name: str) -> pl.DataFrame:
    """A table with its times as microseconds, in which the engine speaks."""
    frame = read_table(folder, name)
    return frame.with_columns(pl.selectors.temporal().dt.epoch("us"))
