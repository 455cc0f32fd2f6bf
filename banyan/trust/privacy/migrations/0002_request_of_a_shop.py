"""Of whom a request is: a shop may ask for all its customers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("privacy", "0001_initial"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="request",
            name="request_of_somebody",
        ),
        migrations.AddField(
            model_name="request",
            name="about",
            field=models.TextField(
                default="", help_text="the shop that asks for all its customers; empty: one person"
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("user_id", ""), _negated=True),
                    models.Q(("token", ""), _negated=True),
                    models.Q(("about", ""), _negated=True),
                    _connector="OR",
                ),
                name="request_of_somebody",
            ),
        ),
    ]
