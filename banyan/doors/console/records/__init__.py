"""records: lists of everything that is kept, in and out as files."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from banyan.doors.console.menu import Entry, Group
from banyan.doors.console.records import imports, lists
from banyan.doors.console.records.kinds import KINDS

MENU = (
    Group(
        _("Records"),
        (
            Entry(
                _("All lists"),
                "table_rows",
                "records",
                tuple(dict.fromkeys(kind.right for kind in KINDS)),
            ),
            Entry(_("Import"), "upload_file", "imports", ("records.import",)),
        ),
    ),
)


def urlpatterns() -> list[URLPattern | URLResolver]:
    """The part's addresses."""
    return [
        path("records/", lists.index, name="records"),
        path("records/<slug:slug>/", lists.rows, name="record_list"),
        path("records/<slug:slug>/views/", lists.views, name="record_views"),
        path("records/<slug:slug>/do/", lists.do, name="record_do"),
        path("records/<slug:slug>/file/", lists.file, name="record_file"),
        path("records/<slug:slug>/one/", lists.row, name="record"),
        path("imports/", imports.imports, name="imports"),
        path("imports/<int:number>/", imports.one, name="import"),
        path("imports/<int:number>/progress/", imports.progress, name="import_progress"),
        path("imports/<int:number>/report.csv", imports.report, name="import_report"),
    ]
