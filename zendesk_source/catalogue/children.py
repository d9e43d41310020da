"""A short way to declare what Zendesk shows for one parent at a time."""

from __future__ import annotations

from typing import Literal

from zendesk_source.catalogue.lists import ALL_IN_ONE_ANSWER, API_REFERENCE, LIST_PAGE_SIZE
from zendesk_source.catalogue.stream import (
    Columns,
    Paging,
    Parent,
    Product,
    Stream,
    WriteDisposition,
)


def child_list(
    name: str,
    path: str,
    parent: Parent,
    docs: str,
    columns: Columns,
    *,
    product: Product = "support",
    paging: Paging = Paging.CURSOR,
    primary_key: tuple[str, ...] = ("id",),
    records_key: str = "",
    page_size: int = LIST_PAGE_SIZE,
    write: WriteDisposition = "merge",
    bucket: str = "",
    keeps_history: bool = False,
    access: Literal["admin", "agent", "anyone"] = "agent",
    needs: str = "",
    note: str = "",
) -> Stream:
    """Declare rows that are read for those parents that tell of a change.

    Args:
        name: Of the stream and its table.
        path: Below ``/api/v2/``, with the parent's columns in braces.
        parent: What the rows belong to.
        docs: Below the root of Zendesk's reference.
        columns: Declared types.
        product: As in ``Stream``, like everything that follows.
        paging: Cursor unless said otherwise.
        primary_key: ``id`` unless said otherwise.
        records_key: Key of the rows, where it is not the name.
        page_size: 100 unless said otherwise.
        write: ``replace`` where every parent is asked on every sync, and they are few.
        bucket: Rate limit of its own.
        keeps_history: Its versions can be kept.
        access: Role that may read it.
        needs: Plan or feature.
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
        write=write,
        page_size=ALL_IN_ONE_ANSWER if paging is Paging.SINGLE else page_size,
        bucket=bucket,
        parent=parent,
        keeps_history=keeps_history,
        columns=columns,
        access=access,
        needs=needs,
        note=note,
        docs=API_REFERENCE + docs,
    )
