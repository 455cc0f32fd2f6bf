"""Tables of what the engine decided; columns as the published tables name them."""

from django.db import models


class Referral(models.Model):
    """Who brought whom: one a program and friend, for ever."""

    program = models.TextField()
    version = models.IntegerField()
    advocate = models.TextField()
    friend = models.TextField()
    kind = models.TextField()
    channel = models.TextField(null=True)
    script = models.TextField(null=True)
    touch_position = models.BigIntegerField()
    touched_at = models.DateTimeField()
    join_position = models.BigIntegerField()
    started_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "friend"], name="referral_once_a_friend"),
        ]
        indexes = [
            models.Index(fields=["advocate", "join_position"], name="referral_of_advocate"),
            models.Index(fields=["friend"], name="referral_of_friend"),
            models.Index(fields=["join_position"], name="referral_by_position"),
        ]

    def __str__(self) -> str:
        return f"{self.program}: {self.advocate} → {self.friend}"


class StageChange(models.Model):
    """A referral reached a stage: one row a stage, never changed."""

    program = models.TextField()
    friend = models.TextField()
    stage = models.TextField()
    position = models.BigIntegerField()
    at = models.DateTimeField()
    reason = models.TextField(default="", help_text="of a loss")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["friend", "program", "stage"], name="stage_once"),
        ]
        indexes = [models.Index(fields=["stage", "at"], name="stage_by_time")]

    def __str__(self) -> str:
        return f"{self.program}: {self.friend} {self.stage}"


class TouchLost(models.Model):
    """A touch that met a friend and did not win, with the reason."""

    program = models.TextField()
    advocate = models.TextField()
    visitor = models.TextField(null=True)
    kind = models.TextField()
    touch_position = models.BigIntegerField()
    touched_at = models.DateTimeField()
    join_position = models.BigIntegerField()
    reason = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["advocate", "join_position"], name="lost_of_advocate"),
            models.Index(fields=["join_position"], name="lost_by_position"),
        ]

    def __str__(self) -> str:
        return f"{self.program}: {self.advocate} {self.reason}"


class Decision(models.Model):
    """One decision; a row never changes."""

    decision_id = models.TextField(primary_key=True)
    program = models.TextField()
    version = models.IntegerField()
    reward = models.TextField()
    to = models.TextField()
    beneficiary = models.TextField()
    advocate = models.TextField(null=True)
    friend = models.TextField(null=True)
    milestone = models.TextField()
    ordinal = models.BigIntegerField()
    position = models.BigIntegerField()
    place = models.IntegerField(help_text="its order inside the position")
    occurred_at = models.DateTimeField()
    unit = models.TextField()
    raw_amount = models.BigIntegerField()
    amount = models.BigIntegerField()
    outcome = models.TextField()
    reason = models.TextField(null=True)
    available_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gte=0) & models.Q(amount__lte=models.F("raw_amount")),
                name="decision_amount_at_most_raw",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__in=["granted", "held", "rejected"]),
                name="decision_outcome_known",
            ),
            models.UniqueConstraint(fields=["position", "place"], name="decision_order"),
        ]
        indexes = [
            models.Index(fields=["beneficiary", "position"], name="decision_of_beneficiary"),
            models.Index(fields=["friend", "position"], name="decision_of_friend"),
            models.Index(fields=["program", "position"], name="decision_of_program"),
            models.Index(
                fields=["position", "place"],
                condition=models.Q(outcome="held"),
                name="decision_held",
            ),
        ]

    def __str__(self) -> str:
        return self.decision_id


class Reversal(models.Model):
    """Something taken back of a decision."""

    decision_id = models.TextField()
    position = models.BigIntegerField()
    place = models.IntegerField(help_text="its order inside the position")
    occurred_at = models.DateTimeField()
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["decision_id", "position"], name="reversal_once"),
            models.UniqueConstraint(fields=["position", "place"], name="reversal_order"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="reversal_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.decision_id} −{self.amount}"


class Waiting(models.Model):
    """A held decision on which nobody has given their word yet and of which something is left: kept
    apart, so that who asks what waits need not look through all that ever did."""

    decision_id = models.TextField(primary_key=True)

    def __str__(self) -> str:
        return self.decision_id


class Tally(models.Model):
    """What a block of the log granted or took back of a reward; see `tallies`."""

    kind = models.TextField(choices=[("granted", "granted"), ("taken_back", "taken back")])
    program = models.TextField()
    reward = models.TextField()
    unit = models.TextField()
    version = models.IntegerField()
    block = models.BigIntegerField()
    amount = models.BigIntegerField(help_text="minor units or counts")
    number = models.BigIntegerField(help_text="of grants, or of those taken back whole")
    first_at = models.DateTimeField(help_text="when the first of these grants was earned")
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "program", "reward", "unit", "version", "block"],
                name="tally_once",
            )
        ]
        indexes = [models.Index(fields=["block"], name="tally_by_block")]

    def __str__(self) -> str:
        return f"{self.kind} {self.program} {self.reward} {self.block}"


class Ruling(models.Model):
    """A person's release or denial of a held decision, as it stands in the log."""

    decision_id = models.TextField()
    position = models.BigIntegerField(primary_key=True)
    verdict = models.TextField(choices=[("released", "released"), ("denied", "denied")])
    actor = models.TextField(default="")
    reason = models.TextField(default="")
    occurred_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["decision_id"], name="ruling_of_decision")]

    def __str__(self) -> str:
        return f"{self.decision_id} {self.verdict}"


class Reject(models.Model):
    """An event of the log that could not be used, and why."""

    position = models.BigIntegerField(primary_key=True)
    message_id = models.TextField(null=True)
    code = models.TextField()
    sentence = models.TextField()

    def __str__(self) -> str:
        return f"{self.position} {self.code}"
