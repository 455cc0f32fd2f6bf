"""Tables of the audit log."""

from django.db import models


class Entry(models.Model):
    """Who did what to what. A row never changes, and its hash covers the row before it."""

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.TextField(help_text="such as `key:7`, `user:3` or `system`")
    verb = models.TextField(help_text="such as `customer.exported`")
    about = models.TextField(help_text="such as `customer:u-1`")
    before = models.TextField(null=True, help_text="canonical JSON")
    after = models.TextField(null=True, help_text="canonical JSON")
    reason = models.TextField(default="")
    hash = models.TextField(help_text="SHA-256 over the hash before and this row, in hex")

    class Meta:
        indexes = [
            models.Index(fields=["about", "number"], name="entry_about"),
            models.Index(fields=["actor", "number"], name="entry_of_actor"),
            models.Index(fields=["verb", "number"], name="entry_of_verb"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.actor} {self.verb} {self.about}"


class Chain(models.Model):
    """One row: the last entry's number and hash. Locking it puts entries in order."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=0)
    hash = models.TextField(help_text="of no entry yet: 64 zeros")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="chain_is_one_row"),
        ]

    def __str__(self) -> str:
        return f"chain {self.number}"
