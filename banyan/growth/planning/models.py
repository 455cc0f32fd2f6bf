"""Tables of planning: what others offer, what customers say they would like, and are asked."""

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
    response = models.TextField(default="", help_text="version:NUMBER or draft:ID that answers it")
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


class Poll(models.Model):
    """A question that customers answer on their own pages: which reward they would like."""

    program = models.TextField()
    reward = models.TextField(default="", help_text="the rule it is asked for; empty: the program")
    questions = models.JSONField(help_text="by language")
    choices = models.JSONField(help_text="by language, a list; all have the same length")
    opened_at = models.DateTimeField()
    opened_by = models.TextField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.TextField(default="")

    class Meta:
        indexes = [models.Index(fields=["program", "opened_at"], name="poll_of_program")]

    def __str__(self) -> str:
        return f"{self.program} {self.pk}"


class Vote(models.Model):
    """What somebody answered last. Who it was cannot be read from it, so erasure leaves it."""

    poll = models.ForeignKey(Poll, on_delete=models.CASCADE, related_name="votes")
    voter = models.TextField(help_text="a keyed hash of the user id, another in every poll")
    choice = models.SmallIntegerField(help_text="its place in the list, from 0")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["poll", "voter"], name="vote_once"),
            models.CheckConstraint(condition=Q(choice__gte=0), name="vote_of_a_choice"),
        ]

    def __str__(self) -> str:
        return f"poll {self.poll_id}: {self.choice}"


class Preparation(models.Model):
    """Something that a department does before a program begins."""

    program = models.TextField()
    department = models.TextField(help_text="a key of preparations.py, or a name")
    text = models.TextField(default="", help_text="as somebody wrote it; empty: as shipped")
    shipped = models.TextField(default="", help_text="the key of what we bring; empty: their own")
    owner = models.TextField(default="", help_text="who does it, such as user:3")
    due_on = models.DateField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.TextField(default="")
    created_at = models.DateTimeField()
    created_by = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "shipped"], condition=~Q(shipped=""), name="preparation_once"
            ),
            models.CheckConstraint(
                condition=~Q(text="") | ~Q(shipped=""), name="preparation_says_what"
            ),
            models.CheckConstraint(
                condition=Q(done_at=None, done_by="") | (Q(done_at__isnull=False) & ~Q(done_by="")),
                name="preparation_done_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "id"], name="preparation_of_program"),
            models.Index(fields=["due_on"], condition=Q(done_at=None), name="preparation_by_due"),
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.department} {self.shipped or self.pk}"
