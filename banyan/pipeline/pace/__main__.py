"""A part of the live measures, in a process of its own on the installation that the environment
names: `python -m banyan.pipeline.pace line|doors FOLDER`. A line of JSON for each measure, on
standard output; what is under way, on standard error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django
import msgspec


def main(part: str, folder: Path) -> None:
    """Bring the database up to date and take the measures of `part`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banyan.site.settings")
    django.setup()
    from django.core.management import call_command

    from banyan.pipeline.pace import measures

    call_command("migrate", verbosity=0, interactive=False)
    if part == "line":
        rates = measures.of_line(folder, _tell)
    else:
        rates = measures.of_doors(os.environ, folder, _tell)
    for rate in rates:
        sys.stdout.buffer.write(msgspec.json.encode(rate) + b"\n")
        sys.stdout.flush()


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
