"""The custom objects of an account: which there are, and what an export of one is called."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from typing import TypeVar

from zendesk_source.account.connection import Connection
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.paging import request_of
from zendesk_source.catalogue import CUSTOM_OBJECT_FIELDS, STREAMS, Stream
from zendesk_source.errors import NotOnThisPlan
from zendesk_source.shape.custom_fields import slug_of

TABLE_PREFIX = "custom_object_"
OBJECTS_NOTE = "objects"
"""What the note is about that objects, and so rows, are missing."""
_TABLES = {table.name for stream in STREAMS for table in stream.tables}

T = TypeVar("T")


def keys_of_objects(stream: Stream, connection: Connection, run: StreamRun) -> list[str]:
    """Return the keys of all objects, and note those that have no usable one.

    Args:
        stream: Their records.
        connection: The account.
        run: The stream's run.

    Raises:
        ZendeskError: They cannot be listed.
    """
    assert stream.each_of is not None
    request = request_of(stream.each_of, counted_for=stream.name)
    keys: dict[str, None] = {}  # a list that shifts shows one twice
    for page in connection.pages_read_once(request):
        keys.update((str(row["key"]), None) for row in page.rows)
        if page.rejected:
            text = f"{len(page.rejected)} objects have no usable key and were not asked for."
            run.note(OBJECTS_NOTE, text, is_missing=True)
    return list(keys)


def export_of(stream: Stream, key: str, table: str, connection: Connection) -> Stream:
    """Return the export of one object's records as a stream of its own.

    Args:
        stream: Records of custom objects.
        key: Key of the object.
        table: Name of the object's table.
        connection: Notes how its fields are described.
    """
    describe_by(key, table, connection)
    path = request_of(stream, parent={"key": key}).path
    return replace(stream, name=table, path=path, records_key=stream.rows_key, each_of=None)


def describe_by(key: str, name: str, connection: Connection) -> None:
    """Note the request for the fields of an object, which describe its records."""
    connection.field_lists[name] = request_of(CUSTOM_OBJECT_FIELDS, parent={"key": key})


def table_of(key: str, names: MutableMapping[str, str]) -> str:
    """Return the name of an object's table, which never changes.

    Args:
        key: Key of the object.
        names: Tables by key. New ones are added; the state keeps them.
    """
    if key not in names:
        name = f"{TABLE_PREFIX}{slug_of(key)}"
        taken = _TABLES.union(names.values())
        while name in taken:
            name += "_2"
        names[key] = name
    return names[key]


def of_object(key: str, items: Iterator[T]) -> Iterator[T]:
    """Explain a 404 for an object: it was listed before, so the plan is not the reason.

    Raises:
        NotOnThisPlan: It answered 404.
    """
    try:
        yield from items
    except NotOnThisPlan as refused:
        raise NotOnThisPlan(
            refused.what,
            f"The object {key} was deleted since it was listed, or is hidden from these"
            " credentials; the others were read.",
        ) from refused
