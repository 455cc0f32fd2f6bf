"""told: `{{ row.reason|told }}`, a sentence that was kept in English, in the reader's language."""

from __future__ import annotations

from django import template

from banyan.doors.refusals import translated

register = template.Library()
register.filter("told", translated)
