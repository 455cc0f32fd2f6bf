"""Tables of leads. The contact is encrypted, and gone as soon as the friend has answered."""

from django.db import models


class Nomination(models.Model):
    """A friend's contact that somebody else gave, saying that the friend agreed.

    Nothing of it enters the log before the friend confirms. Whatever the answer, `sealed` is
    emptied with it; who said no keeps the stand-in here for a while, so as not to be asked again.
    """

    class State(models.TextChoices):
        """`refused`: the friend confirmed, but the offer is not for them."""

        WAITING = "waiting"
        CONFIRMED = "confirmed"
        REFUSED = "refused"
        DECLINED = "declined"
        ERASED = "erased"
        EXPIRED = "expired"

    key = models.TextField(unique=True, help_text="the public half of the friend's link")
    program = models.TextField()
    advocate = models.TextField()
    kind = models.TextField(choices=[("email", "email"), ("phone", "phone")])
    token = models.TextField(default="", help_text="the contact's stand-in; empty: forgotten")
    sealed = models.BinaryField(null=True, help_text="contact, name, evidence as JSON, encrypted")
    shown = models.TextField(help_text="what the advocate recognises the friend by, masked")
    state = models.TextField(choices=State.choices, default=State.WAITING)
    is_silent = models.BooleanField(
        default=False, help_text="nobody was written to, which the advocate must not learn"
    )
    channel = models.TextField(help_text="form, phone, shop or event:NAME")
    statement = models.TextField(help_text="version of the text by which the friend's yes was told")
    taken_by = models.TextField(default="", help_text="the member of staff; empty: the advocate")
    language = models.TextField(help_text="in which the friend was written to")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    friend = models.TextField(default="", help_text="the user id of a friend who confirmed")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "token"],
                condition=models.Q(state="waiting", is_silent=False),
                name="nomination_waits_once",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state="waiting", is_silent=False, sealed__isnull=False, ended_at=None
                )
                | models.Q(state="waiting", is_silent=True, sealed=None, ended_at=None)
                | (~models.Q(state="waiting") & models.Q(sealed=None, ended_at__isnull=False)),
                name="nomination_keeps_no_contact_after_the_answer",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["email", "phone"]), name="nomination_kind_known"
            ),
        ]
        indexes = [
            models.Index(fields=["advocate", "program", "id"], name="nomination_of_advocate"),
            models.Index(fields=["token"], name="nomination_of_contact"),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(state="waiting"),
                name="nomination_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.program}: {self.advocate} names {self.shown} ({self.state})"
