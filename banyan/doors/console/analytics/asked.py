"""asked: which program and which days a page is about; both stand in its address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest

from banyan.core.events import clock
from banyan.doors.console.number import number_of
from banyan.insight.metrics.periods import Period, latest
from banyan.insight.metrics.scope import Scope, latest_terms, scope

SPANS = (7, 30, 90, 365)
_FARTHEST_DAYS = 3660


@dataclass(frozen=True)
class Asked:
    """What the reader chose. `span` is 0 where the days were typed."""

    scope: Scope
    period: Period
    span: int
    today: date
    programs: tuple[tuple[str, str], ...]
    """Slug and title of what can be chosen."""

    @property
    def query(self) -> str:
        """The choice as an address's query."""
        days = (
            {"days": self.span}
            if self.span
            else {"from": self.period.first.isoformat(), "to": self.period.last.isoformat()}
        )
        return urlencode({"program": self.scope.program, **days})


def asked(request: HttpRequest, *, span: int = 30) -> Asked:
    """The choice of a request; what cannot be read is left to the usual."""
    today = clock.now().astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE)).date()
    chosen = _span(request.GET.get("days", ""), span)
    typed = _typed(request, today, chosen)
    terms = {slug: one for slug, one in latest_terms().items() if not one.is_self}
    return Asked(
        scope(request.GET.get("program", "")),
        typed or latest(chosen or span, today=today),
        0 if typed else chosen or span,
        today,
        tuple((slug, _title(one.title, request, slug)) for slug, one in terms.items()),
    )


def _span(days: str, usual: int) -> int:
    """A span that can be chosen; 0 for days that were typed."""
    if days == "typed":
        return 0
    span = number_of(days)
    return span if span in SPANS else usual


def _typed(request: HttpRequest, today: date, span: int) -> Period | None:
    """Days that were typed. The form sends them beside the span it shows: they count when they are
    other than that span's, unless it was the span that was changed."""
    try:
        first = date.fromisoformat(request.GET.get("from", ""))
        last = date.fromisoformat(request.GET.get("to", ""))
    except ValueError:
        return None
    if first > last or (last - first).days > _FARTHEST_DAYS or abs(last.year - today.year) > 100:
        return None
    found, shown = Period(first, last), request.GET.get("shown", "")
    is_span_chosen = span and shown != str(span) and "days" in request.GET
    is_span = span and found == latest(span, today=today) and "days" in request.GET
    return None if is_span_chosen or is_span else found


def _title(words: object, request: HttpRequest, slug: str) -> str:
    lang = "zh-hans" if getattr(request, "LANGUAGE_CODE", "en").startswith("zh") else "en"
    found = words.get(lang) or words.get("en") if isinstance(words, dict) else None
    return str(found or slug)
