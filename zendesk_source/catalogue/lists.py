"""A short way to declare lists without a "changed since", and objects.

Where an endpoint takes ``page[size]`` it must be sent: without it the endpoint falls back to
offset paging, which ends with an error at 10,000 rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from zendesk_source.catalogue.stream import (
    Columns,
    Paging,
    Parent,
    Product,
    SideTable,
    Stream,
    WriteDisposition,
)

API_REFERENCE = "https://developer.zendesk.com/api-reference/"
LIST_PAGE_SIZE = 100
ALL_IN_ONE_ANSWER = 0

_WITHOUT_PAGES = (Paging.SINGLE, Paging.OBJECT)


def whole_list(
    name: str,
    path: str,
    docs: str,
    columns: Columns,
    *,
    product: Product = "support",
    paging: Paging = Paging.CURSOR,
    primary_key: tuple[str, ...] = ("id",),
    records_key: str = "",
    write: WriteDisposition | None = None,
    page_size: int = LIST_PAGE_SIZE,
    bucket: str = "",
    parent: Parent | None = None,
    is_of_brand: bool = False,
    side_tables: tuple[SideTable, ...] = (),
    derive: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    is_deleted: Callable[[Mapping[str, Any]], bool] | None = None,
    keeps_history: bool = False,
    access: Literal["admin", "agent", "anyone"] = "agent",
    needs: str = "",
    is_core: bool = False,
    note: str = "",
) -> Stream:
    """Declare a list that is read from its beginning to its end, on every sync.

    One that is shown for one parent at a time is read for those parents that tell of a change.

    Args:
        name: Of the stream and its table.
        path: Below ``/api/v2/``; with the parent's columns in braces.
        docs: Below the root of Zendesk's reference.
        columns: Declared types.
        product: As in ``Stream``, like everything that follows.
        paging: Cursor unless said otherwise.
        primary_key: ``id`` unless said otherwise.
        records_key: Key of the rows, where it is not the name.
        write: ``replace`` unless said otherwise, ``merge`` with a parent; ``append`` for
            snapshots.
        page_size: 100 unless said otherwise.
        bucket: Rate limit of its own.
        parent: What the rows belong to.
        is_of_brand: Each brand's Help Center shows rows of its own; they get a ``brand_id``.
        side_tables: Filled from the same pages.
        derive: Columns worked out from a row.
        is_deleted: Tells deleted rows.
        keeps_history: Its versions can be kept.
        access: Role that may read it.
        needs: Plan or feature.
        is_core: Read unless streams are named.
        note: What to know about the table.
    """
    return Stream(
        name=name,
        product=product,
        path=f"/api/v2/{path}",
        records_key=records_key,
        paging=paging,
        primary_key=primary_key,
        cursor_field=None,
        write=write or ("merge" if parent else "replace"),
        page_size=ALL_IN_ONE_ANSWER if paging in _WITHOUT_PAGES else page_size,
        bucket=bucket,
        parent=parent,
        is_of_brand=is_of_brand,
        side_tables=side_tables,
        derive=derive,
        is_deleted=is_deleted,
        keeps_history=keeps_history,
        columns=with_brand(columns) if is_of_brand else columns,
        access=access,
        needs=needs,
        is_core=is_core,
        note=note,
        docs=API_REFERENCE + docs,
    )


def with_brand(columns: Columns) -> Columns:
    """Return the columns of what each brand's Help Center has for itself."""
    return MappingProxyType({"brand_id": "bigint", **columns})


def only_row(_row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Number the one row of an object that Zendesk gives no id."""
    return {"id": 1}
