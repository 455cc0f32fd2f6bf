"""Tables of segments: their rules and members, what of the log they are made from, the circle."""

from django.db import models


class Segment(models.Model):
    """Customers for whom some conditions hold, as of when they were last looked at."""

    slug = models.TextField(unique=True)
    name = models.TextField()
    rules = models.TextField(help_text="JSON; see `rules`")
    made_by = models.TextField()
    made_at = models.DateTimeField()
    changed_by = models.TextField()
    changed_at = models.DateTimeField()
    refreshed_at = models.DateTimeField(null=True)
    position = models.BigIntegerField(
        default=0, help_text="up to where the log was looked at for its members"
    )
    count = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.slug


class Member(models.Model):
    """A customer in a segment."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="+")
    customer = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["segment", "customer"], name="segment_member_once"),
        ]
        indexes = [models.Index(fields=["customer"], name="segments_of_customer")]

    def __str__(self) -> str:
        return f"{self.customer} in {self.segment_id}"


class Purchase(models.Model):
    """One order of the log, and what of it came back."""

    position = models.BigIntegerField(primary_key=True)
    customer = models.TextField()
    order_id = models.TextField(default="")
    currency = models.TextField(help_text="as written; empty: none was named")
    amount = models.BigIntegerField(help_text="minor units of the currency, two digits without one")
    refunded = models.BigIntegerField(default=0, help_text="at most the amount")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(refunded__gte=0)
                & (models.Q(refunded=0) | models.Q(refunded__lte=models.F("amount"))),
                name="purchase_refunded_at_most_all",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "position"], name="purchase_of_customer"),
            models.Index(
                fields=["order_id"], condition=~models.Q(order_id=""), name="purchase_by_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer} {self.amount} {self.currency}"


class Spending(models.Model):
    """What a customer's orders add up to in a currency: the sum of the purchases, kept with
    them."""

    customer = models.TextField()
    currency = models.TextField()
    orders = models.BigIntegerField()
    amount = models.BigIntegerField()
    refunded = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "currency"], name="spending_once"),
        ]

    def __str__(self) -> str:
        return f"{self.customer} {self.orders} {self.currency}"


class Portrait(models.Model):
    """What a customer's events said of them last that is not personal: tier and tags."""

    customer = models.TextField(primary_key=True)
    tier = models.TextField(default="")
    tags = models.TextField(default="", help_text="`,vip,new,`; empty: none")

    def __str__(self) -> str:
        return f"portrait of {self.customer}"


class ChainIncome(models.Model):
    """What the members of a chain spent, less what came back: the sum of their spending in the
    program's currency, kept with it."""

    program = models.TextField()
    top = models.TextField(help_text="who is at the head of the chain")
    revenue = models.BigIntegerField(help_text="minor units")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["top", "program"], name="chain_income_once"),
        ]
        indexes = [
            models.Index(fields=["program", "revenue", "top"], name="chain_income_greatest"),
        ]

    def __str__(self) -> str:
        return f"{self.program}: {self.top} {self.revenue}"


class LevelIncome(models.Model):
    """The same of all members on one level of a program's chains."""

    program = models.TextField()
    level = models.IntegerField()
    revenue = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "level"], name="level_income_once"),
        ]

    def __str__(self) -> str:
        return f"{self.program}: {self.level} {self.revenue}"


class Mark(models.Model):
    """One row: up to where the log was taken in here, and whose spending chains count."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)
    joined = models.BigIntegerField(
        default=0, help_text="friends who joined up to here count for their chains"
    )
    currencies = models.TextField(
        default="{}", help_text="JSON: of each program that in which its chains count"
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="mark_is_one_row")]

    def __str__(self) -> str:
        return f"mark {self.position}"


class Chosen(models.Model):
    """Somebody in the core circle: who chose them and why, how near they are to us and how well
    they fit; and when and why they left. A row is closed, never removed."""

    customer = models.TextField()
    relation = models.SmallIntegerField(help_text="1 (we hardly know each other) to 5 (close)")
    fit = models.SmallIntegerField(help_text="1 (little) to 5 (speaks as we would)")
    sealed = models.BinaryField(null=True, help_text="the note, encrypted; erasure empties it")
    chosen_at = models.DateTimeField()
    chosen_by = models.TextField()
    left_at = models.DateTimeField(null=True)
    left_by = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=models.Q(left_at=None), name="chosen_once"
            ),
            models.CheckConstraint(
                condition=models.Q(relation__gte=1, relation__lte=5, fit__gte=1, fit__lte=5),
                name="chosen_marks_1_to_5",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer} in the circle"
