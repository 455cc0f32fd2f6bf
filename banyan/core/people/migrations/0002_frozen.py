"""What a person agreed to or had erased stays as it was said."""

from django.db import migrations

from banyan.kernel.frozen import Frozen


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("people", "0001_initial")]
    operations = [Frozen("people_consent"), Frozen("people_erasure")]
