"""Tables of exposure. No row is of a person, and none can be traced to one once its day is over.

A day is one of the operator's time zone.
"""

from django.db import models


class Seen(models.Model):
    """How often a page of a program was seen on a day, and by about how many."""

    day = models.DateField()
    program = models.TextField()
    page = models.TextField(help_text="program, landing, or all: either of them")
    views = models.BigIntegerField(default=0)
    visitors = models.BigIntegerField(default=0)
    sketch = models.BinaryField(null=True, help_text="what visitors follows from; gone after a day")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "day", "page"], name="exposure_seen_once"),
            models.CheckConstraint(
                condition=models.Q(page__in=["program", "landing", "all"]),
                name="exposure_seen_page",
            ),
            models.CheckConstraint(
                condition=models.Q(visitors__gte=0, visitors__lte=models.F("views")),
                name="exposure_seen_counts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.program} {self.page} {self.views}"


class Salt(models.Model):
    """What visitors of a day are hashed with, beside the secret key; destroyed when it is over."""

    day = models.DateField(primary_key=True)
    salt = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.day}"
