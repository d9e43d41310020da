"""Make Arrow tables of pages without a dict for each row: the tables of `shape`, but faster.

Nothing in this room decides what a page means, so a reader who wants to know what becomes of a row
may skip it. `shape` does not know it, and the rooms above use only the names below.
"""

from zendesk_source.shape.arrow.shaper import ArrowShaper
from zendesk_source.shape.arrow.table import TableArrow, together

__all__ = ["ArrowShaper", "TableArrow", "together"]
