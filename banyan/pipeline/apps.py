"""The room as a Django app."""

from typing import Any

from django.apps import AppConfig
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


class PipelineConfig(AppConfig):
    """See the package."""

    name = "banyan.pipeline"
    label = "pipeline"

    def ready(self) -> None:
        """Called by Django once every app is there."""
        connection_created.connect(_compile_nothing)


def _compile_nothing(*, connection: BaseDatabaseWrapper, **_told: Any) -> None:
    """PostgreSQL compiles what it takes for dear, for a tenth of a second at a time; of a young
    table it knows nothing, and takes look-ups of some thousand keys for that."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off")
