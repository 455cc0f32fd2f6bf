from django.db import migrations

from banyan.kernel.frozen import Frozen


class Migration(migrations.Migration):
    """What was said in a text, and when, can be shown for ever."""

    dependencies = [("toolkit", "0001_initial")]

    operations = [Frozen("toolkit_scriptversion")]
