"""Tables of payouts. Accounts of people are sealed; what is shown of them is masked."""

from django.db import models

from banyan.growth.payouts.methods import METHODS


class Payee(models.Model):
    """Where somebody wants their cash. Paid to only once somebody has verified it."""

    class State(models.TextChoices):
        """`failed`: a payout to it did not arrive, so it is to be looked at again."""

        NEW = "new"
        VERIFIED = "verified"
        FAILED = "failed"

    customer = models.TextField(primary_key=True, help_text="the user id that speaks for them")
    method = models.TextField()
    sealed = models.BinaryField(help_text="holder, account and so on as JSON, encrypted")
    shown = models.TextField(help_text="masked")
    state = models.TextField(choices=State.choices, default=State.NEW)
    why = models.TextField(default="", help_text="of a failure")
    agreed_at = models.DateTimeField(help_text="when they agreed to be paid so")
    changed_at = models.DateTimeField()
    changed_by = models.TextField(help_text="customer, or who of the staff: user:3")
    verified_at = models.DateTimeField(null=True)
    verified_by = models.TextField(default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(method__in=list(METHODS)), name="payee_method_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="verified")
                | (
                    models.Q(verified_at__isnull=False)
                    & ~models.Q(verified_by="")
                    & ~models.Q(verified_by=models.F("changed_by"))
                ),
                name="payee_verified_by_another",
            ),
        ]
        indexes = [models.Index(fields=["state", "changed_at"], name="payee_by_state")]

    def __str__(self) -> str:
        return f"{self.customer} {self.method} {self.state}"


class Batch(models.Model):
    """Payouts of one unit by one method that are prepared, approved and handed over together."""

    class State(models.TextChoices):
        """prepared → approved → done, or prepared → cancelled."""

        PREPARED = "prepared"
        APPROVED = "approved"
        DONE = "done"
        CANCELLED = "cancelled"

    unit = models.TextField(help_text="such as cash CNY")
    method = models.TextField()
    state = models.TextField(choices=State.choices, default=State.PREPARED)
    prepared_at = models.DateTimeField()
    prepared_by = models.TextField()
    approved_at = models.DateTimeField(null=True)
    approved_by = models.TextField(default="")
    position = models.BigIntegerField(null=True, help_text="of its last spend in the log")
    handed_at = models.DateTimeField(null=True, help_text="when its file was taken out first")
    handed_by = models.TextField(default="")
    ended_at = models.DateTimeField(null=True)
    reason = models.TextField(default="", help_text="of a cancellation")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["prepared", "cancelled"], approved_at=None)
                | (
                    models.Q(
                        state__in=["approved", "done"],
                        approved_at__isnull=False,
                        position__isnull=False,
                    )
                    & ~models.Q(approved_by="")
                    & ~models.Q(approved_by=models.F("prepared_by"))
                ),
                name="payout_batch_four_eyes",
            ),
            models.CheckConstraint(
                condition=models.Q(method__in=list(METHODS)), name="payout_batch_method"
            ),
        ]
        indexes = [models.Index(fields=["state", "id"], name="payout_batch_by_state")]

    def __str__(self) -> str:
        return f"{self.pk} {self.unit} {self.method} {self.state}"


class Line(models.Model):
    """One person's payout.

    planned → spent → sent → paid, or refused (the wallet held less by then), or failed → returned.
    `spent` and `returned` are noted when the ledger says so, never before.
    """

    class State(models.TextChoices):
        """See the class."""

        PLANNED = "planned"
        REFUSED = "refused"
        SPENT = "spent"
        SENT = "sent"
        PAID = "paid"
        FAILED = "failed"
        RETURNED = "returned"
        DROPPED = "dropped"

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="lines")
    number = models.IntegerField()
    user_id = models.TextField(help_text="whose wallet")
    customer = models.TextField(help_text="whose account: the user id that speaks for them")
    unit = models.TextField()
    amount = models.BigIntegerField(help_text="minor units")
    state = models.TextField(choices=State.choices, default=State.PLANNED)
    sealed = models.BinaryField(null=True, help_text="the account as it was, encrypted")
    shown = models.TextField()
    spend_position = models.BigIntegerField(null=True, help_text="of its `Wallet Spent`")
    return_position = models.BigIntegerField(null=True, help_text="of its `Wallet Returned`")
    attempts = models.IntegerField(default=0, help_text="of sending by a provider")
    attempted_at = models.DateTimeField(null=True)
    provider_id = models.TextField(default="")
    reason = models.TextField(default="", help_text="why it was refused or failed")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="payout_line_number"),
            models.UniqueConstraint(
                fields=["user_id", "unit"],
                condition=models.Q(state__in=["planned", "spent", "sent", "failed"]),
                name="payout_line_open_once",
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payout_above_zero"),
        ]
        indexes = [
            models.Index(fields=["batch", "state"], name="payout_line_by_state"),
            models.Index(fields=["customer", "id"], name="payout_line_of_customer"),
        ]

    def __str__(self) -> str:
        return f"payout/{self.batch_id}/{self.number} {self.state}"


class Result(models.Model):
    """What a bank or provider said of a payout. What does not fit ours is a difference."""

    reference = models.TextField(help_text="as we gave it, such as payout/3/7")
    status = models.TextField(choices=[("paid", "paid"), ("failed", "failed")])
    amount = models.BigIntegerField(null=True, help_text="minor units, where it was told")
    provider_id = models.TextField(default="")
    reason = models.TextField(default="")
    source = models.TextField(help_text="the file or provider that said it")
    at = models.DateTimeField()
    is_settled = models.BooleanField(default=False, help_text="somebody dealt with the difference")
    settled_by = models.TextField(default="")
    settled_why = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reference", "status"], name="payout_result_once"),
        ]
        indexes = [models.Index(fields=["at"], name="payout_result_by_time")]

    def __str__(self) -> str:
        return f"{self.reference} {self.status}"


class Rule(models.Model):
    """From how much on a unit is paid out, and when a batch is due."""

    unit = models.TextField(primary_key=True)
    least = models.BigIntegerField(help_text="minor units")
    every = models.TextField(
        choices=[("", "when somebody asks"), ("week", "week"), ("month", "month")], default=""
    )
    day = models.SmallIntegerField(default=1, help_text="of the week (1 Monday) or the month")
    changed_at = models.DateTimeField()
    changed_by = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(every="")
                | models.Q(every="week", day__range=(1, 7))
                | models.Q(every="month", day__range=(1, 28)),
                name="payout_rule_day",
            ),
            models.CheckConstraint(condition=models.Q(least__gt=0), name="payout_rule_least"),
        ]

    def __str__(self) -> str:
        return self.unit


class Payer(models.Model):
    """From which account of ours files pay, where the file must say so."""

    method = models.TextField(primary_key=True)
    account = models.TextField()
    name = models.TextField()

    def __str__(self) -> str:
        return self.method
