"""What caps of whole programs had used is told by sums that are kept; those there are made once."""

from django.db import migrations, models

_GRANTED = """
INSERT INTO referrals_tally
    (kind, program, reward, unit, version, block, amount, number, first_at, last_at)
SELECT 'granted', program, reward, unit, version, position / 10000, SUM(amount), COUNT(*),
    MIN(occurred_at), MAX(occurred_at)
FROM referrals_decision WHERE amount > 0 AND outcome IN ('granted', 'held')
GROUP BY program, reward, unit, version, position / 10000
"""

_TAKEN_BACK = """
INSERT INTO referrals_tally
    (kind, program, reward, unit, version, block, amount, number, first_at, last_at)
SELECT 'taken_back', program, reward, unit, version, position / 10000, SUM(amount),
    COUNT(CASE WHEN back >= whole AND back - amount < whole THEN 1 END),
    MIN(occurred_at), MAX(occurred_at)
FROM (
    SELECT d.program, d.reward, d.unit, d.version, v.position, v.amount, d.occurred_at,
        d.amount AS whole,
        SUM(v.amount) OVER (PARTITION BY v.decision_id ORDER BY v.position) AS back
    FROM referrals_reversal v JOIN referrals_decision d ON d.decision_id = v.decision_id
) taken
GROUP BY program, reward, unit, version, position / 10000
"""


class Migration(migrations.Migration):
    """See above."""

    dependencies = [("referrals", "0003_waiting")]

    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.TextField(
                        choices=[("granted", "granted"), ("taken_back", "taken back")]
                    ),
                ),
                ("program", models.TextField()),
                ("reward", models.TextField()),
                ("unit", models.TextField()),
                ("version", models.IntegerField()),
                ("block", models.BigIntegerField()),
                ("amount", models.BigIntegerField(help_text="minor units or counts")),
                (
                    "number",
                    models.BigIntegerField(help_text="of grants, or of those taken back whole"),
                ),
                (
                    "first_at",
                    models.DateTimeField(help_text="when the first of these grants was earned"),
                ),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["block"], name="tally_by_block")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "program", "reward", "unit", "version", "block"),
                        name="tally_once",
                    )
                ],
            },
        ),
        migrations.RunSQL([_GRANTED, _TAKEN_BACK], migrations.RunSQL.noop),
    ]
