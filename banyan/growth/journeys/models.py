"""Tables of notices. Addresses and words are encrypted; contacts are found by their stand-ins."""

from django.db import models


class Template(models.Model):
    """One version of a text that replaces a shipped one; a version never changes.

    Of the versions of a kind, channel and language the last one counts.
    """

    kind = models.TextField()
    channel = models.TextField(help_text="site, email, sms or wechat")
    language = models.TextField(help_text="en or zh-hans")
    version = models.IntegerField()
    title = models.TextField(default="", help_text="of e-mails and in the inbox")
    text = models.TextField()
    provider_template = models.TextField(
        default="", help_text="its number at a provider that sends approved texts alone"
    )
    fields = models.TextField(
        default="{}", help_text="JSON object: the provider's fields and what stands in them"
    )
    created_at = models.DateTimeField()
    created_by = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "channel", "language", "version"], name="template_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel} {self.language} v{self.version}"


class Notice(models.Model):
    """One thing that one person is told: in the inbox, and by at most one other way at a time."""

    class Status(models.TextChoices):
        """Of the way outside. `none`: the inbox alone; `suppressed`: rather not, for `reason`."""

        NONE = "none"
        WAITING = "waiting"
        SENT = "sent"
        DELIVERED = "delivered"
        BOUNCED = "bounced"
        FAILED = "failed"
        SUPPRESSED = "suppressed"

    key = models.TextField(unique=True, help_text="the same thing is told once")
    kind = models.TextField()
    user_id = models.TextField(default="", help_text="empty: an address of no known customer")
    program = models.TextField(default="")
    language = models.TextField(default="", help_text="empty: the person's own")
    sealed = models.BinaryField(null=True, help_text="what it is made of, as JSON, encrypted")
    created_at = models.DateTimeField()
    is_listed = models.BooleanField(help_text="whether the inbox shows it")
    read_at = models.DateTimeField(null=True)

    status = models.TextField(choices=Status.choices)
    wanted = models.TextField(default="", help_text="the only channel; empty: whichever is best")
    channel = models.TextField(default="", help_text="that was chosen last")
    reason = models.TextField(default="", help_text="why not, or not yet: a code")
    refusals = models.TextField(default="{}", help_text="JSON object: why not by which channel")
    answer = models.TextField(default="", help_text="how the last attempt ended, in short")
    priority = models.SmallIntegerField(help_text="small goes first")
    is_capped = models.BooleanField(help_text="whether it counts for how often one is written to")
    address_sealed = models.BinaryField(null=True, help_text="given with it, until it was sent")
    token = models.TextField(default="", help_text="stand-in of the contact it went to")
    attempts = models.IntegerField(default=0)
    since = models.DateTimeField(help_text="when it was made or retried; retries count on")
    next_at = models.DateTimeField(help_text="not attempted before")
    claim = models.TextField(default="", help_text="of the attempt that is under way")
    claimed_until = models.DateTimeField(null=True, help_text="then somebody else may attempt it")
    attempted_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    provider = models.TextField(default="")
    provider_id = models.TextField(default="", help_text="what the provider calls it")
    template_version = models.IntegerField(default=0, help_text="0: the shipped one")

    class Meta:
        indexes = [
            models.Index(
                fields=["user_id", "id"],
                condition=models.Q(is_listed=True),
                name="notice_inbox",
            ),
            models.Index(
                fields=["priority", "next_at"],
                condition=models.Q(status="waiting"),
                name="notice_waiting",
            ),
            models.Index(
                fields=["user_id", "sent_at"],
                condition=models.Q(is_capped=True, sent_at__isnull=False),
                name="notice_of_person_sent",
            ),
            models.Index(fields=["token"], condition=~models.Q(token=""), name="notice_to_contact"),
            models.Index(
                fields=["provider", "provider_id"],
                condition=~models.Q(provider_id=""),
                name="notice_at_provider",
            ),
            models.Index(fields=["status", "id"], name="notice_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} {self.status}"


class Preference(models.Model):
    """What a person wants of notices; no row: everything, at the installation's hours."""

    user_id = models.TextField(primary_key=True)
    is_email_on = models.BooleanField(default=True)
    is_sms_on = models.BooleanField(default=True)
    is_wechat_on = models.BooleanField(default=True)
    quiet_from = models.TimeField(null=True, help_text="none: the installation's quiet hours")
    quiet_until = models.TimeField(null=True)
    timezone = models.TextField(default="")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from=None, quiet_until=None)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="preference_quiet_hours_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"


class StoppedContact(models.Model):
    """A contact that is not written to any more: it bounced, or its owner said no."""

    token = models.TextField(help_text="stand-in of the contact")
    channel = models.TextField()
    reason = models.TextField(help_text="bounced, complained or opted_out")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "channel"], name="stopped_contact_once"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.token} {self.reason}"


class Reminder(models.Model):
    """A friend was reminded of an invitation: how often and when."""

    invitation = models.TextField(help_text="which: a position of the log, or a lead's number")
    number = models.SmallIntegerField()
    program = models.TextField()
    advocate = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invitation", "number"], name="reminder_number_once"),
            models.CheckConstraint(
                condition=models.Q(number__gte=1) & models.Q(number__lte=2),
                name="reminder_at_most_twice",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invitation} {self.number}"


class Place(models.Model):
    """One row: the last position of the log whose happenings were looked at."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="place_is_one_row")]

    def __str__(self) -> str:
        return f"place {self.position}"
