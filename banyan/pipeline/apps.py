"""The room as a Django app."""

from django.apps import AppConfig


class PipelineConfig(AppConfig):
    """See the package."""

    name = "banyan.pipeline"
    label = "pipeline"
