"""Tables of privacy: what people asked for, and what became of it."""

from django.db import models


class Request(models.Model):
    """Somebody's wish about their own data, and the day by which it must be answered."""

    class Kind(models.TextChoices):
        """What is asked for. `object`: that the data is no longer used for some purpose."""

        ACCESS = "access"
        EXPORT = "export"
        CORRECT = "correct"
        ERASE = "erase"
        OBJECT = "object"

    class State(models.TextChoices):
        """`refused` needs a reason that the person can be told."""

        OPEN = "open"
        DONE = "done"
        REFUSED = "refused"

    kind = models.TextField(choices=Kind.choices)
    state = models.TextField(choices=State.choices, default=State.OPEN)
    user_id = models.TextField(help_text="empty: somebody known by a contact alone")
    token = models.TextField(default="", help_text="that contact's stand-in in the log")
    about = models.TextField(
        default="", help_text="the shop that asks for all its customers; empty: one person"
    )
    sealed = models.BinaryField(
        null=True, help_text="what the person said, sealed; empty once they were erased"
    )
    received_at = models.DateTimeField()
    due_at = models.DateTimeField()
    opened_by = models.TextField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.TextField(default="")
    reason = models.TextField(default="", help_text="why it was done or refused")
    outcome = models.TextField(default="{}", help_text="JSON: what was done, in numbers")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["access", "export", "correct", "erase", "object"]),
                name="request_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", closed_at=None)
                | models.Q(state="done", closed_at__isnull=False)
                | (models.Q(state="refused", closed_at__isnull=False) & ~models.Q(reason="")),
                name="request_state_sound",
            ),
            models.CheckConstraint(
                condition=~models.Q(user_id="") | ~models.Q(token="") | ~models.Q(about=""),
                name="request_of_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"], name="request_by_due"),
            models.Index(fields=["user_id"], name="request_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} {self.state}"
