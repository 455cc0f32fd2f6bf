"""Tables of a program's life: who reviewed which text, who stopped it, what law said later."""

from django.db import models


class Policy(models.Model):
    """What holds for a program beside its rules."""

    program = models.TextField(primary_key=True)
    notice_days = models.SmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(notice_days__gte=0) & models.Q(notice_days__lte=365),
                name="policy_notice_days_0_to_365",
            )
        ]

    def __str__(self) -> str:
        return self.program


class Review(models.Model):
    """One text of a version laid before legal and finance; bound to that text by its hash."""

    class Status(models.TextChoices):
        """`void`: the text was changed and laid before them anew."""

        OPEN = "open"
        RETURNED = "returned"
        WITHDRAWN = "withdrawn"
        VOID = "void"
        PUBLISHED = "published"

    program = models.TextField()
    number = models.IntegerField()
    sha256 = models.TextField()
    status = models.TextField(choices=Status.choices, default=Status.OPEN)
    note = models.TextField(default="", help_text="the author's words to the reviewers")
    asked_by = models.TextField()
    authors = models.TextField(help_text="who wrote the text, apart by spaces; they may not judge")
    asked_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    cuts = models.TextField(default="", help_text="what was less, one a line, when published")
    notice = models.TextField(default="", help_text="what customers are told of it")
    told_at = models.DateTimeField(null=True, help_text="when all of them were told")

    class Meta:
        indexes = [models.Index(fields=["program", "number"], name="review_of_version")]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "number"],
                condition=models.Q(status="open"),
                name="review_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.program} v{self.number}"


class Verdict(models.Model):
    """What one side said to a review, once."""

    class Side(models.TextChoices):
        """Who must agree."""

        LEGAL = "legal"
        FINANCE = "finance"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="verdicts")
    side = models.TextField(choices=Side.choices)
    is_approved = models.BooleanField()
    remarks = models.TextField(default="")
    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "side"], name="verdict_once_a_side"),
            # Two persons: nobody speaks for both sides.
            models.UniqueConstraint(fields=["review", "by"], name="verdict_once_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.review_id} {self.side}"


class Check(models.Model):
    """One look of legal at a live program."""

    program = models.TextField()
    version = models.IntegerField()
    is_approved = models.BooleanField()
    remarks = models.TextField(default="")
    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["program", "at"], name="check_of_program")]

    def __str__(self) -> str:
        return f"{self.program} {self.at:%F}"


class Stop(models.Model):
    """One immediate stop, until somebody asked for and somebody else approved going on."""

    program = models.TextField()
    reason = models.TextField()
    notice = models.TextField(help_text="what customers are told")
    told_at = models.DateTimeField(null=True, help_text="when all of them were told")
    by = models.TextField()
    at = models.DateTimeField()
    version = models.IntegerField(help_text="the version that holds new rewards")
    asked_by = models.TextField(default="")
    asked_at = models.DateTimeField(null=True)
    asked_why = models.TextField(default="")
    ended_by = models.TextField(default="")
    ended_at = models.DateTimeField(null=True)
    ended_version = models.IntegerField(null=True)
    end_told_at = models.DateTimeField(null=True, help_text="when they were told that it goes on")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program"], condition=models.Q(ended_at=None), name="stop_open_once"
            )
        ]

    def __str__(self) -> str:
        return self.program


class Pilot(models.Model):
    """A version for chosen customers alone."""

    program = models.TextField()
    number = models.IntegerField()
    tag = models.TextField()
    where_before = models.TextField(help_text="the condition on advocates without the limit")
    targets = models.TextField(default="")
    by = models.TextField()
    at = models.DateTimeField()
    promoted_number = models.IntegerField(null=True)
    promoted_by = models.TextField(default="")
    promoted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="pilot_once_a_version")
        ]

    def __str__(self) -> str:
        return f"{self.program} v{self.number}"


class Suggestion(models.Model):
    """What somebody in a pilot would have otherwise."""

    pilot = models.ForeignKey(Pilot, on_delete=models.CASCADE, related_name="suggestions")
    text = models.TextField()
    by = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.pilot_id} {self.at:%F}"


class Budget(models.Model):
    """What share of what referred friends bring a program's rewards may take, and what happens
    where they do; beside it how that stood when it was looked at last.

    Money is minor units of the program's currency.
    """

    class Action(models.TextChoices):
        """`stop` pauses the program, as a person would."""

        WARN = "warn"
        STOP = "stop"

    class State(models.TextChoices):
        """`stopped`: paused by this budget, and not opened by a person since."""

        UNDER = "under"
        OVER = "over"
        STOPPED = "stopped"

    program = models.TextField(primary_key=True)
    share_bp = models.IntegerField(help_text="of the revenue, in hundredths of a percent")
    days = models.SmallIntegerField(help_text="looked back, today with it")
    smallest = models.BigIntegerField(help_text="revenue from which the share is judged")
    action = models.TextField(choices=Action.choices)
    grace_days = models.SmallIntegerField(help_text="after a person let it go on")
    set_at = models.DateTimeField()
    set_by = models.TextField()
    state = models.TextField(choices=State.choices, default=State.UNDER)
    spared_until = models.DateTimeField(null=True, help_text="a person let it go on")
    cost = models.BigIntegerField(null=True)
    revenue = models.BigIntegerField(null=True, help_text="less refunds")
    looked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(share_bp__gte=1, share_bp__lte=10_000),
                name="budget_share_up_to_100_percent",
            ),
            models.CheckConstraint(
                condition=models.Q(days__gte=1, days__lte=366), name="budget_days_1_to_366"
            ),
            models.CheckConstraint(
                condition=models.Q(grace_days__gte=1, grace_days__lte=90),
                name="budget_grace_1_to_90",
            ),
            models.CheckConstraint(
                condition=models.Q(smallest__gte=0), name="budget_smallest_not_below_0"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.share_bp} {self.action}"
