"""What happened before notices were there is not told: their place begins where the line is now."""

from typing import Any

from django.db import migrations


def begin(apps: Any, schema_editor: Any) -> None:
    """Make the row."""
    line = apps.get_model("pipeline", "Cursor").objects.filter(id=1).first()
    position = line.position if line else 0
    apps.get_model("journeys", "Place").objects.get_or_create(id=1, defaults={"position": position})


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("journeys", "0001_initial"), ("pipeline", "0001_initial")]
    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
