"""Alarms are told of: what was over before that is told to nobody, what is open is told once."""

from typing import Any

from django.db import migrations, models
from django.db.models import F


def leave_what_is_over(apps: Any, schema_editor: Any) -> None:
    """Mails of a year of alarms would come at once."""
    over = apps.get_model("pipeline", "Alarm").objects.filter(closed_at__isnull=False)
    over.update(opening_told_at=F("closed_at"), closing_told_at=F("closed_at"))


class Migration(migrations.Migration):
    """Whose an alarm is, and when it was told."""

    dependencies = [("pipeline", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="alarm",
            name="role",
            field=models.TextField(
                db_default="admin", default="admin", help_text="whose it is: they get the mails"
            ),
        ),
        migrations.AddField(
            model_name="alarm",
            name="opening_told_at",
            field=models.DateTimeField(help_text="by mail and webhook, once", null=True),
        ),
        migrations.AddField(
            model_name="alarm",
            name="closing_told_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(leave_what_is_over, migrations.RunPython.noop),
    ]
