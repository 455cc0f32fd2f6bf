"""catalogue: the Chinese of pages and messages, from the parts' files into the one Django reads.

Each part keeps a `.po` file beside its code. Django wants them compiled, which needs a tool that
few machines have and a folder this user may write to; so they are compiled here, into the data
folder, when one of them has changed.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = "zh_Hans"
# The engine and the commands speak without Django and read theirs themselves.
_OTHERS = ("rules.po", "commands.po", "refusals.po")


def sources() -> list[Path]:
    """The parts' catalogues, in a fixed order."""
    package = Path(str(files("banyan")))
    found = package.rglob(f"locale/{LOCALE}/LC_MESSAGES/*.po")
    return sorted(file for file in found if file.name not in _OTHERS)


def merged(parts: Iterable[Path]) -> Catalog:
    """One catalogue of all parts. Raises ValueError where two translate the same text otherwise."""
    whole = Catalog(locale=LOCALE, charset="utf-8")
    for part in parts:
        with part.open("rb") as file:
            for message in read_po(file, locale=LOCALE, abort_invalid=True):
                if not message.id or message.fuzzy:
                    continue
                old = whole.get(message.id, message.context)
                if old is not None and old.string != message.string:
                    raise ValueError(f"{part}: {message.id!r} is {old.string!r} elsewhere")
                whole.add(message.id, message.string, context=message.context)
    return whole


def compiled(home: Path) -> Path:
    """The folder for Django's LOCALE_PATHS, brought up to date."""
    parts = sources()
    digest = sha256(b"\0".join(part.read_bytes() for part in parts)).hexdigest()[:16]
    folder = home / "locale" / digest
    file = folder / LOCALE / "LC_MESSAGES" / "django.mo"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        content = io.BytesIO()
        write_mo(content, merged(parts))
        # Several processes may start at once; whoever comes last writes the same bytes.
        part = file.with_suffix(f".{os.getpid()}")
        part.write_bytes(content.getvalue())
        part.replace(file)
    return folder
