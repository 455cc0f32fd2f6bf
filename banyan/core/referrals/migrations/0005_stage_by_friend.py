"""A referral's stages are found by the friend: the unique index over them begins with it.

On PostgreSQL the new index is built while others read and write, before the old one goes, so that
the line does not wait for it however long the table is. Stopped half way, it is begun again.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations, models, transaction
from django.db.migrations.operations.base import Operation

_MODEL, _NAME = "stagechange", "stage_once"


class OtherOrder(Operation):
    """Puts the constraint in place of the one of its name over other columns."""

    reversible = True

    def __init__(self, fields: tuple[str, ...], before: tuple[str, ...]) -> None:
        self.fields, self.before = fields, before

    def state_forwards(self, app_label: str, state: Any) -> None:
        """See Operation."""
        state.remove_constraint(app_label, _MODEL, _NAME)
        state.add_constraint(app_label, _MODEL, _unique(self.fields))

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """See Operation."""
        _replace(schema_editor, to_state.apps.get_model(app_label, _MODEL), self.fields)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """See Operation."""
        _replace(schema_editor, to_state.apps.get_model(app_label, _MODEL), self.before)

    def describe(self) -> str:
        """See Operation."""
        return f"Order the columns of {_NAME} as {', '.join(self.fields)}"


def _unique(fields: tuple[str, ...]) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=fields, name=_NAME)


def _replace(schema_editor: Any, model: Any, fields: tuple[str, ...]) -> None:
    """On a table that may be in any state in which this was stopped before."""
    if schema_editor.connection.vendor != "postgresql":
        with transaction.atomic(schema_editor.connection.alias):
            # Makes the table anew, with the constraints the model has.
            schema_editor.add_constraint(model, _unique(fields))
        return
    table, columns = model._meta.db_table, ", ".join(f'"{name}"' for name in fields)
    # One whose building was stopped is there all the same, and holds nothing.
    schema_editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{_NAME}_new"')
    schema_editor.execute(
        f'CREATE UNIQUE INDEX CONCURRENTLY "{_NAME}_new" ON "{table}" ({columns})'
    )
    schema_editor.execute(
        f'ALTER TABLE "{table}" DROP CONSTRAINT "{_NAME}", '
        f'ADD CONSTRAINT "{_NAME}" UNIQUE USING INDEX "{_NAME}_new"'
    )


class Migration(migrations.Migration):
    """See above."""

    atomic = False

    dependencies = [
        ("referrals", "0004_tally"),
    ]

    operations = [
        OtherOrder(("friend", "program", "stage"), before=("program", "friend", "stage")),
    ]
