"""raw: events in any public shape, as one frame of typed columns.

What a program does not mention is never looked at beyond its syntax. An event that is no JSON
object is a row all the same, since it takes a position; `bad_json` tells it apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import polars as pl

from banyan.engine.columns import decoded, from_series, from_tokens
from banyan.engine.objects import Path, Shape, Text, shape_of
from banyan.engine.values import DTYPES, Kind

# Text is typed in blocks of this size, so that what lies between text and columns stays small.
_BLOCK_BYTES = 1 << 25
# A few hundred events at a time stay in the processor's cache: more than twice as fast.
_PIECE_BYTES = 1 << 17
_PIECE_CELLS = 1 << 9

# Up to here the calls cost more than the rows.
_FEW_ROWS = 1 << 12

# Column types that can hold JSON text.
_TEXTS = (pl.String, pl.Categorical, pl.Enum, pl.Binary)
_NESTING = (*_TEXTS, pl.Struct, pl.BaseExtension)

# Below these heads a field's name is one key, whatever dots it has.
_FLAT = ("properties", "traits")


def from_lines(data: bytes | memoryview, wanted: Mapping[str, Kind]) -> pl.DataFrame:
    """JSON Lines as typed events: a row for each non-blank line, in order.

    `data` is UTF-8 of whole lines; the last may lack its line feed. `wanted` names the columns by
    dotted path: `userId`, `properties.total`, `context.device.id`; a trailing `:KIND` tells two
    readings of one field apart and is no part of its name. The result has these columns, typed as
    `banyan.engine.values.DTYPES` says, and `bad_json`, true for a line that is not one JSON object;
    all its other columns are null. Of a key that stands twice the last counts.
    """
    text = bytes(data)
    blocks = list(_cuts(text, _BLOCK_BYTES)) or [(0, 0)]
    frames = [_from_block(text[start:end], wanted) for start, end in blocks]
    return frames[0] if len(frames) == 1 else pl.concat(frames, rechunk=True)


def from_frame(frame: pl.DataFrame, wanted: Mapping[str, Kind]) -> pl.DataFrame:
    """A frame of public events as typed events, row by row; see `from_lines`.

    A field is taken from a column of its dotted name, else out of the nearest column above it: a
    struct, or JSON text, which must be an object or null or nothing. A missing column is a missing
    field. Date-times without a zone are UTC.
    """
    flat = frame.select(columns_for(frame.schema, wanted))
    columns: dict[str, pl.Series] = {}
    inside: dict[str, dict[str, Path]] = {}
    for name, kind in wanted.items():
        path = _path(name, kind)
        source, rest = next(_found(flat.schema, path), (None, path))
        if source is None:
            columns[name] = pl.repeat(None, frame.height, dtype=DTYPES[kind], eager=True)
        elif rest:
            inside.setdefault(source, {})[name] = rest
        else:
            columns[name] = from_series(kind, flat[source])
    bad: set[int] = set()
    for source, paths in inside.items():
        rows, texts = _objects(flat[source])
        tokens = _cells(texts, shape_of(tuple(paths.values())))
        bad.update(rows[tokens.bad])
        for name, column in tokens.typed(paths, wanted).items():
            columns[name] = _spread(column, rows, frame.height)
    return _frame(columns, wanted, sorted(bad), frame.height)


def columns_for(schema: Mapping[str, pl.DataType], wanted: Mapping[str, Kind]) -> list[pl.Expr]:
    """What `from_frame` needs of a frame of that schema, each under its dotted path.

    Select these first where reading a column costs something.
    """
    found: dict[str, pl.Expr] = {}
    for name, kind in wanted.items():
        for column, rest in _found(schema, _path(name, kind)):
            found |= _within(pl.col(column), schema[column], column, rest)
    return [expr.alias(path) for path, expr in found.items()]


def _path(name: str, kind: Kind) -> Path:
    name = name.removesuffix(f":{kind}")
    head, dot, rest = name.partition(".")
    if not dot:
        return (name,)
    return (head, rest) if head in _FLAT else tuple(name.split("."))


def _found(schema: Mapping[str, pl.DataType], path: Path) -> Iterator[tuple[str, Path]]:
    """The column of that path or the nearest above it, and the path from there; if there is one."""
    for cut in range(len(path), 0, -1):
        column, rest = ".".join(path[:cut]), path[cut:]
        if column in schema and (not rest or isinstance(schema[column], _NESTING)):
            yield column, rest
            return


def _within(expr: pl.Expr, dtype: pl.DataType, above: str, path: Path) -> dict[str, pl.Expr]:
    """By its dotted path the field below a column, or the JSON text that holds it."""
    if isinstance(dtype, pl.BaseExtension):  # as Parquet marks JSON text
        storage = cast(pl.DataType, dtype.ext_storage())
        return _within(expr.ext.storage(), storage, above, path)
    if path and isinstance(dtype, pl.Struct):
        key = path[0]
        inner = pl.Schema(dtype)
        if key not in inner:
            return {}
        return _within(expr.struct.field(key), inner[key], f"{above}.{key}", path[1:])
    return {} if path and not isinstance(dtype, _TEXTS) else {above: expr}


def _frame(
    columns: Mapping[str, pl.Series], wanted: Mapping[str, Kind], bad: list[int], height: int
) -> pl.DataFrame:
    is_bad = pl.repeat(False, height, dtype=pl.Boolean, eager=True).scatter(bad, True)
    frame = pl.DataFrame(
        [*(columns[name].alias(name) for name in wanted), is_bad.alias("bad_json")]
    )
    if not bad:
        return frame
    return frame.with_columns(pl.when(~pl.col("bad_json")).then(pl.exclude("bad_json")))


# --- JSON text


@dataclass
class _Tokens:
    """Tokens of a shape's fields, gathered piece by piece."""

    shape: Shape
    height: int = 0
    bad: list[int] = field(default_factory=list)
    pieces: list[list[bytes]] = field(default_factory=list)

    def add(self, texts: Sequence[Text]) -> None:
        """Append a row for each text; none may hold a line break between its tokens."""
        objects, bad = self.shape.read(texts)
        if not objects:
            return
        self.pieces.append([b"\n".join(column) for column in self.shape.columns(objects)])
        self.bad += [self.height + i for i in bad]
        self.height += len(objects)

    def typed(self, paths: Mapping[str, Path], wanted: Mapping[str, Kind]) -> dict[str, pl.Series]:
        """The fields at `paths`, typed."""
        place = {path: i for i, path in enumerate(self.shape.paths)}
        written = {name: self._written(place[path]) for name, path in paths.items()}
        # Of few rows all fields of a kind lie end to end in one column while they are typed: what a
        # call costs is paid once. Of many, each column shall keep only its own texts in memory.
        if self.height > _FEW_ROWS:
            columns = from_tokens([(wanted[n], w) for n, w in written.items()], self.height)
            return dict(zip(written, columns, strict=True))
        typed: dict[str, pl.Series] = {}
        for kind in DTYPES:
            names = [name for name in written if wanted[name] == kind]
            joined = b"".join(written[name] for name in names)
            [column] = from_tokens([(kind, joined)], self.height * len(names))
            for i, name in enumerate(names):
                typed[name] = column.slice(i * self.height, self.height)
        return typed

    def _written(self, place: int) -> bytes:
        return b"\n".join([*(piece[place] for piece in self.pieces), b""])


def _from_block(text: bytes, wanted: Mapping[str, Kind]) -> pl.DataFrame:
    paths = {name: _path(name, kind) for name, kind in wanted.items()}
    tokens = _Tokens(shape_of(tuple(paths.values())))
    is_utf8 = _is_utf8(text)
    for start, end in _cuts(text, _PIECE_BYTES):
        lines = list(filter(None, text[start:end].split(b"\n")))
        # msgspec does not look at the encoding of texts it skips; an empty line is a bad one to it.
        tokens.add(lines if is_utf8 else [line if _is_utf8(line) else b"" for line in lines])
    return _frame(tokens.typed(paths, wanted), wanted, tokens.bad, tokens.height)


def _cuts(text: bytes, size: int) -> Iterator[tuple[int, int]]:
    """Where to cut a text into whole lines of at most `size` together, unless one is more."""
    start = 0
    while start < len(text):
        end = text.rfind(b"\n", start, start + size) + 1
        if end == 0:
            end = text.find(b"\n", start + size) + 1 or len(text)
        yield start, end
        start = end


def _is_utf8(data: bytes) -> bool:
    # Several times as fast as Python's own decoder, which would write the text anew.
    return data.isascii() or decoded(pl.Series([data], dtype=pl.Binary)).null_count() == 0


def _objects(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The rows that hold more than nothing or null, and their texts; empty ones are no text."""
    texts = decoded(cells) if cells.dtype == pl.Binary else cells.cast(pl.String)
    texts = texts.str.strip_chars(" \t\r\n")
    # Bytes that are no UTF-8 are no JSON either.
    texts = texts.set(texts.is_in(["", "null"]), None).set(
        texts.is_null() & cells.is_not_null(), ""
    )
    rows = texts.is_not_null().arg_true()
    return rows, texts if len(rows) == len(texts) else texts.gather(rows)


def _cells(texts: pl.Series, shape: Shape) -> _Tokens:
    """JSON texts as tokens."""
    broken = texts.str.contains("\n", literal=True).arg_true()
    if not broken.is_empty():
        texts = texts.scatter(broken, _on_one_line(texts.gather(broken).to_list(), shape))
    tokens = _Tokens(shape)
    for start in range(0, len(texts), _PIECE_CELLS):
        tokens.add(texts.slice(start, _PIECE_CELLS).to_list())
    return tokens


def _spread(column: pl.Series, rows: pl.Series, height: int) -> pl.Series:
    """The values at these rows of a longer column, nulls between them."""
    if len(rows) == height:
        return column
    places = pl.repeat(None, height, dtype=pl.Int64, eager=True)
    return column.gather(places.scatter(rows, pl.int_range(len(rows), eager=True)))


def _on_one_line(texts: list[str], shape: Shape) -> list[str]:
    """Line breaks as spaces, once it is sure that none stands inside a text of the JSON text."""
    _, bad = shape.read(texts)
    lines = [text.replace("\n", " ") for text in texts]
    for i in bad:
        lines[i] = ""
    return lines
