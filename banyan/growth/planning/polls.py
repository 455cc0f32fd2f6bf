"""polls: customers are asked on their own pages which reward they would like; each has one vote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.utils.translation import gettext as _

from banyan.engine.language.explain import LANGUAGES
from banyan.growth.planning.models import Poll, Vote
from banyan.growth.planning.wishes import Answer
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import token

FEWEST_CHOICES, MOST_CHOICES = 2, 8
LONGEST_QUESTION, LONGEST_CHOICE = 200, 100


class BadPoll(Problem):
    """A question or a vote that cannot be taken like this."""


class NoSuchPoll(Problem):
    """A question that is not there, or no longer asked."""

    status = 404


@dataclass(frozen=True)
class PollRow:
    """One question; `answers` in the order in which they are offered, with their votes so far."""

    id: int
    program: str
    reward: str
    questions: Mapping[str, str]
    choices: Mapping[str, tuple[str, ...]]
    votes: tuple[int, ...]
    opened_at: datetime
    closed_at: datetime | None

    @property
    def asked(self) -> int:
        """How many answered."""
        return sum(self.votes)

    def question(self, lang: str) -> str:
        """In a language, else in the other."""
        return self.questions.get(lang) or next(iter(self.questions.values()))

    def answers(self, lang: str) -> tuple[Answer, ...]:
        """Every choice with its votes."""
        texts = self.choices.get(lang) or next(iter(self.choices.values()))
        whole = self.asked or 1
        pairs = zip(texts, self.votes, strict=True)
        return tuple(Answer(text, n, round(100 * n / whole)) for text, n in pairs)


def ask(
    actor: str,
    *,
    program: str,
    reward: str,
    questions: Mapping[str, str],
    choices: Mapping[str, str],
    now: datetime,
) -> PollRow:
    """Ask from now on. Question and choices by language (en, zh-hans), a choice a line; a language
    that says nothing is left out. Raises BadPoll."""
    asked = {lang: " ".join(questions.get(lang, "").split()) for lang in LANGUAGES}
    offered = {lang: _lines(choices.get(lang, "")) for lang in LANGUAGES}
    spoken = [lang for lang in LANGUAGES if asked[lang] or offered[lang]]
    if not spoken:
        raise BadPoll(_("question: say what is asked, in at least one language"))
    for lang in spoken:
        _check(asked[lang], offered[lang])
    if len({len(offered[lang]) for lang in spoken}) > 1:
        raise BadPoll(_("choices: give as many in one language as in the other, in the same order"))
    row = Poll.objects.create(
        program=program,
        reward=reward,
        questions={lang: asked[lang] for lang in spoken},
        choices={lang: offered[lang] for lang in spoken},
        opened_at=now,
        opened_by=actor,
    )
    return _row(row, {})


def close(actor: str, poll_id: int, *, now: datetime) -> None:
    """Ask no more; the votes stay. Raises NoSuchPoll."""
    rows = Poll.objects.filter(pk=poll_id, closed_at=None)
    if not rows.update(closed_at=now, closed_by=actor):
        raise NoSuchPoll(_("This question is asked no more."))


def vote(user_id: str, poll_id: int, choice: int, *, now: datetime) -> None:
    """Take somebody's answer; another one takes its place. `user_id` is the one that speaks for
    them. Raises NoSuchPoll, BadPoll."""
    row = Poll.objects.filter(pk=poll_id, closed_at=None).first()
    if row is None:
        raise NoSuchPoll(_("This question is asked no more."))
    if not 0 <= choice < len(next(iter(row.choices.values()))):
        raise BadPoll(_("Choose one of the answers."))
    Vote.objects.update_or_create(
        poll=row, voter=_voter(user_id, row.pk), defaults={"choice": choice, "at": now}
    )


def polls(program: str) -> list[PollRow]:
    """What was asked for a program, the latest first."""
    rows = list(Poll.objects.filter(program=program).order_by("-opened_at", "-id"))
    counted: dict[int, dict[int, int]] = {}
    tally = Vote.objects.filter(poll__in=rows).values_list("poll", "choice").annotate(Count("id"))
    for poll_id, choice, n in tally:
        counted.setdefault(poll_id, {})[choice] = n
    return [_row(row, counted.get(row.pk, {})) for row in rows]


def poll(poll_id: int) -> PollRow | None:
    """A question that is asked now; its votes are not counted."""
    row = Poll.objects.filter(pk=poll_id, closed_at=None).first()
    return _row(row, {}) if row else None


def open_for(user_id: str) -> PollRow | None:
    """The question that somebody has not answered yet, the oldest of those asked now."""
    for row in Poll.objects.filter(closed_at=None).order_by("opened_at", "id"):
        if chosen(user_id, row.pk) is None:
            return _row(row, {})
    return None


def chosen(user_id: str, poll_id: int) -> int | None:
    """What somebody answered; None: nothing yet."""
    mine = Vote.objects.filter(poll=poll_id, voter=_voter(user_id, poll_id))
    return mine.values_list("choice", flat=True).first()


def _check(question: str, choices: list[str]) -> None:
    if not question:
        raise BadPoll(_("question: say what is asked, in each language that has answers"))
    if len(question) > LONGEST_QUESTION:
        raise BadPoll(_("question: at most {most} characters fit").format(most=LONGEST_QUESTION))
    if not FEWEST_CHOICES <= len(choices) <= MOST_CHOICES:
        raise BadPoll(
            _("choices: give between {fewest} and {most}, one a line").format(
                fewest=FEWEST_CHOICES, most=MOST_CHOICES
            )
        )
    if len(set(choices)) < len(choices):
        raise BadPoll(_("choices: one stands there twice"))
    if any(len(one) > LONGEST_CHOICE for one in choices):
        raise BadPoll(_("choices: at most {most} characters each").format(most=LONGEST_CHOICE))


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _voter(user_id: str, poll_id: int) -> str:
    return token(user_id, purpose=f"poll {poll_id}")


def _row(row: Poll, counted: Mapping[int, int]) -> PollRow:
    size = len(next(iter(row.choices.values())))
    return PollRow(
        row.pk,
        row.program,
        row.reward,
        row.questions,
        {lang: tuple(lines) for lang, lines in row.choices.items()},
        tuple(counted.get(number, 0) for number in range(size)),
        row.opened_at,
        row.closed_at,
    )
