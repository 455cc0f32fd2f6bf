"""What the company's people do: decide what is held, forget a customer, look after it all."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.story.company import Caller, Company, eventually
from tests.story.conftest import PROGRAMS


def test_held_rewards_wait_for_a_person(company: Company) -> None:
    office = company.office
    office.post("/links", {"program": "careful", "advocate": "dan", "code": "DAN"})
    # From the second friend on the program asks a person.
    for number, friend in enumerate(("eve", "fay", "gus"), start=1):
        company.shop.track("Signed Up", friend, f"{friend}-1", referral_code="DAN")
        company.shop.track(
            "Order Completed", friend, f"{friend}-2", order_id=friend, total=80, currency="USD"
        )
        eventually(lambda: len(_of_dan(company)), number)
    first, second, third = sorted(_of_dan(company), key=lambda row: row["position"])
    assert [row["outcome"] for row in (first, second, third)] == ["granted", "held", "held"]
    assert [row["reason"] for row in (first, second, third)] == [None, "risk:many", "risk:many"]
    assert _wallet(company) == [{"unit": "cash USD", "pending": 2000, "available": 0}]

    stranger = company.shop.post(f"/decisions/{second['decision_id']}/release", {"reason": "Mine."})
    assert (stranger.status, stranger.code) == (403, "missing_scope")
    released = office.post(f"/decisions/{second['decision_id']}/release", {"reason": "Asked her."})
    assert (released.status, released.json["ruling"]) == (200, "released")
    denied = office.post(f"/decisions/{third['decision_id']}/deny", {"reason": "One person."})
    assert (denied.status, denied.json["ruling"]) == (200, "denied")
    assert denied.json["reversed_amount"] == 2000
    again = office.post(f"/decisions/{third['decision_id']}/release", {"reason": "Sorry."})
    assert (again.status, again.code) == (409, "not_waiting")

    assert _wallet(company) == [{"unit": "cash USD", "pending": 4000, "available": 0}]
    assert office.get("/decisions?waiting=true&advocate=dan").json["data"] == []
    moved = office.post("/test_clock/advance", {"by": "15d"})
    assert moved.json["is_decided"] is True
    assert _wallet(company) == [{"unit": "cash USD", "pending": 0, "available": 4000}]
    audit = office.get("/audit?verb=decision.").json["data"]
    assert [(row["verb"], row["about"], row["reason"]) for row in audit] == [
        ("decision.deny", f"decision:{third['decision_id']}", "One person."),
        ("decision.release", f"decision:{second['decision_id']}", "Asked her."),
    ]
    assert company.banyan("verify").returncode == 0


def test_a_customer_is_forgotten_and_the_books_stay(company: Company) -> None:
    office, shop = company.office, company.shop
    office.post("/links", {"program": "careful", "advocate": "hal", "code": "HAL"})
    shop.track("Signed Up", "ida", "ida-1", referral_code="HAL")
    told = {"email": "Ida.Moon@Example.com", "name": "Ida Moon", "tier": "gold"}
    shop.post("/identify", {"userId": "ida", "messageId": "ida-2", "traits": told})
    eventually(lambda: office.get("/customers/ida").json.get("traits"), told)
    found = office.post("/customers/find", {"email": "ida.moon@example.com"})
    assert found.json["data"] == [{"user_id": "ida", "name": "I*** M***"}]
    before = office.get("/customers/ida/wallet").json
    assert before == {"balances": [{"unit": "points", "pending": 0, "available": 100}]}

    erased = office.post("/customers/ida/erase", {"reason": "She asked."})
    assert (erased.status, erased.json["user_ids"]) == (200, ["ida"])
    assert erased.json["contacts"] == 1
    twice = office.post("/customers/ida/erase", {"reason": "She asked."})
    assert (twice.status, twice.code) == (409, "already_erased")

    known = office.get("/customers/ida").json
    assert (known["traits"], known["contacts"]) == ({}, [])
    assert known["erased_at"] is not None
    assert office.post("/customers/find", {"email": "ida.moon@example.com"}).json["data"] == []
    assert b"Moon" not in office.get("/customers/ida/events").body
    assert office.get("/customers/ida/wallet").json == before
    [referral] = office.get("/referrals?friend=ida").json["data"]
    assert (referral["advocate"], referral["program"]) == ("hal", "careful")
    # What was decided can still be recomputed from the log, without knowing who she was.
    report = company.banyan("verify")
    assert report.returncode == 0, report.stdout


def test_what_is_exported_replays_to_the_same_decisions(company: Company, tmp_path: Path) -> None:
    office, shop = company.office, company.shop
    office.post("/links", {"program": "careful", "advocate": "kim", "code": "KIM"})
    shop.track("Signed Up", "lee", "lee-1", referral_code="KIM")
    shop.track("Order Completed", "lee", "lee-2", order_id="lee", total=60, currency="USD")
    eventually(lambda: len(office.get("/decisions?beneficiary=kim").json["data"]), 1)

    report = company.banyan("verify", "--json")
    assert report.returncode == 0, report.stdout
    told = json.loads(report.stdout)
    assert (told["versions"], told["differences"], told["count"]) == (2, [], 0)

    for what, name in (("events", "log.jsonl"), ("programs", "programs"), ("decisions", "d.csv")):
        done = company.banyan("export", what, "--out", str(tmp_path / name))
        assert done.returncode == 0, done.stderr
    files = sorted(map(str, (tmp_path / "programs").rglob("*.yaml")))
    assert len(files) == 2
    out = tmp_path / "replayed"
    words = ["replay", *files, str(tmp_path / "log.jsonl"), "--out", str(out), "--format", "csv"]
    replayed = company.banyan(*words)
    assert replayed.returncode == 0, replayed.stderr
    assert _rows(tmp_path / "d.csv") == _rows(out / "decisions.csv")
    ids = [row["decision_id"] for row in _rows(tmp_path / "d.csv")]
    assert {one.rpartition("/")[0] for one in ids} >= {"careful/thanks/kim", "careful/welcome/lee"}


def test_a_published_version_never_changes(company: Company, tmp_path: Path) -> None:
    again = company.banyan("publish", str(PROGRAMS / "spring.yaml"))
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == (
        "version: spring version 1 is published and never changes; give the new text version 2\n"
    )
    wrong = tmp_path / "wrong.yaml"
    text = (PROGRAMS / "spring.yaml").read_text().replace("on: bought", "on: bougth")
    wrong.write_text(text.replace("program: spring", "program: wrong"))
    refused = company.banyan("publish", str(wrong))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"{wrong}:12:24: error rewards.thanks.on: there is no milestone 'bougth'; "
        "did you mean bought?\n"
    )
    assert company.office.get("/programs/wrong").code == "not_found"


def test_a_key_that_is_revoked_opens_nothing(company: Company) -> None:
    made = company.banyan("keys", "create", "write", "--name", "till")
    assert made.returncode == 0, made.stderr
    till = Caller(company.port, made.stdout.strip())
    assert till.track("Signed Up", "mia", "mia-1").json == {"success": True}
    listed = json.loads(company.banyan("keys", "list", "--json").stdout)
    [row] = [row for row in listed if row["name"] == "till"]
    assert (row["role"], row["for"], row["revoked"]) == ("write", "live", "")
    assert company.banyan("keys", "revoke", str(row["id"])).returncode == 0
    # Within ten seconds, since processes remember keys that long.
    eventually(lambda: till.track("Signed Up", "mia", "mia-2").status, 401)
    assert till.track("Signed Up", "mia", "mia-3").code == "bad_key"
    events = company.office.get("/customers/mia/events").json["data"]
    assert "mia-3" not in {row["message_id"] for row in events}


def _of_dan(company: Company) -> list[dict[str, object]]:
    return list(company.office.get("/decisions?beneficiary=dan&program=careful").json["data"])


def _wallet(company: Company) -> object:
    return company.office.get("/customers/dan/wallet").json["balances"]


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))
