"""Tables of the staff. Who somebody is and their password is Django's `User`; its name is their
e-mail address."""

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
