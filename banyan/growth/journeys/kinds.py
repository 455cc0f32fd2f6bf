"""kinds: everything a person can be told, and how much it may interrupt them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

from banyan.kernel.errors import Problem

Channel = Literal["email", "sms", "wechat"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
"""Ways outside."""
TextChannel = Literal["site", "email", "sms", "wechat"]
TEXT_CHANNELS: tuple[TextChannel, ...] = get_args(TextChannel)
"""Where texts stand."""

Purpose = Literal["transactional", "rewards", "progress", "reminders"]
"""What a message is for. A person can say no to each but the first, which they asked for."""

_DAYS = timedelta(days=3)
_MINUTES = timedelta(minutes=15)

ALWAYS = ("greeting", "name", "company", "home_link")
"""Variables of every kind; the inbox, which greets nobody, has the last two."""
_OF_PROGRAM = ("program", "program_link", "share_link")


class UnknownKind(Problem):
    """A notice of a kind that there is not."""

    status = 404
    code = "not_found"


@dataclass(frozen=True)
class Kind:
    """One kind of notice."""

    name: str
    purpose: Purpose
    priority: int
    """Small goes first, and is told by itself where several things happen at once."""
    own: tuple[str, ...]
    """The variables it has beside those of every kind."""
    is_of_program: bool = True
    give_up_after: timedelta = _DAYS

    @property
    def is_transactional(self) -> bool:
        """Asked for by its reader, so that neither caps nor quiet hours hold it back."""
        return self.purpose == "transactional"

    @property
    def variables(self) -> tuple[str, ...]:
        """All that its texts may name."""
        return (*ALWAYS, *(_OF_PROGRAM if self.is_of_program else ()), *self.own)


def _kinds(*kinds: Kind) -> Mapping[str, Kind]:
    return {kind.name: kind for kind in kinds}


KINDS = _kinds(
    Kind("sign_in_code", "transactional", 0, ("code", "minutes"), False, _MINUTES),
    Kind("sign_in_unknown", "transactional", 0, ("minutes",), False, _MINUTES),
    Kind("confirm_invitation", "transactional", 1, ("advocate", "confirm_link", "until")),
    Kind("lead_submitted", "transactional", 1, ("advocate", "lead_link")),
    Kind("staff_invited", "transactional", 1, ("staff_link", "until"), False),
    Kind("staff_password", "transactional", 1, ("staff_link", "until"), False),
    Kind(
        "staff_alarms",
        "transactional",
        1,
        ("opened", "opened_count", "over", "over_count", "alarms_link"),
        False,
    ),
    Kind("test", "transactional", 1, (), False),
    Kind(
        "reward_arrived",
        "rewards",
        10,
        ("amount", "friend", "because", "terms", "thanks", "rewards_link"),
    ),
    Kind("refused", "rewards", 11, ("friend", "reason", "dispute_link")),
    Kind("reversed", "rewards", 11, ("amount", "friend", "reason", "left", "dispute_link")),
    Kind("terms_changed", "rewards", 12, ("notice",)),
    Kind("program_resumed", "rewards", 12, ()),
    Kind("reward_expiring", "rewards", 12, ("amount", "expires", "days_left", "rewards_link")),
    Kind(
        "reward_pending",
        "rewards",
        13,
        ("amount", "friend", "because", "release", "thanks", "rewards_link"),
    ),
    Kind("thanks_advocate", "progress", 20, ("friend", "missing")),
    Kind("welcome_friend", "progress", 20, ("advocate", "missing")),
    Kind("step_reached", "progress", 21, ("friend", "step", "missing")),
    Kind("friend_joined", "progress", 22, ("friend", "missing")),
    Kind("friend_reminder", "reminders", 30, ("advocate", "confirm_link")),
    Kind("offer_waits", "reminders", 31, ("advocate", "missing")),
)


def kind(name: str) -> Kind:
    """The kind of that name. Raises UnknownKind."""
    found = KINDS.get(name)
    if found is None:
        raise UnknownKind(f"There is no notice {name[:64]!r}; known are: {', '.join(KINDS)}.")
    return found
