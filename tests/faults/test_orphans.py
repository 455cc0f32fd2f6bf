"""When the process that looks after others is killed, the others make room for the next one."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.faults.company import Company
from tests.faults.processes import Running, until

NOTICED_S = 8.0


class StillThere(AssertionError):
    """Processes that nobody looks after any more, and that do not end."""


pytestmark = pytest.mark.faults


def test_a_web_whose_head_was_killed_can_be_started_again(shop: Company) -> None:
    assert shop.web is not None
    orphans = [Running(pid, shop.web.log) for pid in shop.web.children]
    _kill_alone(shop.web)
    try:
        _ended(orphans)
        shop.start_web()
    finally:
        _clear(orphans)


def test_one_command_that_was_killed_can_be_started_again(shop: Company) -> None:
    shop.kill_workers()
    shop.kill_web()
    whole = shop.start_everything()
    orphans = [Running(pid, whole.log) for pid in whole.children]
    assert len(orphans) == 2
    _kill_alone(whole)
    try:
        _ended(orphans)
        shop.start_everything().stop()
    finally:
        _clear(orphans)


def _kill_alone(process: Running) -> None:
    """SIGKILL to that one process, as the kernel does when memory runs out."""
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: not process.is_alive, f"process {process.pid} to be gone")


def _ended(orphans: list[Running]) -> None:
    end = time.monotonic() + NOTICED_S
    while alive := [orphan.pid for orphan in orphans if orphan.is_alive]:
        if time.monotonic() > end:
            raise StillThere(f"processes {alive} go on alone")
        time.sleep(0.1)


def _clear(orphans: list[Running]) -> None:
    """A serving process is of the group that its dead head led."""
    for orphan in orphans:
        if orphan.is_alive:
            os.killpg(os.getpgid(orphan.pid), signal.SIGKILL)
