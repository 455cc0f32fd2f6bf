"""reading: a page of a list, found by keys: it costs the same at the first row and at the ten
millionth, and no list is counted for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any, cast

import polars as pl
from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import Max, Q

from banyan.core.events import clock
from banyan.doors.console.records.columns import TYPES, Form, form_of, plain
from banyan.doors.console.records.kinds import Kind
from banyan.kernel.database import read

PER_PAGE = 50
SEARCHED_BACK = 1_000_000
"""How many positions or numbers a filter without an index looks through for one page."""
_FIRST_CHUNK = 2_000
_CHUNK = 20_000
"""Rows of a file that are fetched at once."""
_MOST_CHOICES = 40
_GLANCED = 500
_PART_INDEXED = ("reference",)
"""Fields whose index leaves out the empty text."""
_PLAIN = (models.TextField, models.IntegerField, models.BooleanField, models.DateTimeField)
_YES_NO = {"yes": True, "no": False}

Place = tuple[Any, ...]


@dataclass(frozen=True)
class Asked:
    """What is looked for in a list. `order` may begin with `-`."""

    text: str = ""
    filters: Mapping[str, str] | None = None
    order: str = ""
    before: Place | None = None
    """Rows after this place in the order that was asked for."""


@dataclass(frozen=True)
class Page:
    """Some rows; `next` is the place to go on from, None at the end. `reached`: so far back a
    filter has looked and found no full page; None where it looked at everything."""

    rows: list[models.Model]
    next: Place | None
    reached: int | None = None


def page(kind: Kind, asked: Asked, limit: int = PER_PAGE) -> Page:
    """One page."""
    is_down, order = _order(kind, asked)
    rows = _matching(kind, asked)
    bound = _bound(kind, asked, rows) if is_down else None
    if bound is not None:
        rows = rows.filter(**{f"{kind.sorts[0]}__gt": bound})
    found = _searched(
        kind, asked, _after(rows, order, asked.before, is_down), order, is_down, limit
    )
    shown = found[:limit]
    if len(found) > limit:
        return Page(shown, _place(shown[-1], order))
    if bound is not None and bound > 0:
        # Nothing lies exactly there: the first key is what the search goes on below.
        return Page(shown, (bound + 1, *(_LEAST for _ in order[1:])), bound)
    return Page(shown, None)


def every(kind: Kind, asked: Asked) -> Iterator[pl.DataFrame]:
    """All rows that match, as frames of what the columns need, for files; the first is small, so
    that a file begins at once."""
    is_down, order = _order(kind, asked)
    names = tuple(dict.fromkeys([*_needed(kind), *order]))
    matching = _matching(kind, asked)
    if asked.text:
        matching = matching.filter(_or(_ways(kind, asked.text)))
    place, size = asked.before, _FIRST_CHUNK
    while True:
        rows = _ordered(_after(matching, order, place, is_down), order, is_down)[:size]
        frame = _frame(kind, rows, names)
        if not frame.is_empty():
            yield frame
        if frame.height < size:
            return
        place, size = tuple(frame.row(-1, named=True)[name] for name in order), _CHUNK


def many(kind: Kind, asked: Asked, most: int) -> int:
    """How many rows match, counted up to one more than `most`."""
    matching = _matching(kind, asked)
    if asked.text:
        matching = matching.filter(_or(_ways(kind, asked.text)))
    return matching.order_by().values("pk")[: most + 1].count()


def keys(kind: Kind, asked: Asked, most: int) -> tuple[list[str], int | None]:
    """The keys of the rows that match, at most so many, for what is done with all of them; and
    below which number a filter has not looked, as for a page: None where it looked at everything.
    """
    first = replace(asked, before=None)
    is_down, order = _order(kind, first)
    rows = _matching(kind, first)
    bound = _bound(kind, first, rows) if is_down else None
    if bound:
        rows = rows.filter(**{f"{kind.sorts[0]}__gt": bound})
    if asked.text:
        rows = rows.filter(_or(_ways(kind, asked.text)))
    found = _ordered(rows, order, is_down).values_list(kind.key[0], flat=True)
    return [str(key) for key in found[:most]], bound or None


def one(kind: Kind, key: str) -> models.Model | None:
    """A record by its key as an address holds it."""
    values = parsed(key)
    if values is None or len(values) != len(kind.key):
        return None
    try:
        return _rows(kind).filter(**dict(zip(kind.key, values, strict=True))).first()
    except (ValueError, TypeError, OverflowError):
        return None


def key_of(kind: Kind, row: models.Model) -> str:
    """The key of a record as an address holds it."""
    return written(tuple(getattr(row, name) for name in kind.key))


def written(place: Place) -> str:
    """A place for an address."""
    return json.dumps([str(v) if hasattr(v, "isoformat") else v for v in place])


def parsed(text: str) -> Place | None:
    """A place from an address; None for what is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    is_plain = isinstance(found, list) and all(isinstance(v, str | int) for v in found)
    return tuple(found) if is_plain else None


def choices(kind: Kind, name: str) -> list[str]:
    """What a filter may be set to: what the field's own words are, or what stands in the table.

    Of a large table what stands in its latest rows.
    """
    if name in kind.ways:
        return list(kind.ways[name].choices)
    field = kind.model._meta.get_field(name)
    if isinstance(field, models.BooleanField):
        return list(_YES_NO)
    if isinstance(field, models.Field) and field.choices:
        return [str(value) for value, _label in field.flatchoices]
    rows = kind.model._default_manager.all()
    latest = rows.order_by(*[f"-{key}" for key in kind.key]).values_list(name, flat=True)
    values = set(latest[:_GLANCED]) - {None, ""}
    return sorted(map(str, values))[:_MOST_CHOICES]


_LEAST = -1


def _order(kind: Kind, asked: Asked) -> tuple[bool, tuple[str, ...]]:
    wanted = asked.order.removeprefix("-")
    first = wanted if wanted in kind.sorts else kind.sorts[0]
    is_down = not asked.order or asked.order.startswith("-") or wanted not in kind.sorts
    return is_down, (first, *(key for key in kind.key if key != first))


def _rows(kind: Kind) -> models.QuerySet[models.Model]:
    rows = kind.model._default_manager.all()
    return rows.annotate(**kind.computed(clock.now())) if kind.computed else rows


def _matching(kind: Kind, asked: Asked) -> models.QuerySet[models.Model]:
    rows = _rows(kind)
    for name, value in (asked.filters or {}).items():
        if name in kind.ways:
            rows = rows.filter(kind.ways[name].fits(value, clock.now()))
            continue
        field = kind.model._meta.get_field(name)
        is_bool = isinstance(field, models.BooleanField)
        rows = rows.filter(**{name: _YES_NO.get(value) if is_bool else value})
    return rows


def _bound(kind: Kind, asked: Asked, rows: models.QuerySet[models.Model]) -> int | None:
    """Below which key this page does not look; None: it looks at everything."""
    slow = kind.scanned.intersection(asked.filters or {})
    first = kind.model._meta.get_field(kind.sorts[0])
    if not slow or not isinstance(first, models.IntegerField) or asked.text:
        return None
    if asked.before is not None:
        top = asked.before[0]
    else:
        top = kind.model._default_manager.aggregate(top=Max(kind.sorts[0]))["top"]
    return max(0, int(top) - SEARCHED_BACK) if isinstance(top, int) else None


def _after(
    rows: models.QuerySet[models.Model],
    order: tuple[str, ...],
    place: Place | None,
    is_down: bool,
) -> models.QuerySet[models.Model]:
    if place is None or len(place) != len(order):
        return rows
    sign = "lt" if is_down else "gt"
    beyond = Q()
    for depth, name in enumerate(order):
        same = dict(zip(order[:depth], place, strict=False))
        beyond |= Q(**same, **{f"{name}__{sign}": place[depth]})
    # Said twice, so that the index of the first key narrows the search on every database.
    return rows.filter(beyond, **{f"{order[0]}__{sign}e": place[0]})


def _searched(
    kind: Kind,
    asked: Asked,
    rows: models.QuerySet[models.Model],
    order: tuple[str, ...],
    is_down: bool,
    limit: int,
) -> list[models.Model]:
    """One row more than a page has, if there is one. Each way to match by itself, so that each
    takes its own index."""
    rows = _ordered(rows, order, is_down)
    if not asked.text:
        return list(rows[: limit + 1])
    found: dict[object, models.Model] = {}
    for way in _ways(kind, asked.text):
        found |= {row.pk: row for row in rows.filter(way)[: limit + 1]}
    ordered = sorted(found.values(), key=lambda row: _place(row, order), reverse=is_down)
    return ordered[: limit + 1]


def _ways(kind: Kind, text: str) -> Iterator[Q]:
    """Each way in which a row can match a text that is searched for."""
    for name in kind.search:
        value = text.upper() if name == "key" and kind.slug == "links" else text
        try:
            cast("models.Field[Any, Any]", kind.model._meta.get_field(name)).get_prep_value(value)
        except (ValueError, TypeError):
            continue  # no value of this field looks like that
        # SQLite takes an index of what is not empty only if it is told that this is not.
        is_part = name in _PART_INDEXED
        yield Q(**{name: value}) & ~Q(**{name: ""}) if is_part else Q(**{name: value})


def _or(ways: Iterable[Q]) -> Q:
    return reduce(or_, ways, Q(pk__in=()))


def _ordered(
    rows: models.QuerySet[models.Model], order: tuple[str, ...], is_down: bool
) -> models.QuerySet[models.Model]:
    return rows.order_by(*(f"-{name}" if is_down else name for name in order))


def _needed(kind: Kind) -> Iterator[str]:
    for column in kind.shown:
        yield from column.fields


def _frame(kind: Kind, rows: models.QuerySet[models.Model], names: tuple[str, ...]) -> pl.DataFrame:
    """Rows as a frame: as the database hands them out where all its values are plain, which is
    several times faster than value by value."""
    schema = {name: TYPES[_form(kind, name)] for name in names}
    query = rows.values_list(*names)
    if all(_is_plain(kind, name) for name in names):
        try:
            return read(*query.query.sql_with_params(), schema)
        except EmptyResultSet:  # filters that nothing can fit
            return pl.DataFrame(schema=schema)
    cells = [[plain(v, _form(kind, n)) for n, v in zip(names, row, strict=True)] for row in query]
    return pl.DataFrame(cells, schema=schema, orient="row")


def _form(kind: Kind, name: str) -> Form:
    own = next((one.form for one in kind.shown if one.name == name and not one.of), None)
    return own or form_of(kind.model._meta.get_field(name))


def _is_plain(kind: Kind, name: str) -> bool:
    """Whether the database hands out the values of a column as files hold them; days, decimals and
    numbers of other records are written as texts."""
    fields = {one.attname: one for one in kind.model._meta.concrete_fields}
    return name not in fields or isinstance(fields[name], _PLAIN)


def _place(row: models.Model, order: tuple[str, ...]) -> Place:
    return tuple(getattr(row, name) for name in order)
