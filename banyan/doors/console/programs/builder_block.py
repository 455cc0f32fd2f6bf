"""builder_block: a group of questions of a step, and what may be added to it or taken away."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise

from banyan.core.programs.editing import Path
from banyan.doors.console.programs.builder_document import Document
from banyan.doors.console.programs.builder_fields import Field, Shown, shown

Label = str | Promise

MOST_OPEN = 3


@dataclass(frozen=True)
class Block:
    """A heading with its questions. `path` leads to what it is about, if that is in the file."""

    title: Label
    fields: tuple[Field, ...] = ()
    hint: Label = ""
    path: Path | None = None
    badges: tuple[Label, ...] = ()
    brief: Label = ""
    """Of a part that can be folded, what it says in a few words."""
    rows: tuple[Block, ...] = ()
    actions: tuple[tuple[str, Label], ...] = ()
    """What a button does, as the page sends it, and what stands on it."""
    is_removable: bool = False
    foreign: tuple[tuple[Label, str, int], ...] = ()
    """What no form can show: what it is, as it stands or in words, and its line."""
    table: tuple[tuple[Label, ...], ...] = ()
    """A table, its head first."""

    @property
    def is_notes(self) -> bool:
        """Whether it asks for notes alone, which need no file that can be read."""
        return bool(self.fields) and all(one.is_note for one in self.fields)


@dataclass(frozen=True)
class ShownBlock:
    """A block with its values, ready for the page."""

    block: Block
    fields: list[Shown]
    rows: list[ShownBlock]
    drop: str
    line: int
    is_open: bool


def shown_blocks(document: Document, blocks: tuple[Block, ...] | list[Block]) -> list[ShownBlock]:
    """Blocks as the page shows them; of many parts, only those the check speaks of are unfolded."""
    parts = [one for one in blocks if one.is_removable]
    return [
        ShownBlock(
            one,
            [shown(document, field) for field in one.fields],
            shown_blocks(document, one.rows),
            f"drop:/{'/'.join(map(str, one.path))}" if one.is_removable and one.path else "",
            document.line(one.path) if one.path else 0,
            len(parts) <= MOST_OPEN or bool(one.path and document.told(one.path)),
        )
        for one in blocks
    ]


def fields_of(blocks: tuple[Block, ...] | list[Block]) -> list[Field]:
    """Every field of blocks and of the rows in them."""
    return [field for one in blocks for field in (*one.fields, *fields_of(one.rows))]
