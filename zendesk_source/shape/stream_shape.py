"""How one stream's pages become tables, which outlives a load package."""

from __future__ import annotations

from dataclasses import dataclass, field

from zendesk_source.shape.arrow import ArrowShaper
from zendesk_source.shape.custom_fields import FieldColumns
from zendesk_source.shape.room import Room
from zendesk_source.shape.rows import RowShaper


@dataclass(frozen=True, slots=True)
class StreamShape:
    """How one stream's pages become tables.

    Attributes:
        shaper: Makes them.
        fields: Columns of the custom fields; None where they have none.
        is_refused: Whether they were to have some, and Zendesk has never described them.
        rooms: What the destination has room for, by table.
    """

    shaper: RowShaper | ArrowShaper
    fields: FieldColumns | None
    is_refused: bool
    rooms: dict[str, Room] = field(default_factory=dict)
