"""Tables of the log."""

from django.db import models


class Event(models.Model):
    """One acknowledged event. Nothing here is ever changed but `sealed`, which erasure empties.

    `body` is the public event as JSON, personal data replaced: contacts and addresses by keyed
    hashes, other traits moved into `sealed` (encrypted JSON, `banyan.kernel.sealing`).
    """

    position = models.BigIntegerField(primary_key=True)
    message_id = models.TextField()
    kind = models.TextField(help_text="the event's `type`")
    name = models.TextField(default="", help_text="the event's `event`; empty for other types")
    user_id = models.TextField(default="")
    anonymous_id = models.TextField(default="")
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    source = models.TextField(help_text="the door and key it came through")
    body = models.TextField()
    sealed = models.BinaryField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message_id"], name="event_message_id_once")]
        indexes = [
            models.Index(fields=["user_id", "position"], name="event_of_user"),
            models.Index(fields=["anonymous_id", "position"], name="event_of_visitor"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.name or self.kind}"


class Head(models.Model):
    """One row: the last position given out. Updating it is the log's lock."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)
    clock_ahead_us = models.BigIntegerField(default=0, help_text="how far a test moved the clock")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="head_is_one_row")]

    def __str__(self) -> str:
        return f"head {self.position}"
