"""The tables of the room."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.TextField(help_text="the same thing is told once", unique=True)),
                ("kind", models.TextField()),
                (
                    "user_id",
                    models.TextField(
                        default="", help_text="empty: an address of no known customer"
                    ),
                ),
                ("program", models.TextField(default="")),
                ("language", models.TextField(default="", help_text="empty: the person's own")),
                (
                    "sealed",
                    models.BinaryField(
                        help_text="what it is made of, as JSON, encrypted", null=True
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("is_listed", models.BooleanField(help_text="whether the inbox shows it")),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "status",
                    models.TextField(
                        choices=[
                            ("none", "None"),
                            ("waiting", "Waiting"),
                            ("sent", "Sent"),
                            ("delivered", "Delivered"),
                            ("bounced", "Bounced"),
                            ("failed", "Failed"),
                            ("suppressed", "Suppressed"),
                        ]
                    ),
                ),
                (
                    "wanted",
                    models.TextField(
                        default="", help_text="the only channel; empty: whichever is best"
                    ),
                ),
                ("channel", models.TextField(default="", help_text="that was chosen last")),
                ("reason", models.TextField(default="", help_text="why not, or not yet: a code")),
                (
                    "refusals",
                    models.TextField(
                        default="{}", help_text="JSON object: why not by which channel"
                    ),
                ),
                (
                    "answer",
                    models.TextField(default="", help_text="how the last attempt ended, in short"),
                ),
                ("priority", models.SmallIntegerField(help_text="small goes first")),
                (
                    "is_capped",
                    models.BooleanField(
                        help_text="whether it counts for how often one is written to"
                    ),
                ),
                (
                    "address_sealed",
                    models.BinaryField(help_text="given with it, until it was sent", null=True),
                ),
                (
                    "token",
                    models.TextField(default="", help_text="stand-in of the contact it went to"),
                ),
                ("attempts", models.IntegerField(default=0)),
                (
                    "since",
                    models.DateTimeField(help_text="when it was made or retried; retries count on"),
                ),
                ("next_at", models.DateTimeField(help_text="not attempted before")),
                (
                    "claim",
                    models.TextField(default="", help_text="of the attempt that is under way"),
                ),
                (
                    "claimed_until",
                    models.DateTimeField(help_text="then somebody else may attempt it", null=True),
                ),
                ("attempted_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("provider", models.TextField(default="")),
                (
                    "provider_id",
                    models.TextField(default="", help_text="what the provider calls it"),
                ),
                (
                    "template_version",
                    models.IntegerField(default=0, help_text="0: the shipped one"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_listed", True)),
                        fields=["user_id", "id"],
                        name="notice_inbox",
                    ),
                    models.Index(
                        condition=models.Q(("status", "waiting")),
                        fields=["priority", "next_at"],
                        name="notice_waiting",
                    ),
                    models.Index(
                        condition=models.Q(("is_capped", True), ("sent_at__isnull", False)),
                        fields=["user_id", "sent_at"],
                        name="notice_of_person_sent",
                    ),
                    models.Index(
                        condition=models.Q(("token", ""), _negated=True),
                        fields=["token"],
                        name="notice_to_contact",
                    ),
                    models.Index(
                        condition=models.Q(("provider_id", ""), _negated=True),
                        fields=["provider", "provider_id"],
                        name="notice_at_provider",
                    ),
                    models.Index(fields=["status", "id"], name="notice_by_status"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Place",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="place_is_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="Preference",
            fields=[
                ("user_id", models.TextField(primary_key=True, serialize=False)),
                ("is_email_on", models.BooleanField(default=True)),
                ("is_sms_on", models.BooleanField(default=True)),
                ("is_wechat_on", models.BooleanField(default=True)),
                (
                    "quiet_from",
                    models.TimeField(help_text="none: the installation's quiet hours", null=True),
                ),
                ("quiet_until", models.TimeField(null=True)),
                ("timezone", models.TextField(default="")),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("quiet_from", None), ("quiet_until", None)),
                            models.Q(("quiet_from__isnull", False), ("quiet_until__isnull", False)),
                            _connector="OR",
                        ),
                        name="preference_quiet_hours_whole",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "invitation",
                    models.TextField(help_text="which: a position of the log, or a lead's number"),
                ),
                ("number", models.SmallIntegerField()),
                ("program", models.TextField()),
                ("advocate", models.TextField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("invitation", "number"), name="reminder_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1), ("number__lte", 2)),
                        name="reminder_at_most_twice",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StoppedContact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token", models.TextField(help_text="stand-in of the contact")),
                ("channel", models.TextField()),
                ("reason", models.TextField(help_text="bounced, complained or opted_out")),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("token", "channel"), name="stopped_contact_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Template",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.TextField()),
                ("channel", models.TextField(help_text="site, email, sms or wechat")),
                ("language", models.TextField(help_text="en or zh-hans")),
                ("version", models.IntegerField()),
                ("title", models.TextField(default="", help_text="of e-mails and in the inbox")),
                ("text", models.TextField()),
                (
                    "provider_template",
                    models.TextField(
                        default="",
                        help_text="its number at a provider that sends approved texts alone",
                    ),
                ),
                (
                    "fields",
                    models.TextField(
                        default="{}",
                        help_text="JSON object: the provider's fields and what stands in them",
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("created_by", models.TextField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "channel", "language", "version"),
                        name="template_version_once",
                    )
                ],
            },
        ),
    ]
