"""Segment's library for Node against a running server. Needs Node, npm and the npm registry."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from banyan.core.events import read
from banyan.trust.access.keys import make
from tests.installation import Installation
from tests.rooms.doors.edge.serving import serving

HERE = Path(__file__).parent


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_node_sdk_works_unchanged(installation: Installation, tmp_path: Path) -> None:
    for name in ("package.json", "package-lock.json", "send.mjs"):
        shutil.copy(HERE / name, tmp_path)
    npm = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
    fetched = subprocess.run(npm, cwd=tmp_path, capture_output=True, text=True, check=False)
    if "ENOTFOUND" in fetched.stderr or "ECONNREFUSED" in fetched.stderr:
        pytest.skip("the npm registry cannot be reached")
    assert fetched.returncode == 0, fetched.stderr
    _, key = make("test", "write", is_test=False, now=datetime(2026, 3, 1, tzinfo=UTC))
    with serving(installation, "web") as site:
        sent = subprocess.run(
            ["node", "send.mjs", f"http://127.0.0.1:{site.port}", key],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (sent.returncode, sent.stderr) == (0, "")
    rows = read.after(0, 10)
    assert rows["kind"].to_list() == ["identify", "track", "page", "screen", "group", "alias"]
    assert json.loads(rows["body"][1])["properties"] == {"order_id": "o8", "total": 19.99}
    assert not any("ann@example.com" in body for body in rows["body"])
