"""The table of comparisons: what was asked, how far it is, what came out."""

from django.db import models


class Comparison(models.Model):
    """One text beside another over a period of the log."""

    class Status(models.TextChoices):
        """`waiting` goes on to `running`; a worker that dies leaves it to the next."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    program = models.TextField()
    base_name = models.TextField(help_text="what people know it by")
    base_source = models.TextField(help_text="empty: as if nothing were given")
    name = models.TextField(help_text="what people know it by")
    source = models.TextField()
    from_at = models.DateTimeField(help_text="the first moment counted")
    until_at = models.DateTimeField(help_text="the first moment no longer counted")
    segments = models.JSONField(default=list, help_text="slugs; who moves is told of each apart")
    status = models.TextField(choices=Status.choices, default=Status.WAITING)
    done = models.BigIntegerField(default=0, help_text="events read, of both sides together")
    total = models.BigIntegerField(default=0)
    reason = models.TextField(default="", help_text="why it failed")
    result = models.TextField(default="", help_text="JSON, see report.py")
    asked_by = models.TextField()
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    claim = models.TextField(default="", help_text="of the process that is at it")
    claimed_until = models.DateTimeField(null=True, help_text="then somebody else may start it")

    class Meta:
        indexes = [
            models.Index(fields=["program", "id"], name="comparison_of_program"),
            models.Index(fields=["status", "id"], name="comparison_waiting"),
        ]
        constraints = [
            # However many processes look, one comparison runs.
            models.UniqueConstraint(
                fields=["status"],
                condition=models.Q(status="running"),
                name="comparison_running_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.program}: {self.name}"
