"""A short way to declare lists that cannot be asked for changes, and objects.

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
    """Declare a list that is read from beginning to end, on every sync.

    A list that is shown for one parent at a time is read only for the parents that changed.

    Args:
        name: Name of the stream and its table.
        path: Path below ``/api/v2/``, with the parent's columns in braces.
        docs: Page below the root of Zendesk's reference.
        columns: Declared types.
        product: As in ``Stream``, like everything that follows.
        paging: By cursor by default.
        primary_key: ``id`` by default.
        records_key: Key of the rows, if it is not the name.
        write: ``replace`` by default, ``merge`` with a parent; ``append`` for snapshots.
        page_size: 100 by default.
        bucket: The endpoint's own rate limit.
        parent: What the rows belong to.
        is_of_brand: Whether each brand's Help Center shows its own rows, which get a ``brand_id``.
        side_tables: Tables filled from the same pages.
        derive: Computes further columns from a row.
        is_deleted: Whether a row is shown although it is deleted.
        keeps_history: Whether its versions can be kept.
        access: Role that may read it.
        needs: Plan or feature that it needs.
        is_core: Whether it is read unless streams are named.
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
    """Return the columns of a table that each brand's Help Center fills with its own rows."""
    return MappingProxyType({"brand_id": "bigint", **columns})


def only_row(_row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the one row of an object an id, because Zendesk gives it none."""
    return {"id": 1}
