"""speaking: which user id speaks for which, for many at once."""

from __future__ import annotations

from collections.abc import Collection

from banyan.core.people.models import Customer


def speakers(user_ids: Collection[str]) -> dict[str, str]:
    """For each of these user ids the one that speaks for it: itself, unless it was merged."""
    merged = Customer.objects.filter(merged_into__isnull=False).values_list(
        "user_id", "merged_into"
    )
    into = {user_id: speaker for user_id, speaker in merged if speaker}
    return {user_id: into.get(user_id, user_id) for user_id in user_ids}
