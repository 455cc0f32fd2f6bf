"""Tables of feedback: disputes, and what was said in them."""

from django.db import models


class Dispute(models.Model):
    """A customer's word that a decision, or a referral that did not count, is wrong.

    open → accepted → solved → (once) appealed → accepted → solved. A dispute may be solved without
    having been accepted, and withdrawn by the customer until it is solved.
    """

    class State(models.TextChoices):
        """`open` and `appealed` wait for somebody to take them up."""

        OPEN = "open"
        ACCEPTED = "accepted"
        SOLVED = "solved"
        APPEALED = "appealed"

    class Outcome(models.TextChoices):
        """Of a solved one: what was decided stands, was put right, or is no longer disputed."""

        UPHELD = "upheld"
        CORRECTED = "corrected"
        WITHDRAWN = "withdrawn"

    user_id = models.TextField()
    about = models.TextField(help_text="a decision's id, or PROGRAM/FRIEND of a referral")
    program = models.TextField()
    evidence = models.TextField(help_text="JSON: why it was so, as it was known when this began")
    state = models.TextField(choices=State.choices, default=State.OPEN)
    outcome = models.TextField(choices=Outcome.choices, default="")
    raised_at = models.DateTimeField()
    clock_from = models.DateTimeField(help_text="when it was raised, or appealed: terms run anew")
    accepted_at = models.DateTimeField(null=True)
    solved_at = models.DateTimeField(null=True)
    is_appealed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user_id", "about"],
                condition=~models.Q(state="solved"),
                name="dispute_open_once",
            ),
            models.CheckConstraint(
                condition=(
                    models.Q(state__in=["open", "appealed"], accepted_at=None, solved_at=None)
                    | models.Q(state="accepted", accepted_at__isnull=False, solved_at=None)
                    | models.Q(state="solved", solved_at__isnull=False)
                ),
                name="dispute_state_sound",
            ),
            models.CheckConstraint(
                condition=models.Q(state="solved", outcome__in=["upheld", "corrected", "withdrawn"])
                | (~models.Q(state="solved") & models.Q(outcome="")),
                name="dispute_outcome_of_solved",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="appealed") | models.Q(is_appealed=True),
                name="dispute_appeal_marked",
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "id"], name="dispute_of_user"),
            models.Index(fields=["state", "clock_from"], name="dispute_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.about} {self.state}"


class Word(models.Model):
    """Something said in a dispute. Sealed: it may hold personal data, of others too."""

    class Kind(models.TextChoices):
        """`raised` and `appealed` are the customer's, `answered` is ours."""

        RAISED = "raised"
        ANSWERED = "answered"
        APPEALED = "appealed"

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="words")
    kind = models.TextField(choices=Kind.choices)
    at = models.DateTimeField()
    actor = models.TextField()
    sealed = models.BinaryField(null=True, help_text="empty once the customer was erased")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["raised", "answered", "appealed"]),
                name="word_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.kind}"
