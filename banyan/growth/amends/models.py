"""Tables of amends: what somebody wants to put right, with evidence, and who else agreed."""

from django.db import models

from banyan.growth.amends.kinds import KINDS


class Amend(models.Model):
    """Something put right by hand.

    waiting → approved → done or failed; or waiting → refused. Within the limits of who asks it is
    approved at once. What it changes are events in the log, which stand in the transaction that
    approves it; what the engine made of them ends it.
    """

    class State(models.TextChoices):
        """See the class."""

        WAITING = "waiting"
        APPROVED = "approved"
        DONE = "done"
        FAILED = "failed"
        REFUSED = "refused"

    kind = models.TextField()
    program = models.TextField(default="")
    customer = models.TextField(help_text="who gets something, or the advocate it is right for")
    other = models.TextField(default="", help_text="the friend of a referral")
    wrong = models.TextField(default="", help_text="the advocate who was credited wrongly")
    unit = models.TextField(default="")
    amount = models.BigIntegerField(default=0, help_text="minor units or counts")
    about = models.TextField(default="", help_text="what it answers, such as dispute:7")
    sealed = models.BinaryField(null=True, help_text="reason and evidence as JSON, encrypted")
    state = models.TextField(choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField()
    asked_by = models.TextField()
    is_within_limits = models.BooleanField(help_text="one person was enough")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.TextField(default="")
    first_position = models.BigIntegerField(null=True, help_text="of its first event in the log")
    last_position = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.TextField(default="", help_text="of a failure: why")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=list(KINDS)), name="amend_kind_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["approved", "done", "failed"])
                | models.Q(is_within_limits=True)
                | (~models.Q(decided_by="") & ~models.Q(decided_by=models.F("asked_by"))),
                name="amend_four_eyes",
            ),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="amend_amount"),
        ]
        indexes = [
            models.Index(fields=["state", "id"], name="amend_by_state"),
            models.Index(fields=["customer", "id"], name="amend_of_customer"),
            models.Index(fields=["asked_by", "asked_at"], name="amend_of_asker"),
            models.Index(fields=["about"], condition=~models.Q(about=""), name="amend_about"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind} {self.state}"


class Limit(models.Model):
    """How much of a unit one member of a role may give one person in a month alone."""

    pk = models.CompositePrimaryKey("role", "unit")
    role = models.TextField()
    unit = models.TextField()
    amount = models.BigIntegerField(help_text="minor units or counts")
    changed_at = models.DateTimeField()
    changed_by = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="amend_limit_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.amount} {self.unit}"
