"""`banyan export`: one file, one line, one entry in the audit log."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from banyan.pipeline.exporting.run import WHAT
from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.pipeline.line import Line


def test_the_choices_are_what_can_be_exported() -> None:
    assert importlib.import_module("banyan.doors.cli.export").WHAT == WHAT


def test_an_export(installation: Installation, tmp_path: Path) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    out = tmp_path / "log.jsonl"
    done = installation.banyan("export", "events", "--out", str(out))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"8 rows of events: {out}\n", "")
    assert len(out.read_text().splitlines()) == 8
    told = installation.banyan("export", "programs", "--out", str(tmp_path / "p"), "--json")
    assert json.loads(told.stdout) == {"what": "programs", "out": str(tmp_path / "p"), "count": 1}
    assert [(e.verb, e.about, e.after) for e in entries() if e.verb.endswith(".export")] == [
        ("programs.export", "p", {"count": 1}),
        ("events.export", "log.jsonl", {"count": 8}),
    ]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_what_cannot_be_is_a_sentence(installation: Installation, tmp_path: Path) -> None:
    done = installation.banyan("export", "referrals", "--out", str(tmp_path / "x.doc"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "has none of the endings .jsonl, .csv, .parquet, .xlsx" in done.stderr
    assert installation.banyan("export", "nonsense", "--out", "x.csv").returncode == 2
