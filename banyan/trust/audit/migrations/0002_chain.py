"""The chain begins, and its entries stay as they are."""

from typing import Any

from django.db import migrations

from banyan.kernel.frozen import Frozen


def begin(apps: Any, schema_editor: Any) -> None:
    """The chain of no entry."""
    apps.get_model("audit", "Chain").objects.create(id=1, number=0, hash="0" * 64)


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunPython(begin, migrations.RunPython.noop),
        Frozen("audit_entry"),
    ]
