"""What the engine decided, as text for people who keep books.

Every table is there, one row a line, empty tables left out; then what each account holds at the
end. `#4` is the event at position 4.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from banyan.engine import Outcomes
from tests.golden.words import amount_text

Row = dict[str, Any]


def outcome_text(outcomes: Outcomes, zone: ZoneInfo, *, names_program: bool) -> str:
    """The sections of a scenario that say what came of it; times are of `zone`.

    `names_program` puts program and version before each reward, for when there are several.
    """
    page = _Page(
        zone, names_program, {row["decision_id"]: row for row in _rows(outcomes.decisions)}
    )
    sections = {
        "referrals": page.lines(outcomes.referrals, page.referral),
        "lost touches": page.lines(outcomes.touches_lost, page.lost_touch),
        "decisions": page.lines(outcomes.decisions, page.decision) or ["none"],
        "taken back": page.lines(outcomes.reversals, page.reversal),
        "books": _columns(map(page.transfer, transfers(_rows(outcomes.postings)))),
        "balances": list(balances(_rows(outcomes.postings))),
        "rejected events": page.lines(outcomes.rejects, page.reject),
    }
    return "\n\n".join(
        "\n".join([f"== {title} ==", *lines]) for title, lines in sections.items() if lines
    )


def transfers(postings: list[Row]) -> Iterator[tuple[Row, Row]]:
    """Each transfer's two postings, source first.

    Raises AssertionError unless both sides have one name, unit and moment, and the same amount.
    """
    alike = ("transfer_id", "position", "occurred_at", "unit")
    for source, target in zip(postings[::2], postings[1::2], strict=True):
        assert [source[name] for name in alike] == [target[name] for name in alike], target
        assert source["amount"] == -target["amount"] < 0, target
        yield source, target


def balances(postings: list[Row]) -> Iterator[str]:
    """What each account holds at the end, by unit; accounts at zero are left out.

    Raises AssertionError for a unit that does not sum to zero.
    """
    for unit in sorted({row["unit"] for row in postings}):
        held: dict[str, int] = {}
        for row in postings:
            if row["unit"] == unit:
                held[row["account"]] = held.get(row["account"], 0) + row["amount"]
        total = sum(held.values())
        assert total == 0, f"{unit} does not balance: {held}"
        amounts = {account: amount_text(amount, unit) for account, amount in sorted(held.items())}
        lines = [(name, amounts[name]) for name in amounts if held[name] != 0]
        yield unit
        left = max(len(name) for name, _ in [*lines, ("sum", "")])
        right = max(len(amount) for _, amount in [*lines, ("", amount_text(total, unit))])
        for name, amount in [*lines, ("sum", amount_text(total, unit))]:
            yield f"  {name:<{left}}  {amount:>{right}}"


class _Page:
    def __init__(self, zone: ZoneInfo, names_program: bool, decisions: dict[str, Row]) -> None:
        self.zone = zone
        self.names_program = names_program
        self.decisions = decisions

    def lines(self, table: Any, line: Callable[[Row], tuple[str, ...]]) -> list[str]:
        return _columns(line(row) for row in _rows(table))

    def referral(self, row: Row) -> tuple[str, ...]:
        talk = "".join(f", {name} {row[name]}" for name in ("channel", "script") if row[name])
        return (
            f"#{row['join_position']}",
            self.time(row["started_at"]),
            f"{row['friend']} came by {row['advocate']}: {row['kind']} #{row['touch_position']}"
            f" of {self.time(row['touched_at'])}{talk}"
            f" ({row['program']} version {row['version']})",
        )

    def lost_touch(self, row: Row) -> tuple[str, ...]:
        whose = f"of {row['visitor']} " if row["visitor"] else ""
        program = f" ({row['program']})" if self.names_program else ""
        return (
            f"#{row['join_position']}",
            f"{row['kind']} #{row['touch_position']} of {self.time(row['touched_at'])}",
            f"{whose}for {row['advocate']}: {row['reason']}{program}",
        )

    def decision(self, row: Row) -> tuple[str, ...]:
        assert row["decision_id"] == "/".join(
            str(row[name]) for name in ("program", "reward", "beneficiary", "position")
        )
        return (
            f"#{row['position']}",
            self.time(row["occurred_at"]),
            row["outcome"],
            f"{self.share(row)} to {row['beneficiary']}, {self.why(row)}",
        )

    def share(self, row: Row) -> str:
        given = amount_text(row["amount"], row["unit"])
        whole = amount_text(row["raw_amount"], row["unit"])
        return f"{given} {row['unit']}" if given == whole else f"{given} of {whole} {row['unit']}"

    def why(self, row: Row) -> str:
        """Which reward for what and whom, when it is to be had, and the reason."""
        reward = row["reward"]
        if self.names_program:
            reward = f"{row['program']} v{row['version']} {reward}"
        why = f"{reward} no. {row['ordinal']} on {row['milestone']}"
        if row["friend"]:
            why += f" of {row['friend']}"
        if row["advocate"] and row["advocate"] != row["beneficiary"]:
            why += f", friend of {row['advocate']}"
        if row["available_at"]:
            why += f"; available {self.time(row['available_at'])}"
        if row["expires_at"]:
            why += f", expires {self.time(row['expires_at'])}"
        return f"{why}; {row['reason']}" if row["reason"] else why

    def reversal(self, row: Row) -> tuple[str, ...]:
        unit = self.decisions[row["decision_id"]]["unit"]
        amount = f"{amount_text(row['amount'], unit)} {unit}"
        return f"#{row['position']}", self.time(row["occurred_at"]), amount, row["decision_id"]

    def transfer(self, sides: tuple[Row, Row]) -> tuple[str, ...]:
        source, target = sides
        return (
            f"#{source['position']}",
            self.time(source["occurred_at"]),
            f"{amount_text(target['amount'], target['unit'])} {target['unit']}",
            f"{source['account']} -> {target['account']}",
            f"({source['transfer_id']})",
        )

    def reject(self, row: Row) -> tuple[str, ...]:
        return f"#{row['position']}", row["message_id"] or "", row["code"]

    def time(self, moment: datetime) -> str:
        text = f"{moment.astimezone(self.zone).replace(tzinfo=None):%Y-%m-%d %H:%M:%S.%f}"
        return text.removesuffix(".000000").removesuffix(":00")


def _columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Rows of texts as lines whose parts stand below one another."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]


def _rows(table: Any) -> list[Row]:
    rows: list[Row] = table.to_dicts()
    return rows
