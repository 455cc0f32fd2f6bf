"""Tables of the staff. Who somebody is and their password is Django's `User`; its name is their
e-mail address. Second factors are django-otp's devices."""

from django.conf import settings
from django.db import models

from banyan.trust.staff.rights import ROLES


class Role(models.Model):
    """A role that somebody has."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    role = models.TextField()
    given_at = models.DateTimeField()
    given_by = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="role_once"),
            models.CheckConstraint(condition=models.Q(role__in=list(ROLES)), name="role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class Link(models.Model):
    """A link by which somebody sets their password, once. The table knows its hash alone."""

    class Purpose(models.TextChoices):
        """`invitation`: their first password."""

        INVITATION = "invitation"
        PASSWORD = "password"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    purpose = models.TextField(choices=Purpose.choices)
    token_sha256 = models.TextField(unique=True)
    made_at = models.DateTimeField()
    made_by = models.TextField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True, help_text="by somebody, or by a newer link")

    def __str__(self) -> str:
        return f"{self.purpose} of {self.user_id}"


class Session(models.Model):
    """Somebody at work in one browser. The browser's own session holds this row's number."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    device = models.TextField(default="", help_text="such as `Firefox, Windows`")
    begun_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.user_id} since {self.begun_at:%Y-%m-%d}"


class SavedView(models.Model):
    """A list with filters and order, kept under a name by one member, for themselves or for all."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    records = models.TextField(help_text="which list: the name of its address")
    name = models.TextField()
    query = models.TextField(help_text="what stands behind the ? in the list's address")
    is_shared = models.BooleanField(default=False)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "records", "name"], name="view_name_once"),
        ]
        indexes = [models.Index(fields=["records"], name="view_of_list")]

    def __str__(self) -> str:
        return f"{self.records}: {self.name}"
