"""Every stream as frozen data, a module for each group. New streams are added here."""

from __future__ import annotations

from zendesk_source.catalogue.chat import CHAT
from zendesk_source.catalogue.custom_field_rows import CUSTOM_FIELD_ROWS, with_custom_field_rows
from zendesk_source.catalogue.custom_objects import CUSTOM_OBJECT_FIELDS, CUSTOM_OBJECTS
from zendesk_source.catalogue.help_center import HELP_CENTER
from zendesk_source.catalogue.help_center_children import HELP_CENTER_CHILDREN
from zendesk_source.catalogue.stream import (
    DELETED_NOW,
    PRODUCTS,
    TAKEN_AT,
    WHOLE_ANSWER,
    ById,
    Columns,
    DataType,
    Origin,
    Paging,
    Parent,
    Product,
    SideTable,
    Stream,
    WriteDisposition,
)
from zendesk_source.catalogue.support.account import SUPPORT_ACCOUNT
from zendesk_source.catalogue.support.activity import SUPPORT_ACTIVITY
from zendesk_source.catalogue.support.children import SUPPORT_CHILDREN
from zendesk_source.catalogue.support.exports import SUPPORT_EXPORTS
from zendesk_source.catalogue.support.lists import SUPPORT_LISTS
from zendesk_source.catalogue.support.routing import SUPPORT_ROUTING
from zendesk_source.catalogue.support.rules import SUPPORT_RULES
from zendesk_source.catalogue.talk import TALK

STREAMS: tuple[Stream, ...] = (
    *SUPPORT_EXPORTS,
    *SUPPORT_LISTS,
    *SUPPORT_RULES,
    *SUPPORT_ROUTING,
    *SUPPORT_ACCOUNT,
    *SUPPORT_ACTIVITY,
    *SUPPORT_CHILDREN,
    *HELP_CENTER,
    *HELP_CENTER_CHILDREN,
    *TALK,
    *CHAT,
    *CUSTOM_OBJECTS,
)

__all__ = [
    "CUSTOM_FIELD_ROWS",
    "CUSTOM_OBJECT_FIELDS",
    "DELETED_NOW",
    "PRODUCTS",
    "STREAMS",
    "TAKEN_AT",
    "WHOLE_ANSWER",
    "ById",
    "Columns",
    "DataType",
    "Origin",
    "Paging",
    "Parent",
    "Product",
    "SideTable",
    "Stream",
    "WriteDisposition",
    "with_custom_field_rows",
]
