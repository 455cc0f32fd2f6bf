"""The live measures: what they keep, where the limit lies, and that each really runs."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from banyan.core.events import read as log
from banyan.core.events.models import Event
from banyan.core.programs.read import link_row
from banyan.pipeline.pace import doors, line, load, parts, scratch
from banyan.pipeline.pace.parts import Spent, watching
from banyan.pipeline.pace.rates import Bound, Rate, at_least, below
from banyan.pipeline.pace.run import Missing, measured
from banyan.pipeline.pace.site import serving
from tests.installation import Installation

NOW = datetime(2029, 1, 1, tzinfo=UTC)

needs_load = pytest.mark.skipif(bool(load.missing()), reason="wrk or nginx is not installed")


def rate(*bounds: Bound, limit: float | None = 4.0) -> Rate:
    return Rate("intake", 1.0, "/s", "1/s", limit, "COPY: 4/s", list(bounds), "PostgreSQL")


def test_a_rate_tells_its_ratio_and_what_it_broke() -> None:
    found = rate(at_least(1.0, 2.0, "2/s"), below(1.0, 1.5, "1.5 ms"), below(1.0, 1.0, "1 ms"))
    assert (found.ratio, found.broken) == (0.25, ["≥ 2/s", "< 1 ms"])
    assert rate(at_least(2.0, 2.0, "2/s")).broken == []
    assert rate(limit=None).ratio is None
    assert rate(below(1.0, 1.5, "2 ms")).as_dict() == {
        "name": "intake",
        "figure": 1.0,
        "unit": "/s",
        "told": "1/s",
        "limit": 4.0,
        "limit_name": "COPY: 4/s",
        "bounds": [{"text": "< 2 ms", "is_kept": True}],
        "why": "PostgreSQL",
        "ratio": 0.25,
        "is_kept": True,
    }


@pytest.mark.parametrize(
    ("busy_cores", "verdict"),
    [
        (1.9, "All 2 cores were busy, web the most: that is the limit."),
        (1.7, "1.7 of 2 cores were busy: the limit is one thread of web and its waiting for "
              "commits."),
        (2.0 + 0.1, "Other programs used 0.4 of 2 cores; measure again when the machine is idle."),
    ],
)  # fmt: skip
def test_where_the_limit_lies(busy_cores: float, verdict: str) -> None:
    spent = Spent(10.0, {"PostgreSQL": 7.0, "web": 10.0, "load": 0.0}, busy_cores, cores=2)
    assert spent.sentence(100_000, "a click") == (
        f"µs of CPU for a click: web 100, PostgreSQL 70. {verdict}"
    )


def test_what_this_process_spends_is_seen(installation: Installation) -> None:
    with watching() as spent:
        total = sum(range(3_000_000))
    assert total == 4_499_998_500_000
    # Two clocks: the CPU's may be a tick ahead.
    assert 0.01 < spent.cpu_s["this command"] <= spent.seconds + 0.01
    assert ("PostgreSQL" in spent.cpu_s) is (installation.kind == "postgres")


def test_to_look_at_others_is_not_what_this_process_spends(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(_site: int | None) -> dict[str, list[int]]:
        assert sum(range(3_000_000))
        return {}

    monkeypatch.setattr(parts, "_groups", slowly)
    with watching() as spent:
        pass
    assert 0 <= spent.cpu_s["this command"] < 0.01


def test_a_part_that_is_gone_at_the_end_is_told_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = iter([{"web": [os.getpid()]}, {}])
    monkeypatch.setattr(parts, "_groups", lambda _site: next(groups))
    with watching() as spent:
        pass
    assert spent.cpu_s["web"] == 0.0


def test_missing_programs_are_named_with_the_cure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Missing) as missing:
        next(measured(print))
    assert missing.value.sentence == (
        "The live measures need wrk, nginx; install what is missing (apt-get install wrk "
        "nginx-light)."
    )


@needs_load
def test_a_server_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(scratch.NoServer, match=r"^DATABASE_URL: no database can be"):
        next(measured(print))


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_every_row_of_an_import_is_measured(
    installation: Installation, tmp_path: Path, kind: str
) -> None:
    if installation.kind == "sqlite":
        pytest.skip("measured beside COPY")
    found = line.imports(tmp_path, kind, rows=300, now=NOW)
    assert log.head() == 300
    assert found.figure > 0
    assert found.limit is not None
    rows = log.after(0, 1)
    assert rows["body"].str.json_path_match("$.properties.currency").to_list() == ["USD"]


def test_a_log_is_decided_and_what_that_wrote_is_copied(
    installation: Installation, tmp_path: Path
) -> None:
    if installation.kind == "sqlite":
        pytest.skip("measured beside COPY")
    found = line.postings(tmp_path, events=60_000 // 30, now=NOW)
    assert found.limit is not None
    assert found.limit > found.figure > 0
    assert [bound.text for bound in found.bounds] == ["≥ 15 %", "≥ 10,000 events/s"]


@needs_load
def test_doors_are_measured_with_everything_counted(
    installation: Installation, tmp_path: Path
) -> None:
    if installation.kind == "sqlite":
        pytest.skip("measured beside COPY")
    key = doors.prepare()
    with serving(installation.environment) as site:
        batches = doors.batches(site, key, tmp_path, seconds=1)
        clicks = doors.clicks(site, tmp_path, seconds=1)
        rewards = doors.rewards(site, key, times=2)  # waits until everything before is decided
    assert batches.figure > 100
    assert clicks.limit is not None
    assert clicks.limit > clicks.figure > 10
    # How soon they are counted is for an idle machine to say; that all are, for any.
    link, clicked = link_row(doors.CODE), Event.objects.filter(name="Referral Link Clicked")
    assert link is not None
    assert link.clicks == clicked.count() > 0
    assert "all counted 2 s later" in [bound.text for bound in clicks.bounds]
    assert rewards.figure > 1
    assert all("web" in each.why for each in (batches, clicks))
