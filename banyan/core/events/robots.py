"""robots: requests that no person made, by what they say of themselves. Nobody counts them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from crawlerdetect import CrawlerDetect


def is_no_person(headers: Mapping[str, str]) -> bool:
    """Whether a robot of the kept list asks, or a browser that fetches ahead of its user.

    `headers` go by their names in small letters.
    """
    purpose = headers.get("sec-purpose") or headers.get("purpose") or ""
    return "prefetch" in purpose or _is_robot(headers.get("user-agent") or "")


@lru_cache(maxsize=20_000)
def _is_robot(agent: str) -> bool:
    return bool(agent) and bool(_detector.isCrawler(agent))


_detector = CrawlerDetect()
