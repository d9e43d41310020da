"""Custom fields as tables with a row for each value, for ``custom_fields="rows"``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

from zendesk_source.catalogue.stream import Origin, SideTable, Stream, columns

_REFERENCE = "https://developer.zendesk.com/api-reference/ticketing/"


def _field_values(
    owner: str, key: str, field: str, field_type: Literal["bigint", "text"], docs: str
) -> SideTable:
    types = {"bigint": f"{owner}_id", "text": "value"}
    types[field_type] += f" {field}"
    return SideTable(
        name=f"{owner}_custom_fields",
        origin=Origin.FIELD_VALUES,
        key=key,
        primary_key=(f"{owner}_id", field),
        parent_column=f"{owner}_id",
        is_whole_set=True,
        replaces_key=True,
        columns=columns(**types),
        docs=_REFERENCE + docs,
    )


CUSTOM_FIELD_ROWS: Mapping[str, SideTable] = MappingProxyType(
    {
        "ticket": _field_values(
            "ticket", "custom_fields", "field_id", "bigint", "tickets/ticket_fields/"
        ),
        "user": _field_values("user", "user_fields", "field_key", "text", "users/user_fields/"),
        "organization": _field_values(
            "organization",
            "organization_fields",
            "field_key",
            "text",
            "organizations/organization_fields/",
        ),
    }
)
"""Side tables by what the fields belong to. Tickets have fields by id, the others by key."""


def with_custom_field_rows(stream: Stream) -> Stream:
    """Return a stream whose custom fields become rows of a side table."""
    side = CUSTOM_FIELD_ROWS.get(stream.custom_fields or "")
    if side is None:  # also records of custom objects, which keep their fields as JSON
        return stream
    return replace(stream, side_tables=(*stream.side_tables, side))
