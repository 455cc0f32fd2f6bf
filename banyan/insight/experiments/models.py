"""Tables of experiments. Who is in which variant is not kept: the engine's split says it."""

from django.db import models


class Experiment(models.Model):
    """A question asked of a split of a program, and its answer."""

    program = models.TextField()
    split = models.TextField(help_text="the experiment's id in the program's file")
    hypothesis = models.TextField()
    metric = models.TextField()
    audience = models.TextField(default="", help_text="a segment; empty: everybody")
    baseline = models.FloatField(help_text="what the metric is without the change")
    effect = models.FloatField(help_text="the smallest difference worth finding")
    deviation = models.FloatField(null=True, help_text="of a metric that is no share")
    alpha = models.FloatField()
    power = models.FloatField()
    size = models.IntegerField(help_text="people needed in each variant")
    starts_on = models.DateField()
    ends_on = models.DateField()
    made_by = models.TextField()
    made_at = models.DateTimeField()
    ended_by = models.TextField(default="")
    ended_at = models.DateTimeField(null=True)
    winner = models.TextField(default="", help_text="a variant; empty: none")
    conclusion = models.TextField(default="")
    draft = models.BigIntegerField(null=True, help_text="the draft of the winner's terms")
    version = models.IntegerField(null=True, help_text="the version that draft was to become")

    class Meta:
        indexes = [models.Index(fields=["program", "split"], name="experiment_of_split")]

    def __str__(self) -> str:
        return f"{self.program}: {self.split}"
