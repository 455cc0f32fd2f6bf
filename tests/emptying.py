"""A used PostgreSQL database made like new: much cheaper than to make another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

# A table grown beyond this is truncated; of smaller ones the rows are deleted, which is faster.
SMALL_BYTES = 200_000

TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1"""

# Columns with their defaults, indexes, constraints, triggers and whether they fire, functions.
SHAPE = """
    SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
      SELECT format('%s.%s %s %s %s', a.attrelid::regclass, a.attname, a.atttypid, a.attnotnull,
                    pg_get_expr(d.adbin, d.adrelid)) AS line
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
      UNION ALL SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
      JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace
      UNION ALL SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
      UNION ALL SELECT format('%s %s %s', tgrelid::regclass, tgname, tgenabled)
      FROM pg_trigger WHERE NOT tgisinternal
      UNION ALL SELECT proname || md5(prosrc) FROM pg_proc
      WHERE pronamespace = 'public'::regnamespace
      UNION ALL SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'
    ) AS shape"""

SEQUENCES = """
    SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"""

# Whoever changes a definition writes its row anew, with a transaction's number above all before:
# where as many rows add up to the same, none was touched. Five times cheaper than the shape.
_DEFINED = " UNION ALL ".join(
    f"SELECT count(*), sum(xmin::text::bigint) FROM {catalog} WHERE {own}"
    for catalog, own in {
        "pg_attrdef": "true",
        "pg_attribute": "attrelid >= 16384 AND attnum > 0",
        "pg_class": "oid >= 16384",
        "pg_constraint": "oid >= 16384",
        "pg_index": "indexrelid >= 16384",
        "pg_namespace": "nspname !~ '^pg_'",
        "pg_proc": "oid >= 16384",
        "pg_trigger": "true",
    }.items()
)
DEFINITIONS = f"SELECT string_agg(d::text, ' ') FROM ({_DEFINED}) AS d"

# What PostgreSQL counted since `pg_stat_reset`; each session hands its counts in before it is gone.
# An insert counts though it was rolled back, and a sequence is read wherever it is moved.
TOUCHED = """
    SELECT c.relname, c.relkind, pg_relation_size(c.oid),
      CASE WHEN c.relkind = 'S' THEN pg_sequence_last_value(c.oid) END
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND (
      c.relkind = 'S' AND pg_stat_get_blocks_fetched(c.oid) > 0
      OR c.relkind IN ('r', 'p') AND (
        pg_stat_get_tuples_inserted(c.oid) > 0
        OR c.relname = ANY(%s) AND
          pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid) > 0))"""

# Where nothing is known, as after a crash, a time that equals no other.
COUNTED_SINCE = """
    SELECT coalesce(pg_stat_get_db_stat_reset_time(oid), clock_timestamp())::text
    FROM pg_database WHERE datname = current_database()"""


@dataclass(frozen=True)
class Blank:
    """How a migrated database looks that nobody has used."""

    shape: str
    tables: list[str]
    rows: dict[str, bytes]
    """Tables that migrations filled, as COPY writes them."""
    sequences: dict[str, int | None]


@dataclass(frozen=True)
class Mark:
    """What an emptied database was left with: as long as both hold, its shape is the blank one and
    PostgreSQL has counted all that was done to its rows. A server that crashed has not."""

    definitions: str
    counted_since: str


@dataclass(frozen=True)
class _Used:
    """What may have to be put back: tables with their bytes, sequences with their last values."""

    tables: dict[str, int]
    sequences: dict[str, int | None]


def look(link: psycopg.Connection) -> Blank:
    """Keep what a database must look like after `empty`."""
    tables = _column(link, TABLES)
    rows = {table: _read(link, table) for table in _filled(link, tables)}
    return Blank(_column(link, SHAPE)[0], tables, rows, _sequences(link))


def empty(link: psycopg.Connection, blank: Blank, mark: Mark | None) -> Mark | None:
    """Bring it back to `blank`; None where somebody changed its tables: drop it then.

    `mark` is what the last emptying gave, if there was one. Nobody else may be connected. Triggers
    and foreign keys are not asked.
    """
    with link.transaction():
        # With superuser's right: rows that may not be deleted are deleted.
        link.execute("SET LOCAL session_replication_role = replica")
        _drop_made(link, blank)
        definitions = _column(link, DEFINITIONS)[0]
        if mark == Mark(definitions, _column(link, COUNTED_SINCE)[0]):
            used = _touched(link, blank)
        elif _column(link, SHAPE)[0] == blank.shape:
            used = _all(link, blank)
        else:
            return None
        _put_back(link, blank, used)
        # With its end this connection hands in its own counts, so that the reset is the last.
        link.execute("SELECT pg_stat_force_next_flush()")
    link.execute("SELECT pg_stat_reset()")
    # A table truncated here changed the definitions: then the next emptying looks at all.
    return Mark(definitions, _column(link, COUNTED_SINCE)[0])


def _drop_made(link: psycopg.Connection, blank: Blank) -> None:
    made = sorted(set(_column(link, TABLES)) - set(blank.tables))
    if made:
        link.execute("DROP TABLE " + ", ".join(f'"{table}"' for table in made) + " CASCADE")


def _all(link: psycopg.Connection, blank: Blank) -> _Used:
    tables = _filled(link, blank.tables)
    sizes = {table: _column(link, f"SELECT pg_relation_size('\"{table}\"')")[0] for table in tables}
    return _Used(sizes | dict.fromkeys(blank.rows.keys() - sizes, 0), _sequences(link))


def _touched(link: psycopg.Connection, blank: Blank) -> _Used:
    found = link.execute(TOUCHED, [list(blank.rows)]).fetchall()
    return _Used(
        {name: size for name, kind, size, _ in found if kind != "S"},
        {name: value for name, kind, _, value in found if kind == "S"},
    )


def _put_back(link: psycopg.Connection, blank: Blank, used: _Used) -> None:
    work = [
        f'TRUNCATE "{table}" CASCADE' if size > SMALL_BYTES else f'DELETE FROM "{table}"'
        for table, size in used.tables.items()
        if table not in blank.rows or _read(link, table) != blank.rows[table]
    ]
    for sequence, value in used.sequences.items():
        wanted = blank.sequences[sequence]
        if value != wanted:
            work.append(f"SELECT setval('\"{sequence}\"', {wanted or 1}, {wanted is not None})")
    if work:
        link.execute("; ".join(work))
        for table in blank.rows.keys() - set(_filled(link, list(blank.rows))):
            with link.cursor().copy(f'COPY "{table}" FROM STDIN') as copy:
                copy.write(blank.rows[table])


def _filled(link: psycopg.Connection, tables: list[str]) -> list[str]:
    asked = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\")" for table in tables
    )
    return _column(link, asked) if tables else []


def _sequences(link: psycopg.Connection) -> dict[str, int | None]:
    return dict(link.execute(SEQUENCES).fetchall())


def _read(link: psycopg.Connection, table: str) -> bytes:
    with link.cursor().copy(f'COPY "{table}" TO STDOUT') as copy:
        return b"".join(bytes(part) for part in copy)


def _column(link: psycopg.Connection, query: str) -> list[Any]:
    return [row[0] for row in link.execute(query).fetchall()]
