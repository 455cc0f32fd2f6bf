"""Working copies: saved as they are typed; nobody writes over what they have not seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from banyan.core.programs import drafts
from banyan.core.programs.drafts import DraftMoved, NoSuchDraft, TooLong
from tests.installation import Installation

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
TEXT = "program: a\nversion: 3\n"


def test_a_save_keeps_anything_and_reads_what_it_can(installation: Installation) -> None:
    row = drafts.start("user:1", TEXT, origin="blank", now=NOW, facts={"owner": "Ann"})
    assert (row.slug, row.number, row.revision, row.facts) == ("a", 3, 1, {"owner": "Ann"})
    broken = drafts.save(
        "user:2", row.id, revision=1, source="program: [", facts={"owner": "Bob"}, now=LATER
    )
    assert (broken.slug, broken.number, broken.revision) == ("", None, 2)
    assert (broken.source, broken.facts) == ("program: [", {"owner": "Bob"})
    assert (broken.created_by, broken.updated_by, broken.updated_at) == ("user:1", "user:2", LATER)


def test_a_save_from_an_older_revision_changes_nothing(installation: Installation) -> None:
    row = drafts.start("user:1", TEXT, origin="blank", now=NOW)
    drafts.save("user:1", row.id, revision=1, source=TEXT + "# one\n", facts={}, now=LATER)
    with pytest.raises(DraftMoved, match="saved by somebody else"):
        drafts.save("user:2", row.id, revision=1, source=TEXT + "# two\n", facts={}, now=LATER)
    assert drafts.draft(row.id).source == TEXT + "# one\n"


def test_saving_what_is_there_is_no_new_revision(installation: Installation) -> None:
    row = drafts.start("user:1", TEXT, origin="blank", now=NOW)
    assert drafts.save("user:2", row.id, revision=1, source=TEXT, facts={}, now=LATER) == row
    # Sent twice, the second time from before the first: it is there, so nobody is asked.
    changed = drafts.save("user:1", row.id, revision=1, source=TEXT + "#\n", facts={}, now=LATER)
    again = drafts.save("user:1", row.id, revision=1, source=TEXT + "#\n", facts={}, now=LATER)
    assert again == changed
    assert changed.revision == 2


def test_what_is_too_long_is_refused(installation: Installation) -> None:
    row = drafts.start("user:1", TEXT, origin="blank", now=NOW)
    with pytest.raises(TooLong, match="owner: at most 5,000 characters"):
        drafts.save(
            "user:1", row.id, revision=1, source=TEXT, facts={"owner": "x" * 5001}, now=LATER
        )
    with pytest.raises(TooLong, match="1,000,000"):
        drafts.start("user:1", "x" * 1_000_001, origin="blank", now=NOW)
    assert drafts.draft(row.id).revision == 1


def test_the_newest_draft_tells_the_notes_of_a_program(installation: Installation) -> None:
    assert drafts.facts_of("a") == {}
    drafts.start("user:1", TEXT, origin="blank", now=NOW, facts={"owner": "Ann"})
    drafts.start("user:1", TEXT, origin="blank", now=LATER, facts={"owner": "Bob"})
    drafts.start("user:1", "program: b\n", origin="blank", now=LATER, facts={"owner": "Eve"})
    assert drafts.facts_of("a") == {"owner": "Bob"}
    assert [one.slug for one in drafts.drafts()] == ["b", "a", "a"]
    assert [one.facts["owner"] for one in drafts.drafts(slug="a")] == ["Bob", "Ann"]


def test_a_draft_goes_once(installation: Installation) -> None:
    row = drafts.start("user:1", TEXT, origin="blank", now=NOW)
    drafts.discard("user:1", row.id)
    for gone in (lambda: drafts.draft(row.id), lambda: drafts.discard("user:1", row.id)):
        with pytest.raises(NoSuchDraft, match=f"there is no draft {row.id}"):
            gone()


def test_a_note_beside_the_forms_is_in_nobodys_way(installation: Installation) -> None:
    row = drafts.start("user:1", TEXT, origin="blank", now=NOW, facts={"owner": "Ann"})
    noted = drafts.note(row.id, "ticked", "a1,b2")
    assert (noted.facts, noted.revision) == ({"owner": "Ann", "ticked": "a1,b2"}, 1)
    # Who began before it saves as if nothing had been.
    saved = drafts.save(
        "user:2", row.id, revision=1, source=TEXT + "#\n", facts=noted.facts, now=LATER
    )
    assert saved.revision == 2
    assert drafts.note(row.id, "ticked", "").facts == {"owner": "Ann"}
    with pytest.raises(NoSuchDraft):
        drafts.note(99_999, "ticked", "a1")
    with pytest.raises(TooLong, match="ticked: at most 5,000 characters"):
        drafts.note(row.id, "ticked", "x" * 5_001)
