"""Tables of the ledger. A transfer is one row with its two accounts, so it cannot but balance."""

from django.db import models


class Transfer(models.Model):
    """One movement of a unit from an account to another; a row never changes."""

    transfer_id = models.TextField(primary_key=True)
    decision_id = models.TextField(null=True, help_text="none: a top-up, a spend or its return")
    reference = models.TextField(
        default="", db_default="", help_text="the caller's name for a top-up, a spend or its return"
    )
    position = models.BigIntegerField()
    place = models.IntegerField(help_text="its order inside the position")
    occurred_at = models.DateTimeField()
    unit = models.TextField()
    amount = models.BigIntegerField()
    source = models.TextField()
    target = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="transfer_above_zero"),
            models.CheckConstraint(
                condition=~models.Q(source=models.F("target")), name="transfer_between_two"
            ),
            models.UniqueConstraint(fields=["position", "place"], name="transfer_order"),
        ]
        indexes = [
            models.Index(fields=["source", "unit", "position"], name="transfer_from"),
            models.Index(fields=["target", "unit", "position"], name="transfer_to"),
            models.Index(fields=["decision_id"], name="transfer_of_decision"),
            models.Index(
                fields=["reference"],
                condition=~models.Q(reference=""),
                name="transfer_by_reference",
            ),
        ]

    def __str__(self) -> str:
        return self.transfer_id


class Balance(models.Model):
    """What an account holds of a unit: the sum of its transfers, kept with them."""

    pk = models.CompositePrimaryKey("account", "unit")
    account = models.TextField()
    unit = models.TextField()
    amount = models.BigIntegerField()
    position = models.BigIntegerField(help_text="of the last transfer counted")

    def __str__(self) -> str:
        return f"{self.account} {self.amount} {self.unit}"
