"""Lists of records: found by keys, masked, kept as views, taken out as files."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from django.apps import apps
from django.db import models
from django.utils import translation

from banyan.core.ledger.models import Balance
from banyan.core.people.models import Customer
from banyan.core.referrals.models import Decision
from banyan.doors.console.records import files, reading
from banyan.doors.console.records.kinds import BY_SLUG, KINDS
from banyan.doors.console.records.reading import Asked
from banyan.doors.console.records.words import OF_LIST, value_in_words
from banyan.trust.audit.acts import record
from banyan.trust.audit.read import entries
from banyan.trust.staff.read import members
from tests.installation import Installation
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.pipeline.line import Line

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)

# What is no record of the business: locks, cursors, secrets of signing in, limits, rules and
# counts that have a page of their own, and parts of a record that its own page shows.
LEFT_OUT = {
    "access.reply",
    "access.signincode",
    "access.signinlink",
    "access.tally",
    "access.usedclaim",
    "amends.limit",
    "approving.budget",
    "approving.policy",
    "audit.chain",
    "events.head",
    "exposure.salt",
    "exposure.seen",
    "feedback.word",
    "importing.upload",
    "journeys.place",
    "payouts.payer",
    "payouts.rule",
    "people.erasedcontact",
    "people.invitation",
    "people.profile",
    "pipeline.cursor",
    "planning.preparation",
    "planning.vote",
    "referrals.tally",
    "referrals.waiting",
    "segments.mark",
    "segments.portrait",
    "segments.purchase",
    "sources.purchasename",
    "staff.link",
    "tasks.mark",
    "tasks.rule",
    "tasks.source",
    "tasks.step",
    "toolkit.presentation",
}


def decide(count: int, *, outcome: str = "granted", first: int = 1) -> None:
    """That many decisions."""
    Decision.objects.bulk_create(
        Decision(
            decision_id=f"spring/credit/u-{n}/{n}",
            program="spring",
            version=1,
            reward="credit",
            to="advocate",
            beneficiary=f"u-{n}",
            milestone="bought",
            ordinal=1,
            position=n,
            place=0,
            occurred_at=NOW + timedelta(seconds=n),
            unit="cash USD",
            raw_amount=2000,
            amount=2000 if outcome == "granted" else 0,
            outcome=outcome,
        )
        for n in range(first, first + count)
    )


def test_every_table_is_a_list_or_left_out_for_a_reason(installation: Installation) -> None:
    there = {
        f"{model._meta.app_label}.{model._meta.model_name}"
        for model in apps.get_models()
        if model.__module__.startswith("banyan.")
    }
    listed = {f"{kind.model._meta.app_label}.{kind.model._meta.model_name}" for kind in KINDS}
    assert listed & LEFT_OUT == set()
    assert there >= LEFT_OUT
    # What the worker computes out of the log again and again.
    computed = {name for name in there if name.startswith(("metrics.", "shelf."))}
    assert there - listed - LEFT_OUT - computed == set()


def test_no_list_shows_what_is_sealed_or_a_secret(installation: Installation) -> None:
    for kind in KINDS:
        shown = {column.name for column in kind.shown}
        for field in kind.model._meta.get_fields():
            if isinstance(field, models.BinaryField):
                assert field.name not in shown
        assert not [name for name in shown if "secret" in name or name in ("token", "sealed")]


def test_every_list_opens_with_rows_and_without(staff: Staff) -> None:
    admin = staff("admin")
    assert admin.get("/console/records/").status_code == 200
    for kind in KINDS:
        assert admin.get(f"/console/records/{kind.slug}/").status_code == 200, kind.slug
    line = Line()
    line.publish()
    line.story()
    line.work()
    for kind in KINDS:
        page = admin.get(f"/console/records/{kind.slug}/")
        assert page.status_code == 200, kind.slug
        found = re.search(
            r'href="(/console/records/[\w-]+/one/\?key=[^"]+)"', page.content.decode()
        )
        if found:
            assert admin.get(found[1].replace("&amp;", "&")).status_code == 200, kind.slug


def test_a_list_goes_on_from_where_a_page_ended(installation: Installation) -> None:
    decide(130)
    kind, seen, place = BY_SLUG["decisions"], [], None
    for size in (50, 50, 30):
        found = reading.page(kind, Asked(before=place))
        assert len(found.rows) == size
        seen += [row.position for row in found.rows]
        place = found.next
    assert (seen, place) == (list(range(130, 0, -1)), None)
    upwards = reading.page(kind, Asked(order="position"))
    assert [row.position for row in upwards.rows] == list(range(1, 51))
    after = reading.page(kind, Asked(order="position", before=upwards.next))
    assert after.rows[0].position == 51


def test_rows_of_two_keys_are_neither_lost_nor_shown_twice(installation: Installation) -> None:
    Balance.objects.bulk_create(
        Balance(account=f"wallet:{n // 3:03}", unit=f"unit-{n % 3}", amount=n, position=1)
        for n in range(120)
    )
    kind, seen, place = BY_SLUG["balances"], [], None
    while True:
        found = reading.page(kind, Asked(before=place))
        seen += [row.amount for row in found.rows]
        place = found.next
        if place is None:
            break
    assert seen == list(range(119, -1, -1))


def test_a_rare_value_is_looked_for_so_far_back_at_a_time(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SEARCHED_BACK", 100)
    decide(1, outcome="held")
    decide(250, first=2)
    kind = BY_SLUG["decisions"]
    first = reading.page(kind, Asked(filters={"outcome": "held"}))
    assert (first.rows, first.reached) == ([], 151)
    second = reading.page(kind, Asked(filters={"outcome": "held"}, before=first.next))
    assert (second.rows, second.reached) == ([], 52)
    last = reading.page(kind, Asked(filters={"outcome": "held"}, before=second.next))
    assert ([row.position for row in last.rows], last.next) == ([1], None)
    # A file has them all, however far back.
    [rows] = list(reading.every(kind, Asked(filters={"outcome": "held"})))
    assert [row.position for row in rows] == [1]


def test_the_search_looks_for_whole_ids(staff: Staff) -> None:
    decide(3)
    growth = staff("growth")
    page = growth.get("/console/records/decisions/?q=u-2").content.decode()
    assert ("u-2" in page, "u-1<" in page, "u-3<" in page) == (True, False, False)
    assert "Nothing fits" in growth.get("/console/records/decisions/?q=u-").content.decode()
    assert growth.get("/console/records/decisions/?after=%5B1%5D&o=nonsense").status_code == 200
    assert growth.get("/console/records/decisions/?after=nonsense").status_code == 200


def test_money_is_written_in_its_currency(staff: Staff) -> None:
    decide(1)
    assert "20.00" in staff("growth").get("/console/records/decisions/").content.decode()


def test_a_list_asks_for_its_own_right(staff: Staff) -> None:
    growth = staff("growth")
    assert growth.get("/console/records/audit/").status_code == 403
    assert growth.get("/console/records/keys/").status_code == 403
    assert growth.get("/console/records/nothing/").status_code == 404
    page = growth.get("/console/records/").content.decode()
    assert ("/records/decisions/" in page, "/records/audit/" in page) == (True, False)


@pytest.mark.parametrize(
    ("role", "shown"), [("growth", "a***@example.com"), ("admin", "ann@example.com")]
)
def test_contacts_leave_in_clear_with_the_right_alone(staff: Staff, role: str, shown: str) -> None:
    line = Line()
    line.say("identify", "u-1", traits={"email": "ann@example.com"})
    line.work()
    client = staff(role)
    page = client.get("/console/records/contacts/").content.decode()
    assert ("a***@example.com" in page, "ann@example.com" in page) == (True, False)
    reply = client.get("/console/records/contacts/file/?form=csv")
    rows = pl.read_csv(reply.content)
    assert rows["contact"].to_list() == [shown]
    [entry] = entries(limit=1)
    assert (entry.verb, entry.about) == ("contacts.export", "list:contacts")
    assert entry.after == {
        "count": 1,
        "form": "csv",
        "filters": {},
        "has_search": False,
        "contacts": "clear" if role == "admin" else "masked",
    }


def test_files_hold_what_the_filters_say_in_three_forms(staff: Staff) -> None:
    decide(3)
    decide(2, outcome="held", first=4)
    client = staff("analyst")
    for form, read in (
        ("csv", pl.read_csv),
        ("xlsx", pl.read_excel),
        ("parquet", pl.read_parquet),
    ):
        reply = client.get(f"/console/records/decisions/file/?form={form}&outcome=held")
        rows = read(io.BytesIO(reply.content))
        assert rows["beneficiary"].to_list() == ["u-5", "u-4"], form
        assert rows["raw_amount"].to_list() == [2000, 2000], form
    assert client.get("/console/records/decisions/file/?form=pdf").status_code == 404
    assert staff("support").get("/console/records/decisions/file/?form=csv").status_code == 403


def test_formulas_are_made_harmless(staff: Staff) -> None:
    Customer.objects.create(user_id="=1+1", first_position=1, first_seen_at=NOW, last_seen_at=NOW)
    reply = staff("growth").get("/console/records/customers/file/?form=csv")
    assert pl.read_csv(reply.content)["user_id"].to_list() == ["'=1+1"]


def test_a_list_that_is_too_long_is_told_so(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_ROWS", 2)
    decide(3)
    client = staff("growth")
    reply = client.get("/console/records/decisions/file/?form=csv&program=spring", follow=True)
    assert reply.request["PATH_INFO"] == "/console/records/decisions/"
    assert "more than 2 rows" in reply.content.decode()
    assert [one.verb for one in entries(limit=1)] == ["staff.added"]


def test_a_workbook_holds_fewer_rows_than_other_files(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_SHEET_ROWS", 2)
    decide(3)
    client, url = staff("growth"), "/console/records/decisions/file/?program=spring"
    assert client.get(f"{url}&form=csv").status_code == 200
    reply = client.get(f"{url}&form=xlsx", follow=True)
    assert "more than 2 rows" in reply.content.decode()


def test_people_of_the_console_are_no_customers(staff: Staff) -> None:
    client = staff("admin")
    [me] = [one.id for one in members() if one.email == "admin@example.com"]
    text = client.get("/console/records/roles/").content.decode()
    assert f'href="/console/staff/{me}/"' in text
    assert "/console/customers/one/" not in text


def test_views_are_kept_and_shown_to_those_they_are_for(staff: Staff) -> None:
    growth, analyst = staff("growth"), staff("analyst")
    url = "/console/records/decisions/views/"
    for name, is_shared in (("Held now", "yes"), ("Mine", "")):
        posted = growth.post(
            url, {"do": "keep", "name": name, "query": "outcome=held", "is_shared": is_shared}
        )
        assert posted["Location"] == "/console/records/decisions/?outcome=held"
    mine = growth.get("/console/records/decisions/").content.decode()
    assert ("Held now" in mine, "Mine" in mine) == (True, True)
    theirs = analyst.get("/console/records/decisions/").content.decode()
    assert ("Held now" in theirs, "Mine" in theirs) == (True, False)


def test_the_log_of_acts_is_a_list_too(staff: Staff) -> None:
    record("system", "key.create", "key:1", now=NOW, after={"role": "write"})
    page = staff("finance").get("/console/records/audit/?q=key:1").content.decode()
    assert "key.create" in page


def test_lists_speak_chinese(staff: Staff) -> None:
    decide(1, outcome="held")
    client = staff("growth")
    page = client.get("/console/records/decisions/?lang=zh-hans").content.decode()
    assert "待审" in page
    assert "Outcome" not in page
    translation.deactivate()


@pytest.mark.parametrize(
    ("of", "field", "value", "says"),
    [
        ("payout-batches", "state", "done", "已完成"),
        ("privacy-requests", "state", "done", "已答复"),
        ("stages", "stage", "accepted", "已接受"),
        ("disputes", "state", "accepted", "已受理"),
        ("payees", "method", "alipay", "支付宝"),
        ("touches-lost", "reason", "self_referral", "推荐了自己"),
        ("transfers", "unit", "cash CNY", "现金 CNY"),
        ("customers", "user_id", "done", "done"),
    ],
)
def test_a_value_is_said_as_its_own_list_means_it(
    of: str, field: str, value: str, says: str
) -> None:
    with translation.override("zh-hans"):
        assert value_in_words(field, value, of=of) == says


def test_the_staff_stand_by_name(staff: Staff) -> None:
    finance = staff("finance", email="fay@example.com")
    [fay] = members()
    record(fay.actor, "key.create", "key:1", now=NOW)
    page = finance.get("/console/records/audit/?q=key:1").content.decode()
    assert (f">{fay.name}<" in page, f">{fay.actor}<" in page) == (True, False)


def test_words_are_for_lists_and_fields_that_there_are() -> None:
    for of, field in OF_LIST:
        assert field in {column.name for column in BY_SLUG[of].columns}, (of, field)
