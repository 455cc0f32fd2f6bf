"""Tables of planning: what others offer, and what customers say they would like."""

from django.db import models
from django.db.models import Q


class Rival(models.Model):
    """An offer of a competitor, as it was seen on a day. What is seen later is a row of its own."""

    company = models.TextField()
    program = models.TextField(help_text="ours that it competes with")
    amount_minor = models.BigIntegerField(null=True, help_text="in our program's currency")
    percent = models.DecimalField(null=True, max_digits=6, decimal_places=2)
    seen_on = models.DateField()
    source = models.TextField(default="", help_text="where it was seen")
    answer = models.TextField(default="", help_text="what we did about it; empty: nothing yet")
    answered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0, percent=None)
                | Q(amount_minor=None, percent__gte=0),
                name="rival_money_or_percent",
            ),
        ]
        indexes = [models.Index(fields=["program", "seen_on"], name="rival_of_program")]

    def __str__(self) -> str:
        return f"{self.company} {self.seen_on}"


class Wish(models.Model):
    """What customers answered when they were asked which reward they would like."""

    program = models.TextField()
    reward = models.TextField(default="", help_text="the rule it was asked for; empty: the program")
    question = models.TextField()
    answers = models.JSONField(help_text="pairs of an answer and how many gave it")
    asked_on = models.DateField()
    created_at = models.DateTimeField()
    created_by = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["program", "asked_on"], name="wish_of_program")]

    def __str__(self) -> str:
        return f"{self.program} {self.asked_on}"
