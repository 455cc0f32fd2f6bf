"""A running server, as its watchers see it."""

from prometheus_client.parser import text_string_to_metric_families

from tests.installation import Installation
from tests.rooms.doors.edge.serving import serving

TOKEN = "metrics-token-for-tests"


def test_any_process_tells_what_all_of_them_did(installation: Installation) -> None:
    variables = {"BANYAN_METRICS_TOKEN": TOKEN}
    with serving(installation, "web", "--workers", "2", variables=variables) as site:
        assert site.call("GET", "/healthz").status == 200
        ready = site.call("GET", "/readyz")
        assert (ready.status, ready.json["status"]) == (200, "ready")
        for _ in range(40):
            assert site.call("GET", "/r/NOBODY").status == 302
        assert site.call("GET", "/metrics").status == 403
        page = site.call("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (page.status, page.headers["content-type"].split(";")[0]) == (200, "text/plain")
    found = {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page.body.decode())
        for sample in family.samples
    }
    assert found["banyan_requests_total click 302"] == 40
    assert found["banyan_requests_total metrics 403"] == 1
    assert found["banyan_request_seconds_count click"] == 40
    assert found["banyan_events_accepted_total click"] == 40
    assert found["banyan_commit_events_sum"] == 40
    assert found["banyan_log_head"] == 40
    assert found["banyan_cursor"] == 0
    assert found["banyan_request_failure_ratio"] == 0
