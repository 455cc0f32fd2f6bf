"""wishes: what customers said they would like, kept with the rule it was asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from banyan.growth.planning.models import Wish
from banyan.kernel.errors import Problem

MOST_ANSWERS = 20


class BadWish(Problem):
    """Answers that cannot be kept like this."""


class NoSuchWish(Problem):
    """Kept answers that are not there."""


@dataclass(frozen=True)
class Answer:
    """One answer and how many gave it."""

    text: str
    votes: int
    share_percent: int
    """Of all who answered, rounded."""


@dataclass(frozen=True)
class WishRow:
    """One question asked on one day; the answer given most stands first."""

    id: int
    program: str
    reward: str
    question: str
    answers: tuple[Answer, ...]
    asked: int
    asked_on: date


def keep(
    actor: str,
    *,
    program: str,
    reward: str,
    question: str,
    lines: str,
    asked_on: date,
    now: datetime,
) -> WishRow:
    """Keep the answers of a survey: one line each, `answer: number`. Raises BadWish."""
    if not question.strip():
        raise BadWish("question: say what was asked")
    if asked_on > now.date():
        raise BadWish("date: lies in the future; give the day on which you asked")
    row = Wish.objects.create(
        program=program,
        reward=reward,
        question=question.strip()[:500],
        answers=_read(lines),
        asked_on=asked_on,
        created_at=now,
        created_by=actor,
    )
    return _row(row)


def forget(actor: str, wish_id: int) -> None:
    """Take kept answers away. Raises NoSuchWish."""
    deleted, _ = Wish.objects.filter(pk=wish_id).delete()
    if not deleted:
        raise NoSuchWish(f"survey: there is no survey {wish_id}")


def wishes(program: str) -> list[WishRow]:
    """What was asked for a program, the latest first."""
    return [_row(row) for row in Wish.objects.filter(program=program).order_by("-asked_on", "-id")]


def _read(lines: str) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for number, line in enumerate(lines.strip().splitlines(), 1):
        if not line.strip():
            continue
        match = re.fullmatch(r"\s*(.+?)\s*[:：]\s*(\d{1,7})\s*", line)
        if match is None:
            raise BadWish(f"answers, line {number}: write “answer: number”, such as “Cash: 40”")
        found.append((match[1][:200], int(match[2])))
    if not found or not sum(votes for _, votes in found):
        raise BadWish("answers: give at least one line, such as “Cash: 40”")
    if len(found) > MOST_ANSWERS:
        raise BadWish(f"answers: at most {MOST_ANSWERS} fit; put rare ones together")
    return found


def _row(row: Wish) -> WishRow:
    asked = sum(votes for _, votes in row.answers)
    answers = sorted(row.answers, key=lambda pair: -pair[1])
    told = tuple(Answer(text, votes, round(100 * votes / asked)) for text, votes in answers)
    return WishRow(row.pk, row.program, row.reward, row.question, told, asked, row.asked_on)
