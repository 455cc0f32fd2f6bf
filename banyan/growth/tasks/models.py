"""Tables of tasks: what is to do, what was done with it, and by which rules tasks arise."""

from django.db import models

from banyan.growth.tasks.kinds import KINDS


class Task(models.Model):
    """Something that somebody of the staff has to do.

    open → done or dropped. `level` rises while nobody does it: of stuck referrals from 1 (a
    reminder is sent by itself) over 2 (service) to 3 (management).
    """

    class State(models.TextChoices):
        """`dropped`: there is nothing to do any more."""

        OPEN = "open"
        DONE = "done"
        DROPPED = "dropped"

    kind = models.TextField()
    about = models.TextField(help_text="what it is about, such as referral:PROGRAM/FRIEND")
    program = models.TextField(default="")
    customer = models.TextField(default="", help_text="a user id; empty: of nobody")
    level = models.SmallIntegerField(default=1)
    role = models.TextField(help_text="whose it is while nobody took it")
    owner = models.TextField(default="", help_text="who took it, such as user:3")
    state = models.TextField(choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField()
    opened_by = models.TextField()
    due_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, help_text="when somebody took it first")
    closed_at = models.DateTimeField(null=True)
    alerted_at = models.DateTimeField(null=True, help_text="when its lapse was told")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "about"], condition=models.Q(state="open"), name="task_open_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", closed_at=None)
                | (~models.Q(state="open") & models.Q(closed_at__isnull=False)),
                name="task_state_sound",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=list(KINDS)), name="task_kind_known"
            ),
            models.CheckConstraint(condition=models.Q(level__range=(1, 3)), name="task_level"),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], condition=models.Q(state="open"), name="task_by_due"
            ),
            models.Index(fields=["kind", "about"], name="task_of_thing"),
            models.Index(fields=["customer", "kind", "opened_at"], name="task_of_customer"),
            models.Index(fields=["kind", "opened_at"], name="task_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind} {self.about} {self.state}"


class Step(models.Model):
    """Something done with a task. The note is sealed: it may hold personal data."""

    class What(models.TextChoices):
        """`raised` is to the next level, `given` to another owner or role."""

        OPENED = "opened"
        REMINDED = "reminded"
        RAISED = "raised"
        TAKEN = "taken"
        GIVEN = "given"
        NOTED = "noted"
        LAPSED = "lapsed"
        DONE = "done"
        DROPPED = "dropped"

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="steps")
    what = models.TextField(choices=What.choices)
    at = models.DateTimeField()
    actor = models.TextField()
    level = models.SmallIntegerField()
    to = models.TextField(default="", help_text="the role or owner it went to")
    sealed = models.BinaryField(null=True, help_text="a note, encrypted; empty: none, or erased")

    def __str__(self) -> str:
        return f"{self.task_id} {self.what}"


class Rule(models.Model):
    """By which rule tasks of a kind arise; of a program, or of all that have none of their own."""

    program = models.TextField(default="", help_text="empty: of every program without its own")
    kind = models.TextField()
    values = models.TextField(help_text="JSON, see rules.py")
    changed_at = models.DateTimeField()
    changed_by = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "kind"], name="task_rule_once"),
        ]

    def __str__(self) -> str:
        return f"{self.program or '*'} {self.kind}"


class Mark(models.Model):
    """Up to where a watcher has looked."""

    name = models.TextField(primary_key=True)
    position = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} {self.position}"


class Source(models.Model):
    """Somebody who could refer: a customer, a former one, a lead, a leader of the trade, a
    supplier. Name and note are sealed."""

    class What(models.TextChoices):
        """How they stand to the company."""

        CUSTOMER = "customer"
        FORMER = "former"
        LEAD = "lead"
        LEADER = "leader"
        SUPPLIER = "supplier"

    what = models.TextField(choices=What.choices)
    relation = models.SmallIntegerField(help_text="1 distant … 5 close")
    customer = models.TextField(default="", help_text="a user id, of who is a customer")
    sealed = models.BinaryField(help_text="name and note as JSON, encrypted")
    owner = models.TextField(help_text="who keeps the relation, such as user:3")
    added_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, help_text="when last asked for a referral")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(relation__range=(1, 5)), name="source_relation"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.what}"
