"""Transfers get the reference of the event that asked for them."""

import json
from typing import Any

from django.db import migrations, models


def name_those_there(apps: Any, schema_editor: Any) -> None:
    """From the events, which every transfer without a decision has at its position."""
    transfers = apps.get_model("ledger", "Transfer").objects
    bodies = apps.get_model("events", "Event").objects.values_list("body", flat=True)
    for transfer in transfers.filter(decision_id=None).iterator():
        said = json.loads(bodies.get(position=transfer.position), parse_int=str, parse_float=str)
        transfers.filter(pk=transfer.pk).update(reference=said["properties"]["reference"])


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("ledger", "0001_initial"),
        ("events", "0003_head"),
    ]

    operations = [
        migrations.AlterField(
            model_name="transfer",
            name="decision_id",
            field=models.TextField(help_text="none: a top-up, a spend or its return", null=True),
        ),
        migrations.AddField(
            model_name="transfer",
            name="reference",
            field=models.TextField(
                db_default="",
                default="",
                help_text="the caller's name for a top-up, a spend or its return",
            ),
        ),
        migrations.RunPython(name_those_there, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(
                condition=models.Q(("reference", ""), _negated=True),
                fields=["reference"],
                name="transfer_by_reference",
            ),
        ),
    ]
