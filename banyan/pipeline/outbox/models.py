"""Tables of webhooks out: who wants to be told, and what was or will be sent to them."""

from django.db import models


class Subscription(models.Model):
    """One address that wants messages of some topics, and how far down the outbox it is."""

    class Status(models.TextChoices):
        """`paused` by a person, `disabled` by us after long failure; both keep their place."""

        ACTIVE = "active"
        PAUSED = "paused"
        DISABLED = "disabled"

    id = models.TextField(primary_key=True)
    url = models.TextField()
    topics = models.TextField(help_text="JSON list: `decision.granted`, `decision.*`, `*`")
    description = models.TextField(default="")
    status = models.TextField(choices=Status.choices, default=Status.ACTIVE)
    concurrency = models.SmallIntegerField(default=2, help_text="attempts at the same time")
    secret_sealed = models.BinaryField()
    old_secret_sealed = models.BinaryField(
        null=True, help_text="signs too until `old_secret_until`"
    )
    old_secret_until = models.DateTimeField(null=True)
    message = models.BigIntegerField(help_text="the last message given out as a delivery")
    failing_since = models.DateTimeField(null=True, help_text="empty after each success")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(concurrency__gte=1) & models.Q(concurrency__lte=4),
                name="subscription_concurrency_1_to_4",
            )
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.url}"


class Delivery(models.Model):
    """One message for one subscription: attempted until it is delivered or given up."""

    class Status(models.TextChoices):
        """`dead`: given up; a person may replay it."""

        WAITING = "waiting"
        DELIVERED = "delivered"
        DEAD = "dead"

    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="deliveries"
    )
    message = models.ForeignKey("pipeline.Message", on_delete=models.CASCADE, related_name="+")
    status = models.TextField(choices=Status.choices, default=Status.WAITING)
    attempts = models.IntegerField(default=0, help_text="since it was made or last replayed")
    since = models.DateTimeField(help_text="when it was made or last replayed; retries count on")
    next_at = models.DateTimeField(help_text="not attempted before")
    claim = models.TextField(default="", help_text="of the attempt that is under way")
    claimed_until = models.DateTimeField(null=True, help_text="then somebody else may attempt it")
    attempted_at = models.DateTimeField(null=True)
    answer_status = models.IntegerField(null=True, help_text="of HTTP; empty: no answer")
    answer = models.TextField(default="", help_text="how the last attempt ended, in short")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "message"], name="delivery_once_a_message"
            )
        ]
        indexes = [
            models.Index(
                fields=["subscription", "next_at"],
                condition=models.Q(status="waiting"),
                name="delivery_waiting",
            ),
            models.Index(
                fields=["subscription", "claimed_until"],
                condition=models.Q(claimed_until__isnull=False),
                name="delivery_claimed",
            ),
            models.Index(fields=["id"], condition=models.Q(status="dead"), name="delivery_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.message_id} {self.status}"
