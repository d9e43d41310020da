"""Views over what was loaded: tickets with labels, their figures, another connector's tables."""

from __future__ import annotations

import dlt

from zendesk_source.views.labels import drop_labels, show_labels
from zendesk_source.views.shapes import (
    LeftOut,
    MadeViews,
    ViewsReport,
    drop_shapes,
    make_views,
    remake_shapes,
)

__all__ = ["LeftOut", "MadeViews", "ViewsReport", "drop_views", "make_views", "refresh_views"]


def refresh_views(pipeline: dlt.Pipeline, section: str) -> None:
    """Bring all views up to the tables and columns that exist now.

    Args:
        pipeline: The pipeline that loaded the tables.
        section: Name of the source in the pipeline's state and schemas.
    """
    show_labels(pipeline, section)
    remake_shapes(pipeline)


def drop_views(pipeline: dlt.Pipeline) -> None:
    """Drop all views, which keep Postgres from dropping the tables below them."""
    drop_shapes(pipeline)
    drop_labels(pipeline)
