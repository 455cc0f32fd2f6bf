"""Tables of sources: who may tell of orders, and how far each order has been told."""

from django.db import models


class Source(models.Model):
    """A shop or payment provider whose signed messages become events."""

    id = models.TextField(primary_key=True, help_text="stands in the address it posts to")
    kind = models.TextField(help_text="stripe, shopify or woocommerce")
    name = models.TextField(default="")
    secret_sealed = models.BinaryField(help_text="what its messages are signed with, encrypted")
    currency = models.TextField(default="", help_text="where a message names none")
    options = models.TextField(default="{}", help_text="JSON, see `banyan.trust.sources.options`")
    created_at = models.DateTimeField()
    created_by = models.TextField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["stripe", "shopify", "woocommerce"]),
                name="source_kind_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name or self.id}"


class Purchase(models.Model):
    """An order as told so far, so that each further message adds only what is new.

    Messages come late, twice and in any order: what was taken back may be told before the order.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    order_id = models.TextField()
    user_id = models.TextField(default="")
    currency = models.TextField(default="")
    total_minor = models.BigIntegerField(null=True, help_text="empty: not told to be paid yet")
    taken_back = models.TextField(default="{}", help_text="JSON, see `orders.TakenBack`")
    refunded_minor = models.BigIntegerField(default=0, help_text="appended as refunds so far")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "order_id"], name="purchase_once"),
            models.CheckConstraint(
                condition=models.Q(refunded_minor__gte=0), name="purchase_refunds_not_below_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.order_id}"


class PurchaseName(models.Model):
    """Another id under which a source speaks of an order: its charge, its invoice."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    name = models.TextField()
    purchase = models.ForeignKey(Purchase, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "name"], name="purchase_name_once"),
        ]

    def __str__(self) -> str:
        return self.name
