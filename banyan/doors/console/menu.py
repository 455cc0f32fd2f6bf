"""menu: the console's menu, of what this member of the staff may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from banyan.doors.console.staff import staff_of

Text = str | Promise


@dataclass(frozen=True)
class Entry:
    """One line: leads to `admin:NAME`, for who has one of the rights.

    `icon` is a name of Material Symbols; `count` says how much waits there.
    """

    title: Text
    icon: str
    name: str
    rights: tuple[str, ...]
    count: Callable[[HttpRequest], int] | None = None


@dataclass(frozen=True)
class Group:
    """A heading with its lines."""

    title: Text
    entries: tuple[Entry, ...]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """For Unfold: groups that have something to show."""
    from banyan.doors.console.urls import MENU

    me = staff_of(request)
    if me is None:
        return []
    groups: list[dict[str, Any]] = []
    for group in MENU:
        items = [_item(request, one) for one in group.entries if me.rights.intersection(one.rights)]
        if items:
            groups.append({"title": group.title, "separator": bool(groups), "items": items})
    _mark(request.path, [item for group in groups for item in group["items"]])
    return groups


def account(request: HttpRequest) -> list[dict[str, Any]]:
    """For Unfold: what stands in the menu under one's own name."""
    return [{"title": _("My account"), "link": reverse("admin:account")}]


def _mark(path: str, items: list[dict[str, Any]]) -> None:
    """Of the entries above a page the nearest is where somebody is."""
    index = reverse("admin:index")
    above = [one["link"] for one in items if path.startswith(one["link"]) and one["link"] != index]
    here = max(above, key=len, default=index if path == index else None)
    for one in items:
        one["active"] = one["link"] == here


def _item(request: HttpRequest, entry: Entry) -> dict[str, Any]:
    count = entry.count(request) if entry.count else 0
    return {
        "title": entry.title,
        "icon": entry.icon,
        "link": reverse(f"admin:{entry.name}"),
        **({"badge": str(count)} if count else {}),
    }
