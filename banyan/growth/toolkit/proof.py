"""proof: what speaks for a program and can be passed on: cases, opinions, e-books, films."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from banyan.engine.language.explain import Language
from banyan.growth.toolkit.models import Proof

ProofKind = Literal["case", "testimonial", "ebook", "video", "article"]


@dataclass(frozen=True)
class ProofItem:
    """One item. `program` is empty for one that serves every program."""

    program: str
    key: str
    kind: ProofKind
    titles: Mapping[Language, str]
    url: str
    place: int


def proof(program: str) -> list[ProofItem]:
    """A program's items and those for every program, in their order."""
    rows = Proof.objects.filter(program__in=["", program]).order_by("place", "key")
    return [
        ProofItem(row.program, row.key, cast(ProofKind, row.kind), row.titles, row.url, row.place)
        for row in rows
    ]
