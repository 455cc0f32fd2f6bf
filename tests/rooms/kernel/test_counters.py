"""What processes count, alone and together."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
from banyan.kernel import counters
for status in STATUSES:
    counters.answered("click", status, 0.25)
counters.accepted("batch", 100)
counters.refused("bad_json", 2)
counters.committed(100, 0.5)
"""
READER = """
from banyan.kernel import counters
found = counters.counted()
print(counters.failure_ratio(found))
for metric in sorted(found, key=lambda one: one.name):
    for sample in metric.samples:
        if sample.name.endswith(("_total", "_count", "_sum")):
            print(sample.name, sample.labels, sample.value)
"""


def run(script: str, variables: dict[str, str]) -> str:
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **variables},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_processes_of_one_server_count_together_also_those_that_ended() -> None:
    script = f"""
import subprocess, sys, os
from banyan.kernel.countbook import shared
with shared() as variables:
    environment = {{**os.environ, **variables}}
    def run(text):
        return subprocess.run([sys.executable, "-c", text], env=environment, check=True,
                              capture_output=True, text=True).stdout
    run({CHILD.replace("STATUSES", "[302] * 390")!r})
    run({CHILD.replace("STATUSES", "[302] * 8 + [503, 500]")!r})
    print(run({READER!r}), end="")
    folder = variables["PROMETHEUS_MULTIPROC_DIR"]
    assert os.path.isdir(folder)
assert not os.path.exists(folder)
"""
    assert run(script, {}).splitlines() == [
        "0.005",
        "banyan_commit_events_sum {} 200.0",
        "banyan_commit_events_count {} 2.0",
        "banyan_commit_seconds_sum {} 1.0",
        "banyan_commit_seconds_count {} 2.0",
        "banyan_events_accepted_total {'source': 'batch'} 200.0",
        "banyan_events_refused_total {'code': 'bad_json'} 4.0",
        "banyan_request_seconds_sum {'door': 'click'} 100.0",
        "banyan_request_seconds_count {'door': 'click'} 400.0",
        "banyan_requests_total {'door': 'click', 'status': '302'} 398.0",
        "banyan_requests_total {'door': 'click', 'status': '503'} 1.0",
        "banyan_requests_total {'door': 'click', 'status': '500'} 1.0",
    ]


def test_a_process_alone_counts_for_itself(tmp_path: Path) -> None:
    heard = 'counters.heard("shopify", "appended")\n'
    script = CHILD.replace("STATUSES", "[302, 404, 500, 503]") + heard + READER
    found = run(script, {}).splitlines()
    assert found[0] == "0.5"
    messages = "banyan_inbound_messages_total {'kind': 'shopify', 'outcome': 'appended'} 1.0"
    assert messages in found
    assert "banyan_events_accepted_total {'source': 'batch'} 100.0" in found


def test_saying_that_we_are_not_ready_is_no_failure() -> None:
    script = (
        "from banyan.kernel import counters\n"
        "counters.answered('click', 302, 0.25); counters.answered('health', 503, 0.25)\n"
    )
    assert run(script + READER, {}).splitlines()[0] == "0.0"


def test_nothing_asked_is_nothing_failed() -> None:
    assert run(READER, {}).splitlines()[0] == "0.0"


def test_the_book_is_opened_before_anything_counts() -> None:
    script = (
        "import banyan.kernel.counters\n"
        "from banyan.kernel.countbook import join, shared\n"
        "with shared() as book: join(book)\n"
    )
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run(script, {})
    assert "open the book before anything counts" in failed.value.stderr


def test_who_counted_already_may_open_a_book_for_its_children() -> None:
    """As `banyan demo` does: it loads a sample, which counts, and serves it then."""
    script = (
        "import banyan.kernel.counters\n"
        "from banyan.kernel.countbook import shared\n"
        "with shared() as book: print(*book)\n"
    )
    assert run(script, {}).split() == ["PROMETHEUS_MULTIPROC_DIR"]
