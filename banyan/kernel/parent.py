"""parent: a process that somebody looks after ends when that somebody is gone."""

from __future__ import annotations

import os
import signal
import threading
import time

LOOK_S = 1.0


def end_with_parent() -> None:
    """Ask this process to end (SIGTERM) once the process that started it is gone.

    A parent that is killed cannot tell its children; left alone they would keep its port.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
