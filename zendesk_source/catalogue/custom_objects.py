"""Custom objects: which ones an account has defined."""

from __future__ import annotations

from zendesk_source.catalogue.lists import whole_list
from zendesk_source.catalogue.stream import Paging, Stream, columns

CUSTOM_OBJECT_TYPES = whole_list(
    "custom_objects",
    "custom_objects",
    "custom-data/custom-objects/custom_objects/",
    columns(
        timestamp="created_at updated_at",
        text="key url title raw_title title_pluralized raw_title_pluralized description"
        " raw_description created_by_user_id updated_by_user_id",
        bool="allows_photos include_in_list_view",
    ),
    product="custom_objects",
    paging=Paging.SINGLE,
    primary_key=("key",),
    needs="custom objects switched on",
)

CUSTOM_OBJECTS: tuple[Stream, ...] = (CUSTOM_OBJECT_TYPES,)
