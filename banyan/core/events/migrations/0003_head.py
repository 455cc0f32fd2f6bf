"""The log begins at position 0: its one row of `Head`."""

from typing import Any

from django.db import migrations


def begin(apps: Any, schema_editor: Any) -> None:
    """Make the row."""
    apps.get_model("events", "Head").objects.get_or_create(id=1)


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("events", "0002_frozen")]
    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
