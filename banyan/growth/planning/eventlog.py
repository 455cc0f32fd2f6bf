"""Event logs made in bulk: a draft of numbers, drawn out as frames of the public event format.

A draft keeps an event in some 50 bytes, so twenty million fit in a gigabyte; names, texts and
nested structs are made chunk by chunk on the way out. Every id starts with `sim-` and every event
names the library `banyan-simulate`, so that nobody takes it for a fact.
"""

import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal, cast

import numpy as np
import numpy.typing as npt
import polars as pl
from polars.io.plugins import register_io_source

from banyan.kernel.errors import Problem

Array = npt.NDArray[Any]

LIBRARY: Final = "banyan-simulate"
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

MONEY: Final = pl.Decimal(18, 2)
TIME: Final = pl.Datetime("us", "UTC")
_FIELDS: Final[dict[str, Any]] = {
    "type": pl.String,
    "messageId": pl.String,
    "userId": pl.String,
    "anonymousId": pl.String,
    "timestamp": TIME,
    "event": pl.String,
    "properties": pl.Struct(
        {
            "code": pl.String,
            "channel": pl.String,
            "email": pl.String,
            "referral_code": pl.String,
            "order_id": pl.String,
            "total": MONEY,
            "currency": pl.String,
            "coupon": pl.String,
            "campaign": pl.String,
            "products_count": pl.Int64,
        }
    ),
    "traits": pl.Struct({"email": pl.String, "tier": pl.String}),
    "context": pl.Struct(
        {
            "ip": pl.String,
            "device": pl.Struct({"id": pl.String}),
            "campaign": pl.Struct({"source": pl.String}),
            "library": pl.Struct({"name": pl.String}),
        }
    ),
}
SCHEMA: Final = pl.Schema(_FIELDS)

# Kinds of event a draft can hold, in causal order: events of the same millisecond keep it.
LINK_CREATED, SHARED, SUBMITTED, CLICKED, IDENTIFIED, SIGNED_UP, ORDERED, REFUNDED = range(8)
EVENT_NAMES: Final[tuple[str | None, ...]] = (
    "Referral Link Created",
    "Referral Shared",
    "Referral Submitted",
    "Referral Link Clicked",
    None,  # identify carries traits and no name
    "Signed Up",
    "Order Completed",
    "Order Refunded",
)

# A draft's columns, all numbers, -1 for none. `person`, `visitor`, `mailbox` (an e-mail address),
# `owner` (of a code), `order`, `device` and `address` (an IP) become ids; `minor` is an amount in
# minor units; `tier` and `channel` index the log's names; `carried` tells which property carries
# the code.
NUMBERS: Final[dict[str, type[np.generic]]] = {
    "person": np.int32,
    "visitor": np.int32,
    "mailbox": np.int32,
    "owner": np.int32,
    "order": np.int32,
    "device": np.int32,
    "address": np.int32,
    "minor": np.int64,
    "tier": np.int8,
    "channel": np.int8,
    "carried": np.int8,
}
AS_CODE, AS_REFERRAL_CODE, AS_COUPON = range(3)


@dataclass(frozen=True)
class EventLog:
    """A log in arrival order, still as numbers.

    `columns` holds equally long arrays: those of `NUMBERS`, and `kind`, `at` (ms since the epoch,
    UTC) and `message`.
    """

    columns: dict[str, Array]
    currency: str = "USD"
    people: str = "sim-u-"  # how a person's id begins
    channels: Sequence[str] = ()
    tiers: Sequence[str] = ()

    @property
    def height(self) -> int:
        """Number of events."""
        return len(self.columns["kind"])

    def frames(self, rows: int = 250_000) -> Iterator[pl.DataFrame]:
        """The log as frames of `SCHEMA` with at most `rows` events each, in log order."""
        for start in range(0, self.height, rows):
            yield self._drawn(start, start + rows)

    def frame(self) -> pl.DataFrame:
        """The whole log as one frame of `SCHEMA`: some 700 bytes an event in memory."""
        return pl.concat(list(self.frames())) if self.height else pl.DataFrame(schema=SCHEMA)

    def counts(self) -> dict[str, int]:
        """Events by name (`identify` for those without one), in causal order."""
        found = np.bincount(self.columns["kind"].astype(np.int64), minlength=len(EVENT_NAMES))
        return {
            name or "identify": int(n) for name, n in zip(EVENT_NAMES, found, strict=True) if n > 0
        }

    def _drawn(self, start: int, stop: int) -> pl.DataFrame:
        numbers = pl.DataFrame({k: v[start:stop] for k, v in self.columns.items()})
        kind, carried = pl.col("kind"), pl.col("carried")
        code = _named("SIM-", "owner")
        return nest(
            numbers.select(
                type=_picked(["identify" if n is None else "track" for n in EVENT_NAMES], kind),
                messageId=_named("sim-m-", "message"),
                userId=_named(self.people, "person"),
                anonymousId=_named("sim-a-", "visitor"),
                timestamp=_time("at"),
                event=_picked(EVENT_NAMES, kind),
                **{
                    "properties.code": pl.when(carried == AS_CODE).then(code),
                    "properties.channel": _picked(self.channels, pl.col("channel")),
                    "properties.email": pl.when(kind == SUBMITTED).then(_mail()),
                    "properties.referral_code": pl.when(carried == AS_REFERRAL_CODE).then(code),
                    "properties.order_id": _named("sim-o-", "order"),
                    "properties.total": _money("minor"),
                    "properties.currency": pl.when(pl.col("minor") >= 0).then(
                        pl.lit(self.currency)
                    ),
                    "properties.coupon": pl.when(carried == AS_COUPON).then(code),
                    "traits.email": pl.when(kind == IDENTIFIED).then(_mail()),
                    "traits.tier": _picked(self.tiers, pl.col("tier")),
                    "context.ip": _address("address"),
                    "context.device.id": _named("sim-d-", "device"),
                    "context.campaign.source": pl.when(kind == CLICKED).then(
                        _picked(self.channels, pl.col("channel"))
                    ),
                    "context.library.name": pl.lit(LIBRARY),
                },
            )
        )


class Draft:
    """Events being written down, in any order of time; `arrange` gives the log."""

    def __init__(self) -> None:
        self._blocks: list[dict[str, Array]] = []

    def add(self, kind: int, at: Array, **numbers: Array | int) -> None:
        """Writes down one event of `kind` for each entry of `at` (ms since the epoch)."""
        unknown = numbers.keys() - NUMBERS.keys()
        assert not unknown, f"a draft has no {sorted(unknown)}"
        block: dict[str, Array] = {
            "kind": np.full(len(at), kind, np.int8),
            "at": at.astype(np.int64),
        }
        for name, number in numbers.items():
            block[name] = np.broadcast_to(np.asarray(number, NUMBERS[name]), len(at))
        self._blocks.append(block)

    def arrange(
        self,
        rng: np.random.Generator,
        *,
        end: int,
        late: float = 0.0,
        late_hours: float = 24.0,
        duplicates: float = 0.0,
    ) -> dict[str, Array]:
        """The columns of an `EventLog`: events before `end` (ms) in the order in which they arrive.

        A share `late` arrives up to `late_hours` after its timestamp; a share `duplicates` is sent
        again within minutes, with the same `messageId`.
        """
        columns = self._gathered(end)
        n = len(columns["at"])
        arrival = columns["at"].astype(np.int64)
        is_late = rng.random(n) < late
        arrival[is_late] += (rng.random(int(is_late.sum())) * late_hours * HOUR_MS).astype(np.int64)
        again = np.flatnonzero(rng.random(n) < duplicates)
        retry = arrival[again] + (rng.exponential(10 * 60_000, len(again))).astype(np.int64)
        order = np.argsort(np.concatenate([arrival, retry]), kind="stable")
        # Positions beyond the last event point to its second copy.
        source = np.concatenate([np.arange(n), again])[order]
        columns["message"] = np.arange(n, dtype=np.int32)
        return {name: column[source] for name, column in columns.items()}

    def _gathered(self, end: int) -> dict[str, Array]:
        kept = [block["at"] < end for block in self._blocks]
        columns: dict[str, Array] = {}
        for name in ("kind", "at", *NUMBERS):
            parts = [
                block[name][keep] if name in block else np.full(int(keep.sum()), -1, NUMBERS[name])
                for block, keep in zip(self._blocks, kept, strict=True)
            ]
            columns[name] = np.concatenate(parts)
        return columns


def nest(flat: pl.DataFrame) -> pl.DataFrame:
    """Dotted columns (`context.device.id`) as a frame of `SCHEMA`; what is missing is null."""
    unknown = set(flat.columns) - set(_leaves(SCHEMA))
    assert not unknown, f"an event has no {sorted(unknown)}"
    return flat.select(
        _nested(name, dtype, flat.columns).alias(name) for name, dtype in SCHEMA.items()
    )


def write(frames: Iterable[pl.DataFrame], path: Path) -> int:
    """Writes frames of `SCHEMA` as Parquet, JSON Lines or gzipped JSON Lines, by the file's ending.

    Frames are written as they come, a row group or a piece of text each, so memory does not grow
    with the log. The same frames give the same bytes. A file of that name is replaced once the new
    one is whole.
    """
    form = form_of(path)
    # In the same folder, so that replacing is one step.
    unfinished = path.with_name(path.name + ".part")
    counted = _Counted(frames)
    try:
        if form == "parquet":
            _write_parquet(counted, unfinished)
        elif form == "jsonl":
            with unfinished.open("wb") as file:
                _write_lines(counted, file)
        else:
            # The time of day would make other bytes of the same log.
            with unfinished.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as zipped:
                _write_lines(counted, cast(IO[bytes], zipped))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return counted.rows


def form_of(path: Path) -> Literal["parquet", "jsonl", "jsonl.gz"]:
    """How a log of that name is written. Raises Problem for an ending that is none of these."""
    name = path.name.lower()
    if name.endswith(".parquet"):
        return "parquet"
    if name.endswith(".jsonl"):
        return "jsonl"
    if name.endswith(".jsonl.gz"):
        return "jsonl.gz"
    raise Problem(f"{path} cannot be written: its name must end in .parquet, .jsonl or .jsonl.gz.")


class _Counted:
    """Counts rows while frames pass."""

    def __init__(self, frames: Iterable[pl.DataFrame]) -> None:
        self._frames = frames
        self.rows = 0

    def __iter__(self) -> Iterator[pl.DataFrame]:
        for frame in self._frames:
            self.rows += frame.height
            yield frame


def _write_parquet(frames: Iterable[pl.DataFrame], path: Path) -> None:
    def source(
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        yield from frames

    register_io_source(source, schema=SCHEMA).sink_parquet(path)


def _write_lines(frames: Iterable[pl.DataFrame], file: IO[bytes]) -> None:
    for frame in frames:
        lines = frame.select(
            line=_object((name, dtype, pl.col(name)) for name, dtype in SCHEMA.items())
        ).get_column("line")
        file.write("\n".join(lines.to_list()).encode())
        file.write(b"\n" if frame.height else b"")


def _named(prefix: str, column: str) -> pl.Expr:
    """`sim-u-17` for number 17, null for -1."""
    number = pl.col(column)
    return pl.when(number >= 0).then(pl.lit(prefix) + number.cast(pl.String))


def _picked(names: Sequence[str | None], index: pl.Expr) -> pl.Expr:
    """The name at each index, null for -1 (an index of null gathers null)."""
    if not names:
        return pl.lit(None, pl.String)
    return pl.lit(pl.Series(names, dtype=pl.String)).gather(pl.when(index >= 0).then(index))


def _mail() -> pl.Expr:
    # example.com is reserved (RFC 2606): a mistake can write to nobody.
    return _named("sim-", "mailbox") + pl.lit("@example.com")


def _address(column: str) -> pl.Expr:
    """An address in 10.0.0.0/8, private by RFC 1918; beyond 2^24 numbers they are used again."""
    number = pl.col(column)
    parts = [number // 65_536 % 256, number // 256 % 256, number % 256]
    return pl.when(number >= 0).then(pl.format("10.{}.{}.{}", *parts))


def _time(column: str) -> pl.Expr:
    return (pl.col(column) * 1_000).cast(TIME)


def _money(column: str) -> pl.Expr:
    minor = pl.col(column)
    return pl.when(minor >= 0).then((minor.cast(MONEY) / 100).cast(MONEY))


def _leaves(fields: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, dtype in fields.items():
        if isinstance(dtype, pl.Struct):
            yield from _leaves(dtype.to_schema(), f"{prefix}{name}.")
        else:
            yield prefix + name


def _nested(path: str, dtype: Any, columns: Sequence[str]) -> pl.Expr:
    if isinstance(dtype, pl.Struct):
        fields = dtype.to_schema().items()
        return pl.struct(_nested(f"{path}.{k}", t, columns).alias(k) for k, t in fields)
    return pl.col(path).cast(dtype) if path in columns else pl.lit(None, dtype)


# RFC 8259 section 7: these may not stand in a text as they are.
ESCAPED: Final = {"\\": "\\\\", '"': '\\"'} | {chr(i): f"\\u{i:04x}" for i in range(32)}


def _object(fields: Iterable[tuple[str, Any, pl.Expr]]) -> pl.Expr:
    """JSON text of an object of the fields that are not null; null when there is none."""
    members = [
        pl.lit(f'"{name}":') + _json(dtype, expression) for name, dtype, expression in fields
    ]
    text = pl.concat_str(members, separator=",", ignore_nulls=True)
    return pl.when(text != "").then(pl.lit("{") + text + pl.lit("}"))


def _json(dtype: Any, value: pl.Expr) -> pl.Expr:
    if isinstance(dtype, pl.Struct):
        return _object((k, t, value.struct.field(k)) for k, t in dtype.to_schema().items())
    if dtype == pl.String:
        quote = pl.lit('"')
        return quote + value.str.replace_many(list(ESCAPED), list(ESCAPED.values())) + quote
    if dtype == TIME:
        return value.dt.to_string('"%Y-%m-%dT%H:%M:%S%.3fZ"')
    return value.cast(pl.String)
