"""Tables of importing: files that somebody brought by the console."""

from django.db import models


class Upload(models.Model):
    """One file, from being brought to being in the log. The file lies in the data folder until the
    import ended, its report of bad rows for a week longer; both may hold personal data."""

    class State(models.TextChoices):
        """`checking` and `importing` wait for a worker or are at work."""

        MAPPING = "mapping"
        CHECKING = "checking"
        CHECKED = "checked"
        IMPORTING = "importing"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    name = models.TextField(help_text="as the file was called")
    size = models.BigIntegerField()
    state = models.TextField(choices=State.choices, default=State.MAPPING)
    mapping = models.TextField(default="{}", help_text="JSON: what the columns say, see `orders`")
    brought_by = models.TextField()
    brought_at = models.DateTimeField()
    changed_at = models.DateTimeField(db_index=True)
    claim = models.TextField(default="", help_text="of the worker that is at it")
    claimed_until = models.DateTimeField(null=True, help_text="then another may take it over")
    read_bytes = models.BigIntegerField(default=0)
    result = models.TextField(default="{}", help_text="JSON: counts, notes, samples of the log")
    problem = models.TextField(default="", help_text="why it failed: a sentence")

    class Meta:
        indexes = [models.Index(fields=["state", "id"], name="upload_by_state")]

    def __str__(self) -> str:
        return f"{self.pk} {self.name} {self.state}"
