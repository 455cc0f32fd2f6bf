"""Tables of the toolkit: what operators wrote over what is shipped, and how often it was used.

Texts in several languages are JSON objects by language (`en`, `zh-hans`). An empty `program` stands
for all programs.
"""

from django.db import models


class ScriptVersion(models.Model):
    """A text to pass on, as somebody saved it. The highest number is in force, over the shipped
    text of that name; rows never change."""

    script = models.TextField()
    number = models.IntegerField()
    program = models.TextField(default="")
    kind = models.TextField(help_text="benefit, feeling or scene")
    scene = models.TextField(default="")
    channel = models.TextField(default="", help_text="empty: fits every channel")
    reader = models.TextField(help_text="friend or advocate: whom it is written to")
    texts = models.JSONField(help_text="by language, with {variables}")
    is_active = models.BooleanField(default=True)
    saved_at = models.DateTimeField()
    saved_by = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["script", "number"], name="script_version_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["benefit", "feeling", "scene"]),
                name="script_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(reader__in=["friend", "advocate"]), name="script_reader_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.script} v{self.number}"


class Use(models.Model):
    """How often links with a script or through a channel were shared and followed."""

    script = models.TextField(default="")
    channel = models.TextField(default="")
    shares = models.BigIntegerField(default=0)
    clicks = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["script", "channel"], name="use_once"),
        ]

    def __str__(self) -> str:
        return f"{self.script} {self.channel}: {self.clicks}"


class Presentation(models.Model):
    """How a program shows itself."""

    program = models.TextField(primary_key=True, help_text="empty: where a program says nothing")
    brand = models.TextField(default="")
    colour = models.TextField(default="", help_text="#rrggbb")
    highlights = models.JSONField(default=dict, help_text="by language, a list of short lines")
    names = models.JSONField(default=dict, help_text="by language, what `coupon:REF` is called")
    good_fit = models.JSONField(default=dict, help_text="by language")
    changed_at = models.DateTimeField()
    changed_by = models.TextField()

    def __str__(self) -> str:
        return f"{self.program}: {self.brand}"


class Question(models.Model):
    """A question of a program's FAQ that an operator wrote, or one that is shipped and was changed
    or hidden."""

    program = models.TextField(default="")
    key = models.TextField()
    place = models.IntegerField(default=0, help_text="the lowest comes first")
    questions = models.JSONField(default=dict, help_text="by language")
    answers = models.JSONField(default=dict, help_text="by language")
    is_shown = models.BooleanField(default=True)
    changed_at = models.DateTimeField()
    changed_by = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="question_once"),
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.key}"


class Proof(models.Model):
    """Something that speaks for the program and may be passed on: a case, a film, an opinion."""

    program = models.TextField(default="")
    key = models.TextField()
    kind = models.TextField(help_text="case, testimonial, ebook, video or article")
    titles = models.JSONField(help_text="by language")
    url = models.TextField()
    place = models.IntegerField(default=0, help_text="the lowest comes first")
    changed_at = models.DateTimeField()
    changed_by = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="proof_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["case", "testimonial", "ebook", "video", "article"]),
                name="proof_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.key}"


class Touchpoint(models.Model):
    """A place where customers are asked to refer: before, at or after a purchase. What links name
    it by as their channel is its key, so its yield is that channel's."""

    class Stage(models.TextChoices):
        """Of the customer's way."""

        BEFORE = "before"
        AT = "at"
        AFTER = "after"

    key = models.TextField(primary_key=True)
    stage = models.TextField(choices=Stage.choices)
    where = models.TextField(help_text="where the prompt stands, in the company's words")
    program = models.TextField(default="")
    texts = models.JSONField(default=dict, help_text="by language")
    is_active = models.BooleanField(default=True)
    changed_at = models.DateTimeField()
    changed_by = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stage__in=["before", "at", "after"]),
                name="touchpoint_stage_known",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Call(models.Model):
    """Where customers are called to take part now: demand and stock come and go by place, so this
    is no part of a version. A program without a row calls everywhere."""

    program = models.TextField(primary_key=True)
    place = models.TextField(help_text="everywhere, tagged or nowhere")
    tags = models.JSONField(default=list, help_text="of customers who are called, where tagged")
    changed_at = models.DateTimeField()
    changed_by = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(place__in=["everywhere", "tagged", "nowhere"]),
                name="call_place_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.program}: {self.place}"
