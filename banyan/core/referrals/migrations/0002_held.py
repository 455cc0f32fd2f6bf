"""Held decisions are found without a look at all others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """See above."""

    dependencies = [("referrals", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                condition=models.Q(("outcome", "held")),
                fields=["position", "place"],
                name="decision_held",
            ),
        ),
    ]
