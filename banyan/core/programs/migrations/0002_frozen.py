"""What was published stays as it is."""

from django.db import migrations

from banyan.kernel.frozen import Frozen


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("programs", "0001_initial")]
    operations = [Frozen("programs_version", only="OLD.status = 'published'")]
