"""Tables of access: who may call, what was answered to whom, and how customers sign in."""

from django.db import models


class Key(models.Model):
    """A key of a program that calls; the secret itself is kept nowhere, but for keys that sign."""

    secret_sha256 = models.TextField(unique=True)
    secret_sealed = models.BinaryField(
        null=True, help_text="of a portal key: what it signs is checked with it"
    )
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
                condition=models.Q(
                    role__in=["write", "secret", "restricted", "publishable", "portal"]
                ),
                name="key_role_known",
            ),
            models.CheckConstraint(
                condition=models.Q(role="portal", secret_sealed__isnull=False)
                | (~models.Q(role="portal") & models.Q(secret_sealed=None)),
                name="key_keeps_what_signs",
            ),
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


class Tally(models.Model):
    """How often something happened in a span that began with the first time."""

    key = models.TextField(primary_key=True)
    count = models.IntegerField()
    until_us = models.BigIntegerField(help_text="when it begins anew, UTC microseconds")

    class Meta:
        indexes = [models.Index(fields=["until_us"], name="tally_by_age")]

    def __str__(self) -> str:
        return f"{self.key} {self.count}"


class SignInCode(models.Model):
    """A code that was sent to a contact; the contact need not be that of a customer."""

    id = models.TextField(primary_key=True, help_text="known to the browser that asked, alone")
    purpose = models.TextField(help_text="such as `sign_in`: a code is good for nothing else")
    kind = models.TextField(choices=[("email", "email"), ("phone", "phone")])
    value_sealed = models.BinaryField()
    code_hash = models.TextField(help_text="keyed hash of this row's id and the code")
    tries = models.SmallIntegerField(default=0)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["email", "phone"]), name="code_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"code for {self.purpose}"


class SignInLink(models.Model):
    """A link in a message that signs its reader in, once; the token itself is kept nowhere."""

    token_sha256 = models.TextField(primary_key=True)
    customer = models.TextField()
    leads_to = models.TextField(help_text="a path of ours")
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"link of {self.customer}"


class UsedClaim(models.Model):
    """A host site's token that was used; kept until it would have expired."""

    digest = models.TextField(primary_key=True, help_text="of the key's number and the token's jti")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest


class SignedIn(models.Model):
    """A customer on a device, from signing in until `ended_at`."""

    customer = models.TextField()
    way = models.TextField(help_text="how they proved who they are: `code`, `link` or `host`")
    device = models.TextField(help_text="such as `Safari, iPhone`")
    begun_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="to the hour")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(way__in=["code", "link", "host"]), name="signed_in_way_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["customer"], condition=models.Q(ended_at=None), name="signed_in_customer"
            ),
            models.Index(fields=["seen_at"], name="signed_in_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.customer} on {self.device}"
