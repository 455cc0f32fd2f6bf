"""A decision is told live in the words in which a replay of the exported log tells it."""

from pathlib import Path

import pytest

from banyan.core.referrals.read import decisions
from banyan.core.referrals.why import why, why_each
from banyan.doors.cli.explain import explained
from banyan.engine.language.explain import Language
from tests.installation import Installation
from tests.rooms.pipeline.line import Line


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_live_words_are_those_of_a_replay(
    installation: Installation, tmp_path: Path, lang: Language
) -> None:
    line = Line()
    line.publish()
    line.say("Referral Link Created", "eve", code="EVE", program="spring")
    line.say("Referral Link Clicked", anonymousId="web-1", code="EVE")
    line.story()
    line.say("Signed Up", "dan", referral_code="ANN")
    line.say("Order Completed", "dan", order_id="o7", total=5, currency="USD")
    line.say("Signed Up", "fay", referral_code="ANN")
    line.say("Order Completed", "fay", order_id="o8", total=5, currency="USD")
    line.work()
    events, programs, out = tmp_path / "log.jsonl", tmp_path / "programs", tmp_path / "out"
    for arguments in (
        ("export", "events", "--out", str(events)),
        ("export", "programs", "--out", str(programs)),
    ):
        done = installation.banyan(*arguments)
        assert done.returncode == 0, done.stderr
    files = [str(file) for file in sorted(programs.iterdir())]
    done = installation.banyan("replay", *files, str(events), "--out", str(out))
    assert done.returncode == 0, done.stderr
    rows = decisions()
    assert len(rows) == 8
    assert "used before" in why(rows[0], "en") or "nothing left" in why(rows[0], "en")
    expected = [explained(out, row.decision_id, lang) for row in rows]
    assert [why(row, lang) for row in rows] == expected
    assert why_each(rows, lang) == expected
