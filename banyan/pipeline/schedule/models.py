"""Tables of the schedule."""

from django.db import models


class Job(models.Model):
    """One kind of work: when it is due next, who does it now, how it ended last."""

    name = models.TextField(primary_key=True)
    due_at = models.DateTimeField()
    claim = models.TextField(default="", help_text="of the process that is at it")
    claimed_until = models.DateTimeField(null=True, help_text="then somebody else may start it")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="when it last ended, well or not")
    succeeded_at = models.DateTimeField(null=True)
    result = models.TextField(default="", help_text="a sentence")

    def __str__(self) -> str:
        return self.name
