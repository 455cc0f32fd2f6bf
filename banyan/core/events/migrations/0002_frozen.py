"""Acknowledged events stay as they are; erasure alone empties `sealed`."""

from django.db import migrations

from banyan.kernel.frozen import Frozen


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("events", "0001_initial")]
    operations = [Frozen("events_event", may_change=("sealed",))]
