"""Tables of people. What is personal is encrypted; what it is found by is a keyed hash.

Ids may be long, and PostgreSQL's indexes take one long text but not two: where a row is one of two
ids, each has an index of its own, and `save`, of which only one runs at a time, sees to it that no
pair is written twice.
"""

from django.db import models


class Customer(models.Model):
    """One user id, from the first event that names it on. Erasure leaves it."""

    user_id = models.TextField(primary_key=True)
    first_position = models.BigIntegerField()
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(
        help_text="the greatest `occurred_at` of its events, to the hour"
    )
    merged_into = models.TextField(null=True, help_text="the user id that speaks for it since")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(merged_into=models.F("user_id")), name="customer_merged_away"
            ),
        ]
        indexes = [
            models.Index(
                fields=["merged_into"],
                condition=models.Q(merged_into__isnull=False),
                name="customer_merged_into",
            ),
        ]

    def __str__(self) -> str:
        return self.user_id


class Profile(models.Model):
    """What a customer's `identify` events said, the last of each trait; erasure deletes it."""

    customer = models.TextField(primary_key=True)
    sealed = models.BinaryField(help_text="the traits as JSON, encrypted")
    locale = models.TextField(help_text="such as `zh-CN`; empty: unknown")
    position = models.BigIntegerField(help_text="of the last event taken in")

    def __str__(self) -> str:
        return f"profile of {self.customer}"


class Contact(models.Model):
    """A contact a customer gave: encrypted, and its stand-in to find it by; erasure deletes it."""

    customer = models.TextField(db_index=True)
    kind = models.TextField(choices=[("email", "email"), ("phone", "phone")])
    token = models.TextField(db_index=True, help_text="its stand-in in the log")
    sealed = models.BinaryField()
    first_position = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["email", "phone"]), name="contact_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.customer}"


class Identity(models.Model):
    """A visitor's id and a customer seen together, and since when. Both are ids, not data."""

    anonymous_id = models.TextField(db_index=True)
    customer = models.TextField(db_index=True)
    first_position = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.anonymous_id} is {self.customer}"


class Invitation(models.Model):
    """A contact that somebody else gave: where in the log it stands encrypted, so that its owner
    can have it erased there, and that it is not kept for ever."""

    token = models.TextField(help_text="the contact's stand-in in the log")
    position = models.BigIntegerField()
    given_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "position"], name="invitation_once"),
        ]

    def __str__(self) -> str:
        return f"invitation {self.position}"


class Consent(models.Model):
    """One yes or no, as an event of the log said it; a row never changes.

    Of the rows for a purpose the last one counts. A no without a purpose is a no to everything.
    """

    position = models.BigIntegerField(primary_key=True)
    customer = models.TextField()
    purpose = models.TextField()
    is_given = models.BooleanField()
    text_version = models.TextField(help_text="of the text that was agreed to")
    channel = models.TextField(help_text="where it was said")
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_given=False) | ~models.Q(purpose=""),
                name="consent_is_to_something",
            ),
        ]
        indexes = [models.Index(fields=["customer", "position"], name="consent_of_customer")]

    def __str__(self) -> str:
        return f"{self.customer} {'+' if self.is_given else '-'}{self.purpose}"


class Erasure(models.Model):
    """A person's data was erased by this event of the log. Only with a row here does such an event
    erase anything, so that nobody erases by sending one."""

    position = models.BigIntegerField(primary_key=True)
    customer = models.TextField()
    erased_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer", "position"], name="erasure_of_customer")]

    def __str__(self) -> str:
        return f"{self.customer} erased at {self.position}"


class ErasedContact(models.Model):
    """A contact whose owner had it erased, by its stand-in, wherever it stands up to a position:
    invitations that the worker had not reached by then are emptied when it does."""

    token = models.TextField(primary_key=True)
    position = models.BigIntegerField()

    def __str__(self) -> str:
        return f"contact erased at {self.position}"
