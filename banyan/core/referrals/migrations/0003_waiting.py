"""Held decisions that wait are found without a look at those that did once."""

from django.db import migrations, models

_THOSE_THERE = """
INSERT INTO referrals_waiting (decision_id)
SELECT d.decision_id FROM referrals_decision d
WHERE d.outcome = 'held'
AND NOT EXISTS (SELECT 1 FROM referrals_ruling u WHERE u.decision_id = d.decision_id)
AND d.amount > COALESCE(
    (SELECT SUM(r.amount) FROM referrals_reversal r WHERE r.decision_id = d.decision_id), 0
)
"""


class Migration(migrations.Migration):
    """See above."""

    dependencies = [("referrals", "0002_held")]

    operations = [
        migrations.CreateModel(
            name="Waiting",
            fields=[
                ("decision_id", models.TextField(primary_key=True, serialize=False)),
            ],
        ),
        migrations.RunSQL(_THOSE_THERE, migrations.RunSQL.noop),
    ]
