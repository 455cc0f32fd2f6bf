"""`banyan presets`: the shipped programs."""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from banyan.kernel.errors import Problem
from banyan.kernel.shipped import presets

if TYPE_CHECKING:
    from banyan.engine.language import Program


class UnknownPreset(Problem):
    """No shipped program has that name."""


@click.command()
@click.argument("name", required=False)
@click.option("--lang", type=click.Choice(["en", "zh-hans"]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The list as JSON.")
def command(name: str | None, lang: str, as_json: bool) -> None:
    """List the shipped programs, or print one.

    NAME prints that program's file: a start for your own.
    """
    if name is not None:
        click.echo(_find(name).read_bytes(), nl=False)
        return
    rows = [_row(name, path, lang) for name, path in presets().items()]
    click.echo(json.dumps(rows, ensure_ascii=False, indent=2) if as_json else _table(rows))


def _find(name: str) -> Path:
    shipped = presets()
    if name in shipped:
        return shipped[name]
    near = get_close_matches(name.lower(), shipped, n=1)
    hint = f"did you mean {near[0]}?" if near else "`banyan presets` lists them."
    raise UnknownPreset(f"No shipped program is called {name!r}; {hint}")


def _row(name: str, path: Path, lang: str) -> dict[str, str]:
    # Loads the engine, which printing one file need not wait for.
    from banyan.engine.language import Program

    program = Program.load(path)
    kind = "self" if program.is_self else "referral"
    return {"name": name, "kind": kind, "title": _title(program, lang)}


def _title(program: Program, lang: str) -> str:
    """In the language asked for, else in the other one, else the slug."""
    words = program.title
    if words is None:
        return program.program
    first, second = (words.en, words.zh_hans) if lang == "en" else (words.zh_hans, words.en)
    return first or second or program.program


def _table(rows: list[dict[str, str]]) -> str:
    # The title stands last: Chinese characters are two columns wide and would push what follows.
    width = max(len(row["name"]) for row in rows)
    return "\n".join(f"{row['name']:{width}}  {row['kind']:8}  {row['title']}" for row in rows)
