"""Tables of the line itself: how far it is, and what waits to be sent."""

from django.db import models


class Cursor(models.Model):
    """One row: the last position decided, and the scalars of the engine's state there.

    Moving it from the position a batch began at is what makes a second leader harmless.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)
    log = models.BigIntegerField(null=True, help_text="log time there, UTC microseconds")
    grants_made = models.BigIntegerField(default=0)
    book = models.TextField(default="", help_text="fingerprint of the book its state was made with")
    moved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="cursor_is_one_row")]

    def __str__(self) -> str:
        return f"cursor {self.position}"


class Message(models.Model):
    """The outbox: what is to be sent once the transaction that decided it stands."""

    topic = models.TextField(help_text="such as `referral.created`; `decision.granted`")
    key = models.TextField(help_text="idempotency key: the same for every attempt")
    position = models.BigIntegerField()
    payload = models.TextField(help_text="JSON")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key"], name="message_key_once")]

    def __str__(self) -> str:
        return f"{self.topic} {self.key}"


class Alarm(models.Model):
    """Something a person must look at; open until `closed_at`."""

    kind = models.TextField()
    sentence = models.TextField()
    role = models.TextField(
        default="admin", db_default="admin", help_text="whose it is: they get the mails"
    )
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    opening_told_at = models.DateTimeField(null=True, help_text="by mail and webhook, once")
    closing_told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(closed_at=None), name="alarm_open_once"
            )
        ]

    def __str__(self) -> str:
        return self.sentence
