"""The streams of custom objects: the objects of an account, their fields and their records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zendesk_source.catalogue.lists import API_REFERENCE, whole_list
from zendesk_source.catalogue.stream import Paging, Parent, Stream, columns

_DOCS = "custom-data/custom-objects/"
_NEEDS = "custom objects switched on"
EXPORT_PAGE_SIZE = 1000

CUSTOM_OBJECT_TYPES = whole_list(
    "custom_objects",
    "custom_objects",
    _DOCS + "custom_objects/",
    columns(
        timestamp="created_at updated_at",
        text="key url title raw_title title_pluralized raw_title_pluralized description"
        " raw_description created_by_user_id updated_by_user_id",
        bool="allows_photos include_in_list_view",
    ),
    product="custom_objects",
    paging=Paging.SINGLE,
    primary_key=("key",),
    needs=_NEEDS,
)


CUSTOM_OBJECT_FIELDS = whole_list(
    "custom_object_fields",
    "custom_objects/{key}/fields",
    _DOCS + "custom_object_fields/",
    columns(
        bigint="id position",
        timestamp="created_at updated_at",
        text="custom_object_key url key type title raw_title description raw_description"
        " regexp_for_validation tag relationship_target_type",
        bool="active system",
        json="custom_field_options relationship_filter properties",
    ),
    parent=Parent(stream=CUSTOM_OBJECT_TYPES, noun="custom object", column="custom_object_key"),
    product="custom_objects",
    needs=_NEEDS,
)


def _is_deleted_record(record: Mapping[str, Any]) -> bool:
    return bool(record.get("name") == "[DELETED]")


def _record_flags(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"is_deleted": _is_deleted_record(record)}


CUSTOM_OBJECT_RECORDS = Stream(
    name="custom_object_records",
    product="custom_objects",
    path="/api/v2/incremental/custom_objects/{key}/cursor",
    paging=Paging.CURSOR_EXPORT,
    primary_key=("id",),
    cursor_field="updated_at",
    write="merge",
    page_size=EXPORT_PAGE_SIZE,
    bucket="incremental-custom-objects",
    custom_fields="custom_object",
    each_of=CUSTOM_OBJECT_TYPES,
    derive=_record_flags,
    is_deleted=_is_deleted_record,
    columns=columns(
        bigint="created_by_user_id updated_by_user_id",
        timestamp="created_at updated_at",
        text="id url name external_id custom_object_key",
        bool="is_deleted",
        json="photo",
    ),
    access="agent",
    needs=_NEEDS,
    note="One table for each object, `custom_object_<key>`, with a typed `cf_` column for each of"
    " its fields. A new object appears by itself. Ten requests a minute.",
    docs=API_REFERENCE + _DOCS + "custom_object_records/#incremental-custom-object-record-export",
)

CUSTOM_OBJECTS: tuple[Stream, ...] = (
    CUSTOM_OBJECT_TYPES,
    CUSTOM_OBJECT_FIELDS,
    CUSTOM_OBJECT_RECORDS,
)
