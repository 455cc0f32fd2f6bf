"""Lists of records: found by keys, masked, kept as views, taken out as files."""

from __future__ import annotations

import csv
import html
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import polars as pl
import pytest
from django.apps import apps
from django.db import connection, models
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from banyan.core.events import clock
from banyan.core.ledger.models import Balance, Transfer
from banyan.core.people.models import Customer
from banyan.core.referrals.models import Decision, Reversal, Ruling, Waiting
from banyan.core.referrals.read import decisions_of
from banyan.doors.console.customers.story import standing
from banyan.doors.console.records import files, lists, reading
from banyan.doors.console.records.kinds import BY_SLUG, KINDS, Kind
from banyan.doors.console.records.reading import Asked
from banyan.doors.console.records.words import OF_LIST, value_in_words
from banyan.growth.journeys.acts import send_now
from banyan.growth.journeys.kinds import KINDS as MESSAGES
from banyan.growth.journeys.models import Notice
from banyan.growth.planning.models import Rival
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
    "segments.chainincome",
    "segments.levelincome",
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


def content_of(reply: HttpResponse) -> bytes:
    """A download as a whole."""
    return reply.getvalue()


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
    assert rows["position"].to_list() == [1]


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
    rows = pl.read_csv(content_of(reply))
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
        rows = read(io.BytesIO(content_of(reply)))
        assert rows["beneficiary"].to_list() == ["u-5", "u-4"], form
        assert rows["raw_amount"].to_list() == [2000, 2000], form
    assert client.get("/console/records/decisions/file/?form=pdf").status_code == 404
    assert staff("support").get("/console/records/decisions/file/?form=csv").status_code == 403


def test_formulas_are_made_harmless(staff: Staff) -> None:
    Customer.objects.create(user_id="=1+1", first_position=1, first_seen_at=NOW, last_seen_at=NOW)
    reply = staff("growth").get("/console/records/customers/file/?form=csv")
    assert pl.read_csv(content_of(reply))["user_id"].to_list() == ["'=1+1"]


def test_a_list_that_is_too_long_is_told_so(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(files.MOST_ROWS, "csv", 2)
    decide(3)
    client = staff("growth")
    reply = client.get("/console/records/decisions/file/?form=csv&program=spring", follow=True)
    assert reply.request["PATH_INFO"] == "/console/records/decisions/"
    assert "more than 2 rows" in reply.content.decode()
    assert [one.verb for one in entries(limit=1)] == ["staff.added"]


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
        ("notices", "kind", "sign_in_code", "登录验证码"),
        ("customers", "user_id", "done", "done"),
    ],
)
def test_a_value_is_said_as_its_own_list_means_it(
    of: str, field: str, value: str, says: str
) -> None:
    with translation.override("zh-hans"):
        assert value_in_words(field, value, of=of) == says


@pytest.mark.parametrize(
    ("language", "says"), [("en", "Code to sign in"), ("zh-hans", "登录验证码")]
)
def test_messages_are_called_as_their_texts_are(staff: Staff, language: str, says: str) -> None:
    send_now(
        "sign_in_code",
        channel="email",
        to="ann@example.com",
        lang="en",
        values={"code": "123456"},
        key="k1",
        now=NOW,
    )
    reply = staff("support").get(
        "/console/records/notices/?kind=sign_in_code", headers={"accept-language": language}
    )
    page = reply.content.decode()
    assert re.findall(r'<option value="sign_in_code"[^>]*>([^<]+)<', page) == [says]
    assert len(re.findall(rf">{says}<", page)) == 2
    assert ">sign_in_code<" not in page


def test_every_kind_of_message_has_a_name() -> None:
    assert OF_LIST["notices", "kind"].keys() == MESSAGES.keys()


def test_the_staff_stand_by_name(staff: Staff) -> None:
    finance = staff("finance", email="fay@example.com")
    [fay] = members()
    record(fay.actor, "key.create", "key:1", now=NOW)
    page = finance.get("/console/records/audit/?q=key:1").content.decode()
    assert (f">{fay.name}<" in page, f">{fay.actor}<" in page) == (True, False)


def test_words_are_for_lists_and_fields_that_there_are() -> None:
    for of, field in OF_LIST:
        assert field in {column.name for column in BY_SLUG[of].shown}, (of, field)


# Of 20.00 each: outcome, amount granted, ruling, amount taken back, days until available; how that
# stands now.
FATES = {
    "d-granted": ("granted", 2000, "", 0, -1, "granted"),
    "d-pending": ("granted", 2000, "", 0, 14, "pending"),
    "d-cut": ("granted", 500, "", 0, -1, "part"),
    "d-some-back": ("granted", 2000, "", 700, -1, "part"),
    "d-all-back": ("granted", 2000, "", 2000, -1, "taken_back"),
    "d-rejected": ("rejected", 0, "", 0, -1, "refused"),
    "d-nothing-left": ("granted", 0, "", 0, -1, "refused"),
    "d-waits": ("held", 2000, "", 0, -1, "held"),
    "d-released": ("held", 2000, "released", 0, -1, "granted"),
    "d-denied": ("held", 2000, "denied", 0, -1, "denied"),
    "d-released-back": ("held", 2000, "released", 2000, -1, "taken_back"),
    "d-back-before-ruling": ("held", 2000, "", 2000, -1, "taken_back"),
}


def decide_fates(first: int = 1) -> None:
    """The decisions of FATES, as the engine and the staff leave them behind."""
    now = clock.now()
    for n, (name, fate) in enumerate(FATES.items(), first):
        outcome, amount, ruling, back, days, _standing = fate
        decide(1, outcome=outcome, first=n)
        Decision.objects.filter(position=n).update(
            decision_id=name, amount=amount, available_at=now + timedelta(days=days)
        )
        if ruling:
            # A ruling after the first one changes nothing.
            for place, verdict in ((100 + n, ruling), (200 + n, "released")):
                Ruling.objects.create(
                    decision_id=name, position=place, verdict=verdict, occurred_at=now
                )
        elif outcome == "held" and back < amount:
            Waiting.objects.create(decision_id=name)
        if back:
            for place, part in ((300 + n, back - 100), (400 + n, 100)):
                Reversal.objects.create(
                    decision_id=name, position=place, place=0, occurred_at=now, amount=part
                )


def test_a_decision_stands_in_its_list_as_on_its_own_page(staff: Staff) -> None:
    decide_fates()
    found = reading.page(BY_SLUG["decisions"], Asked()).rows
    expected = {name: fate[-1] for name, fate in FATES.items()}
    assert {str(row.pk): vars(row)["standing"] for row in found} == expected
    own = {row.decision_id: standing(row, clock.now())[1] for row in decisions_of(list(FATES))}
    assert {
        name: value_in_words("standing", code, of="decisions") for name, code in expected.items()
    } == own
    with translation.override("zh-hans"):
        assert value_in_words("standing", "taken_back", of="decisions") == "已收回"
    client = staff("growth")
    one = client.get("/console/records/decisions/one/?key=[10,0]").content.decode()
    assert ("d-denied" in one, "Denied" in one, "held" in one) == (True, True, True)


def test_decisions_are_found_by_how_they_stand(staff: Staff) -> None:
    decide_fates()
    client = staff("analyst")
    for code in dict.fromkeys(fate[-1] for fate in FATES.values()):
        expected = [name for name, fate in FATES.items() if fate[-1] == code][::-1]
        found = reading.page(BY_SLUG["decisions"], Asked(filters={"standing": code})).rows
        assert [row.pk for row in found] == expected, code
        reply = client.get(f"/console/records/decisions/file/?form=csv&standing={code}")
        rows = pl.read_csv(content_of(reply))
        assert rows["decision_id"].to_list() == expected, code
        assert set(rows["standing"]) == {code}
    # A file holds what was decided as well, unchanged.
    reply = client.get("/console/records/decisions/file/?form=csv&standing=denied")
    assert pl.read_csv(content_of(reply))["outcome"].to_list() == ["held"]
    assert reading.page(BY_SLUG["decisions"], Asked(filters={"standing": "nonsense"})).rows == []


def test_reasons_are_said_in_words_and_kept_as_codes_in_files(staff: Staff) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    [program, version] = Decision.objects.values_list("program", "version").first() or ["", 0]
    Decision.objects.all().update(reason="zero_amount", amount=0)
    first = Decision.objects.order_by("position").first()
    assert first is not None
    Decision.objects.filter(pk=first.pk).update(reason=None)
    client = staff("analyst")
    page = client.get(f"/console/records/decisions/?program={program}").content.decode()
    assert "By the rule this came to nothing." in page
    assert ">zero_amount<" not in page
    count = Decision.objects.filter(reason="zero_amount", version=version).count()
    assert page.count(">By the rule this came to nothing.<") == count > 0
    reply = client.get("/console/records/decisions/file/?form=csv&reason=zero_amount")
    assert set(pl.read_csv(content_of(reply))["reason"]) == {"zero_amount"}
    client.get("/console/?lang=zh-hans")
    page = client.get("/console/records/decisions/").content.decode()
    assert ("按规则计算，金额为零。" in page, "奖励的上限" in page) == (True, True)
    translation.deactivate()


def test_a_reason_is_found_by_what_it_begins_with(installation: Installation) -> None:
    decide(4)
    for position, reason in ((1, "cap:0"), (2, "cap:1"), (3, "caps"), (4, "risk:0")):
        Decision.objects.filter(position=position).update(reason=reason)
    kind = BY_SLUG["decisions"]

    def found(reason: str) -> list[int]:
        rows = reading.page(kind, Asked(filters={"reason": reason})).rows
        return [cast(Decision, row).position for row in rows]

    assert (found("cap"), found("cap:0"), found("risk"), found("limit")) == ([2, 1], [1], [4], [])


def slow_csv(kind: Kind, asked: Asked, *, in_clear: bool) -> bytes:
    """A list as CSV, value by value: what a file means."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in kind.shown])
    place, rows = None, []
    while True:
        found = reading.page(kind, replace(asked, before=place))
        rows += found.rows
        place = found.next
        if place is None:
            break
    columns = [column.values(rows, in_clear=in_clear) for column in kind.shown]
    for values in zip(*columns, strict=True):
        writer.writerow(map(cell_in_csv, values))
    return out.getvalue().encode()


def cell_in_csv(value: object) -> str:
    if isinstance(value, datetime):
        at = value.astimezone(UTC)
        return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}" if at.microsecond else f"{at:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(tuple("=+-@\t\r")) else text


@pytest.mark.parametrize("in_clear", [True, False])
def test_every_file_holds_what_its_list_does(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, in_clear: bool
) -> None:
    line = Line()
    line.publish()
    line.say("identify", "=u-1", traits={"email": "ann@example.com", "phone": "+49 30 1234567"})
    line.say("identify", "u-2", traits={"name": 'Bob, "B" Smith', "email": "bob@example.com"})
    line.story()
    line.work()
    decide_fates(first=1000)
    record("user:1", "key.create", "key:1", now=NOW, after={"role": "write"})
    monkeypatch.setattr(reading, "_FIRST_CHUNK", 2)
    monkeypatch.setattr(reading, "_CHUNK", 3)
    filled = set()
    for kind in KINDS:
        for asked in (Asked(), Asked(order=kind.sorts[0])):
            written = b"".join(files.pieces(kind, asked, "csv", in_clear=in_clear))
            rows = list(csv.reader(io.StringIO(written.decode())))
            expected = slow_csv(kind, asked, in_clear=in_clear)
            assert rows == list(csv.reader(io.StringIO(expected.decode()))), kind.slug
            assert files.counted(kind, asked, "csv") == len(rows) - 1, kind.slug
        if len(rows) > 1:
            filled.add(kind.slug)
    assert filled >= {
        "customers",
        "contacts",
        "events",
        "decisions",
        "stages",
        "transfers",
        "audit",
    }


def test_days_and_shares_are_written_as_they_stand(installation: Installation) -> None:
    Rival.objects.create(
        company="Acorn", program="Friends", amount_minor=None, percent="5.50", seen_on="2026-05-04",
        created_at=NOW, created_by="user:1",
    )  # fmt: skip
    [frame] = list(reading.every(BY_SLUG["rivals"], Asked()))
    assert (frame["percent"].to_list(), frame["seen_on"].to_list()) == (["5.50"], ["2026-05-04"])


def test_a_file_begins_before_all_of_it_is_read(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_FIRST_CHUNK", 2)
    monkeypatch.setattr(reading, "_CHUNK", 5)
    decide(9)
    pieces = files.pieces(BY_SLUG["decisions"], Asked(), "csv", in_clear=False)
    assert next(pieces).startswith(b"decision_id,program,")
    assert next(pieces).count(b"\n") == 2
    decide(1, first=10)  # what comes while a file is read is not in it
    assert [piece.count(b"\n") for piece in pieces] == [5, 2]


def test_a_file_of_what_is_searched_for(staff: Staff) -> None:
    decide(3)
    Transfer.objects.create(
        transfer_id="t-1", unit="cash USD", amount=1, source="budget:a", target="wallet:u-1",
        occurred_at=NOW, decision_id="spring/credit/u-1/1", position=1, place=0,
    )  # fmt: skip
    client = staff("admin")
    for url, expected in (
        ("decisions/file/?form=csv&q=u-2", ["spring/credit/u-2/2"]),
        ("decisions/file/?form=csv&q=nobody", []),
        ("transfers/file/?form=csv&q=wallet:u-1", ["t-1"]),
        # A number is searched there, and this is none.
        ("deliveries/file/?form=csv&q=nobody", []),
    ):
        rows = pl.read_csv(content_of(client.get(f"/console/records/{url}")), infer_schema=False)
        assert rows[rows.columns[0]].to_list() == expected, url


def fail_notices(count: int) -> None:
    """Notices that failed: of an even number by e-mail, else by text message."""
    Notice.objects.bulk_create(
        Notice(
            kind="sign_in_code", user_id=f"u-{n}", key=f"n-{n}", status="failed",
            channel="email" if n % 2 == 0 else "sms", sealed=b"kept",
            is_listed=False, is_capped=False, priority=1, created_at=NOW, since=NOW, next_at=NOW,
        )
        for n in range(count)
    )  # fmt: skip


def waiting() -> list[str]:
    """Whose notices wait to be sent again."""
    rows = Notice.objects.filter(status="waiting").order_by("id")
    return list(rows.values_list("user_id", flat=True))


def test_what_is_ticked_is_done_and_nothing_else(staff: Staff) -> None:
    fail_notices(4)
    Notice.objects.filter(user_id="u-3").update(status="sent")
    admin = staff("admin")
    keys = {row.user_id: f"[{row.pk}]" for row in Notice.objects.all()}
    page = admin.get("/console/records/notices/").content.decode()
    assert "Send these messages again?" in page
    url = "/console/records/notices/do/"
    reply = admin.post(url, {"do": "retry", "query": "status=failed"}, follow=True)
    assert ("Tick the rows first." in reply.content.decode(), waiting()) == (True, [])
    ticked = [keys["u-1"], keys["u-3"], "nonsense"]
    reply = admin.post(url, {"do": "retry", "key": ticked, "query": "status=failed"}, follow=True)
    told = html.unescape(reply.content.decode())
    assert reply.request["QUERY_STRING"] == "status=failed"
    assert "Done for 1 of them." in told
    assert f"Not done for 1 of them. Notice {keys['u-3'][1:-1]} is sent;" in told
    assert waiting() == ["u-1"]
    assert staff("growth").post(url, {"do": "nothing"}).status_code == 302
    assert staff("support").post(url, {"do": "retry", "key": ticked}).status_code == 403


def test_all_that_the_filters_find_is_done_on_every_page(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_notices(120)
    admin = staff("admin")
    page = admin.get("/console/records/notices/?channel=email").content.decode()
    assert ("All 60 that the filters find" in page, 'data-count="60"' in page) == (True, True)
    # One page says it all.
    page = admin.get("/console/records/notices/?q=u-7").content.decode()
    assert "that the filters find" not in page
    monkeypatch.setattr(lists, "MOST_AT_ONCE", 59)
    page = admin.get("/console/records/notices/?channel=email").content.decode()
    assert "that the filters find" not in page
    monkeypatch.setattr(lists, "MOST_AT_ONCE", 1_000)
    reply = admin.post(
        "/console/records/notices/do/",
        {"do": "retry", "everything": "1", "query": "channel=email"},
        follow=True,
    )
    assert "Done for 60 of them." in reply.content.decode()
    assert waiting() == [f"u-{n}" for n in range(0, 120, 2)]


def test_all_that_the_filters_find_is_looked_for_as_far_back_as_a_page_looks(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_notices(120)
    first = Notice.objects.order_by("id").values_list("id", flat=True)[0]
    monkeypatch.setattr(reading, "SEARCHED_BACK", 70)
    admin = staff("admin")
    page = admin.get("/console/records/notices/?channel=email").content.decode()
    above = first + 49
    assert f"All 35 that the filters find above number {above}, on every page" in page
    assert 'data-count="35"' in page
    reply = admin.post(
        "/console/records/notices/do/",
        {"do": "retry", "everything": "1", "query": "channel=email"},
        follow=True,
    )
    assert "Done for 35 of them." in reply.content.decode()
    assert waiting() == [f"u-{n}" for n in range(50, 120, 2)]


def test_rows_are_counted_only_where_there_is_another_page(staff: Staff) -> None:
    admin = staff("admin")

    def asked_for_all(query: str) -> bool:
        with CaptureQueriesContext(connection) as asked:
            assert admin.get(f"/console/records/notices/?{query}").status_code == 200
        return any(f"LIMIT {lists.MOST_AT_ONCE + 1}" in one["sql"] for one in asked)

    fail_notices(50)
    assert not asked_for_all("")
    Notice.objects.all().delete()
    fail_notices(51)
    assert asked_for_all("")
    assert not asked_for_all("channel=email")
