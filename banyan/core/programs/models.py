"""Tables of programs: what was promised, and the codes under which it is passed on."""

from django.db import models


class Program(models.Model):
    """One program; its rules are its published versions."""

    class Status(models.TextChoices):
        """What the doors do for it; what was promised stands in every status."""

        DRAFT = "draft"
        LIVE = "live"
        PAUSED = "paused"
        CLOSED = "closed"

    slug = models.TextField(primary_key=True)
    status = models.TextField(choices=Status.choices, default=Status.DRAFT)
    landing_url = models.TextField(default="", help_text="empty: the installation's landing page")
    seed_sealed = models.BinaryField(null=True, help_text="the secret text of draws, encrypted")
    stopped_at = models.DateTimeField(null=True, help_text="paused by order; opened by approval")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug


class Version(models.Model):
    """One version of a program's file. A published one never changes."""

    class Status(models.TextChoices):
        """`ordered`: published, waiting for the worker; `refused`: it would change the past."""

        DRAFT = "draft"
        ORDERED = "ordered"
        PUBLISHED = "published"
        REFUSED = "refused"

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="versions")
    number = models.IntegerField()
    source = models.TextField(help_text="the YAML file")
    sha256 = models.TextField()
    status = models.TextField(choices=Status.choices, default=Status.DRAFT)
    starts_at = models.DateTimeField(null=True, help_text="no earlier start than this counts")
    position = models.BigIntegerField(null=True, help_text="the log's last at publication")
    reason = models.TextField(default="", help_text="why it was refused")
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    published_by = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="version_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.program_id} v{self.number}"


class Draft(models.Model):
    """A working copy: a program's text as somebody writes it, readable or not.

    What may be published becomes a version; until then nothing but the console looks here.
    """

    slug = models.TextField(default="", help_text="as its text names it; empty: it names none")
    number = models.IntegerField(null=True, help_text="the version that its text names")
    source = models.TextField(help_text="the YAML file")
    facts = models.JSONField(default=dict, help_text="what the file has no place for")
    origin = models.TextField(help_text="preset:NAME, program:SLUG/NUMBER or blank")
    revision = models.IntegerField(default=1, help_text="a save must know the one before it")
    created_at = models.DateTimeField()
    created_by = models.TextField()
    updated_at = models.DateTimeField()
    updated_by = models.TextField()
    handed_over_at = models.DateTimeField(null=True, help_text="when it became a version last")

    class Meta:
        indexes = [models.Index(fields=["slug", "number"], name="draft_of_program")]

    def __str__(self) -> str:
        return f"draft {self.pk} {self.slug} v{self.number}"


class Link(models.Model):
    """A code that an advocate passes on. The first to take a code owns it for ever."""

    key = models.TextField(primary_key=True, help_text="the code as it is compared")
    code = models.TextField()
    program = models.TextField(default="", help_text="empty: every program takes it")
    advocate = models.TextField()
    channel = models.TextField(default="")
    script = models.TextField(default="")
    created_at = models.DateTimeField()
    clicks = models.BigIntegerField(default=0)
    referrals = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["advocate", "program"], name="link_of_advocate"),
            models.Index(fields=["program", "key"], name="link_of_program"),
        ]

    def __str__(self) -> str:
        return self.code
