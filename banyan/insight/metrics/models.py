"""Tables of figures. All but the last four follow from the log alone and can be made again.

A day is one of the operator's time zone. What does not apply is an empty text, a version 0, so that
each row has one key.
"""

from django.db import models


class Progress(models.Model):
    """One row: up to which position everything is counted, and in which zone's days."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)
    zone = models.TextField(default="")
    release = models.IntegerField(default=0, help_text="of what is counted")
    currencies = models.TextField(
        default="{}", help_text="JSON: of each program that of what its chains were paid"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="metrics_progress_is_one_row")
        ]

    def __str__(self) -> str:
        return f"figures {self.position}"


class Day(models.Model):
    """A figure of a day and program: what the board reads, however long the log is."""

    day = models.DateField()
    program = models.TextField(help_text="empty: of no program, or of a code that serves all")
    measure = models.TextField()
    item = models.TextField(help_text="a reward")
    unit = models.TextField()
    n = models.BigIntegerField()
    amount = models.BigIntegerField(help_text="minor units or counts")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "program", "measure", "item", "unit"], name="metrics_day_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.program} {self.measure} {self.n}"


class Slice(models.Model):
    """The same figure, by everything it is asked by."""

    day = models.DateField()
    program = models.TextField()
    version = models.IntegerField()
    channel = models.TextField()
    script = models.TextField()
    variant = models.TextField(help_text="of each experiment: `rate=a; text=b`")
    measure = models.TextField()
    item = models.TextField()
    unit = models.TextField()
    n = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "day",
                    "program",
                    "version",
                    "channel",
                    "script",
                    "variant",
                    "measure",
                    "item",
                    "unit",
                ],
                name="metrics_slice_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.program} {self.measure} {self.n}"


class Friend(models.Model):
    """A referral with the days of its stages, how deep in the chain it is, and its money.

    Money is minor units of the program's currency: what the friend ordered from the join on, what
    was refunded, and what credit and cash the referral cost, less what was taken back or expired.
    """

    program = models.TextField()
    friend = models.TextField()
    advocate = models.TextField()
    version = models.IntegerField()
    kind = models.TextField()
    channel = models.TextField()
    script = models.TextField()
    variant = models.TextField()
    depth = models.IntegerField(help_text="1: the advocate was not referred in this program")
    top = models.TextField(default="", help_text="who is at the head of the chain")
    below = models.IntegerField(default=0, help_text="levels that hang on this referral")
    join_position = models.BigIntegerField()
    touched_on = models.DateField()
    joined_on = models.DateField()
    accepted_on = models.DateField(null=True)
    activated_on = models.DateField(null=True)
    purchased_on = models.DateField(null=True)
    rewarded_on = models.DateField(null=True)
    repurchased_on = models.DateField(null=True)
    lost_on = models.DateField(null=True)
    orders = models.BigIntegerField(default=0)
    revenue = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    cost = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "friend"], name="metrics_friend_once"),
        ]
        indexes = [
            models.Index(fields=["friend"], name="metrics_friend_by_id"),
            models.Index(fields=["advocate"], name="metrics_friend_of"),
            models.Index(fields=["program", "joined_on"], name="metrics_friend_by_day"),
            models.Index(fields=["program", "purchased_on"], name="metrics_friend_by_sale"),
        ]

    def __str__(self) -> str:
        return f"{self.program}: {self.friend}"


class Chain(models.Model):
    """A chain of referrals: everybody who came by somebody nobody had brought before.

    `paid` is what was granted for its referrals less what was taken back, in the currency of the
    program's newest version alone.
    """

    program = models.TextField()
    top = models.TextField()
    members = models.BigIntegerField()
    depth = models.IntegerField(help_text="how many levels it has")
    width = models.BigIntegerField(help_text="members of its largest level")
    paid = models.BigIntegerField(help_text="minor units")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["top", "program"], name="metrics_chain_once"),
        ]
        indexes = [
            models.Index(fields=["program", "members", "top"], name="metrics_chain_by_members"),
            models.Index(fields=["program", "depth", "top"], name="metrics_chain_by_depth"),
            models.Index(fields=["program", "width", "top"], name="metrics_chain_by_width"),
            models.Index(fields=["program", "paid", "top"], name="metrics_chain_by_paid"),
        ]

    def __str__(self) -> str:
        return f"{self.program}: {self.top} {self.members}"


class ChainLevel(models.Model):
    """How many members a chain has on one of its levels."""

    program = models.TextField()
    top = models.TextField()
    level = models.IntegerField()
    members = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["top", "program", "level"], name="metrics_chainlevel_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.program}: {self.top} {self.level}"


class Level(models.Model):
    """A level of all chains of a program."""

    program = models.TextField()
    level = models.IntegerField()
    members = models.BigIntegerField()
    going_on = models.BigIntegerField(help_text="members who brought others since")
    below = models.BigIntegerField(help_text="the levels that hang on these, added up")
    advocates = models.BigIntegerField(help_text="people whose first friend stands here")
    chains = models.BigIntegerField(help_text="those of which it is the last level")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "level"], name="metrics_level_once")
        ]

    def __str__(self) -> str:
        return f"{self.program}: {self.level} {self.members}"


class Advocate(models.Model):
    """Somebody who passed a program on: how often and with what success, over all programs."""

    user_id = models.TextField(primary_key=True)
    first_on = models.DateField(help_text="of the first click, invitation, share or referral")
    last_on = models.DateField()
    initiated = models.BigIntegerField()
    joined = models.BigIntegerField()
    purchased = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.user_id} {self.joined}"


class Buyer(models.Model):
    """Somebody who ordered. `revenue` is in the currency of the first order."""

    user_id = models.TextField(primary_key=True)
    first_position = models.BigIntegerField()
    first_on = models.DateField()
    last_on = models.DateField()
    referred = models.BooleanField(help_text="some program's friend when ordering first")
    orders = models.BigIntegerField()
    currency = models.TextField()
    revenue = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["first_on"], name="metrics_buyer_by_day")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.orders}"


class Unattributed(models.Model):
    """Somebody who came by a referral of which nobody knew whose: they named a code that nobody
    has, or said that somebody sent them. Who was referred later is no longer one of them."""

    class Why(models.TextChoices):
        """`said`: by `source` of the event."""

        CODE = "code"
        SAID = "said"

    user_id = models.TextField(primary_key=True)
    first_on = models.DateField()
    why = models.TextField(choices=Why.choices)

    class Meta:
        indexes = [models.Index(fields=["first_on"], name="metrics_unattributed_by_day")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.why}"


class Counting(models.Model):
    """A stage of our own of some funnel: up to which position it is counted."""

    stage = models.TextField(primary_key=True)
    position = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.stage} {self.position}"


class Reached(models.Model):
    """A referral reached such a stage, for the first time on that day."""

    program = models.TextField()
    friend = models.TextField()
    stage = models.TextField()
    reached_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["friend", "stage", "program"], name="metrics_reached_once"
            )
        ]
        indexes = [models.Index(fields=["stage", "reached_on"], name="metrics_reached_by_day")]

    def __str__(self) -> str:
        return f"{self.program}: {self.friend} {self.stage}"


class FunnelStage(models.Model):
    """A stage of a funnel that staff chose; a program without any has those of all."""

    program = models.TextField(help_text="empty: of all together")
    place = models.SmallIntegerField()
    key = models.TextField()
    usual = models.FloatField(help_text="share of the stage before that should come on")
    name_en = models.TextField(default="")
    name_zh = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "place"], name="metrics_stage_one_a_place"),
            models.UniqueConstraint(fields=["program", "key"], name="metrics_stage_once"),
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.place} {self.key}"


class Goal(models.Model):
    """What a figure should be, and who answers for it; set in the console."""

    program = models.TextField(help_text="empty: of all together")
    figure = models.TextField()
    target = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    red = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    yellow = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    is_lower_better = models.BooleanField(default=False)
    owner = models.TextField(default="", help_text="a role")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "figure"], name="metrics_goal_once")
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.figure} {self.target}"


class Standing(models.Model):
    """On which side of its lines a figure was when it was last looked at."""

    program = models.TextField()
    figure = models.TextField()
    colour = models.TextField()
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "figure"], name="metrics_standing_once")
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.figure} {self.colour}"


class Assumption(models.Model):
    """A number about a program that no event tells: budget, running cost, margin, value."""

    program = models.TextField()
    name = models.TextField()
    value = models.DecimalField(max_digits=18, decimal_places=4)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "name"], name="metrics_assumption_once")
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.name} {self.value}"
