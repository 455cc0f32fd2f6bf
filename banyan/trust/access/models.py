"""Tables of access: who may call, and what was answered to whom."""

from django.db import models


class Key(models.Model):
    """A key of a program that calls; the secret itself is kept nowhere."""

    secret_sha256 = models.TextField(unique=True)
    hint = models.TextField(help_text="how the secret begins and ends, to tell keys apart")
    role = models.TextField()
    scopes = models.TextField(default="", help_text="of a restricted key, separated by spaces")
    is_test = models.BooleanField()
    name = models.TextField(default="")
    requests_per_minute = models.IntegerField(help_text="in each web process")
    created_at = models.DateTimeField()
    created_by = models.TextField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.TextField(default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=["write", "secret", "restricted", "publishable"]),
                name="key_role_known",
            )
        ]

    def __str__(self) -> str:
        return self.hint


class Reply(models.Model):
    """What was answered under an idempotency key; without a status it is still to be answered."""

    key = models.ForeignKey(Key, on_delete=models.CASCADE, related_name="+")
    idempotency_key = models.TextField()
    fingerprint = models.TextField(help_text="keyed hash of method, address and body")
    work = models.TextField(help_text="names what is done; the same for each attempt")
    begun_at = models.DateTimeField(help_text="of the first attempt")
    claim = models.TextField(help_text="of the attempt that is under way; empty: nobody's")
    claimed_at = models.DateTimeField()
    status = models.SmallIntegerField(null=True)
    headers = models.TextField(default="", help_text="JSON")
    body_sealed = models.BinaryField(null=True, help_text="encrypted: it may hold personal data")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "idempotency_key"], name="reply_once"),
        ]
        indexes = [models.Index(fields=["begun_at"], name="reply_by_age")]

    def __str__(self) -> str:
        return f"{self.idempotency_key} {self.status}"
