"""frozen: rows that the database itself refuses to change."""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations.base import Operation


class Frozen(Operation):
    """From this migration on the database refuses to change or delete rows of a table.

    `may_change` names columns that may. `only` is a condition in SQL over `OLD`, for tables of
    which only some rows are frozen.
    """

    reversible = True

    def __init__(self, table: str, may_change: tuple[str, ...] = (), only: str = "") -> None:
        self.table = table
        self.may_change = may_change
        self.only = only

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models stay as they are."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Make the triggers."""
        models = to_state.apps.get_app_config(app_label).get_models()
        [model] = [m for m in models if m._meta.db_table == self.table]
        columns = [f.column for f in model._meta.local_fields if f.column not in self.may_change]
        of = ", ".join(f'"{column}"' for column in columns)
        for what, on in (("update", f"UPDATE OF {of}"), ("delete", "DELETE")):
            self._trigger(schema_editor, what, on)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Drop them."""
        is_postgres = schema_editor.connection.vendor == "postgresql"
        for what in ("update", "delete"):
            on = f' ON "{self.table}"' if is_postgres else ""
            schema_editor.execute(f'DROP TRIGGER "{self.table}_no_{what}"{on}')
        if is_postgres:
            schema_editor.execute(f'DROP FUNCTION "{self.table}_frozen"()')

    def describe(self) -> str:
        """For `migrate`."""
        return f"Rows of {self.table} no longer change"

    def _trigger(self, schema_editor: Any, what: str, on: str) -> None:
        sentence = f"rows of {self.table} are never changed or deleted"
        when = f"WHEN ({self.only})" if self.only else ""
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(
                f'CREATE OR REPLACE FUNCTION "{self.table}_frozen"() RETURNS trigger AS '
                f"$$ BEGIN RAISE EXCEPTION '{sentence}'; END $$ LANGUAGE plpgsql",
                params=None,
            )
            then = f'EXECUTE FUNCTION "{self.table}_frozen"()'
            begin, end = "", ""
        else:
            then, begin, end = f"SELECT RAISE(ABORT, '{sentence}');", "BEGIN ", " END"
        schema_editor.execute(
            f'CREATE TRIGGER "{self.table}_no_{what}" BEFORE {on} ON "{self.table}" '
            f"FOR EACH ROW {when} {begin}{then}{end}",
            params=None,
        )
