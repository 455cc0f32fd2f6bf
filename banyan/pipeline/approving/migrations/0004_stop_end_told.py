from django.db import migrations, models

# Of stops that ended before this release nobody is told any more.
_OVER = "UPDATE approving_stop SET end_told_at = ended_at WHERE ended_at IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [
        ("approving", "0003_budget"),
    ]

    operations = [
        migrations.AddField(
            model_name="stop",
            name="end_told_at",
            field=models.DateTimeField(help_text="when they were told that it goes on", null=True),
        ),
        migrations.RunSQL(_OVER, migrations.RunSQL.noop),
    ]
