"""Django behind the hot doors: it sees the request that was sent."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from banyan.site.rsgi import DJANGO_THREADS
from tests.rooms.doors.edge.serving import Answer, Site


def test_the_api_answers_on_the_same_port(site: Site) -> None:
    answer = site.call("GET", "/v1/openapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json["info"]["title"] == "Banyan"
    head = site.call("HEAD", "/v1/openapi.json")
    assert (head.status, head.body) == (200, b"")


def test_an_unknown_address_is_answered_by_the_api(site: Site) -> None:
    answer = site.call("GET", "/v1/no/such/page?x=1", headers={"X-Request-Id": "r-1"})
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert answer.headers["x-request-id"] == "r-1"


def test_path_query_and_body_arrive_as_they_were_sent(site: Site) -> None:
    key = {"Authorization": f"Bearer {site.keys['secret']}"}
    link = site.call("GET", "/v1/links/%E6%A6%95%E6%A0%91", headers=key)
    assert (link.status, link.json["code"]) == (200, "榕树")
    assert site.call("GET", "/v1/links/%25E6%25A6%2595", headers=key).status == 404
    made = site.call(
        "POST",
        "/v1/links",
        '{"program": "open", "advocate": "李"}'.encode(),
        key | {"Content-Type": "application/json"},
    )
    assert made.status in (200, 201)
    listed = site.call("GET", "/v1/links?advocate=%E6%9D%8E", headers=key)
    assert [row["code"] for row in listed.json["data"]] == [made.json["code"]]


def test_a_body_above_the_limit_is_refused_before_it_is_read(site: Site) -> None:
    answer = site.call("POST", "/v1/links", headers={"Content-Length": str(65 * 1024 * 1024)})
    assert (answer.status, answer.json["code"]) == (413, "too_large")


def test_pages_that_wait_do_not_hold_up_clicks(site: Site) -> None:
    """More pages wait for a table than Django has threads; a click passes all of them."""
    if site.installation.kind == "sqlite":
        pytest.skip("SQLite has no lock that lets others write")
    pages: list[Answer] = []
    key = {"Authorization": f"Bearer {site.keys['secret']}"}
    agent = {"User-Agent": "Mozilla/5.0 Firefox/140.0"}
    threads = [
        threading.Thread(
            target=lambda: pages.append(site.call("GET", "/v1/referrals", headers=key))
        )
        for _ in range(2 * DJANGO_THREADS)
    ]
    with psycopg.connect(site.installation.database_url) as link:
        link.execute("LOCK TABLE referrals_referral IN ACCESS EXCLUSIVE MODE")
        for thread in threads:
            thread.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        with psycopg.connect(site.installation.database_url, autocommit=True) as watch:
            end = time.monotonic() + 60
            while watch.execute(waiting).fetchone() != (DJANGO_THREADS,):
                assert time.monotonic() < end
                time.sleep(0.05)
        clicks = [site.call("GET", "/r/OPEN-1", headers=agent).status for _ in range(3)]
        assert pages == []
    for thread in threads:
        thread.join()
    assert clicks == [302] * 3
    assert [page.status for page in pages] == [200] * (2 * DJANGO_THREADS)
