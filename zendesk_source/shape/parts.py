"""Read lists inside a row. A text is not taken for a list of letters, and nothing is dropped.

A value that is no list, or an entry that is no object, is rejected. The row itself is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zendesk_source.api.paging.door import (
    Reject,
    Rejected,
    is_key,
    kind_of,
    not_an_object,
    not_what,
)


def part_of(table: str, row: Any, key: str, why: str) -> Rejected:
    """Return the value under a row's key as a rejected part."""
    return Rejected(table, why, {"id": row.get("id"), key: row.get(key)})


def entry_of(table: str, row: Any, key: str, entry: Any, why: str) -> Rejected:
    """Return one entry of a row's list as a rejected part."""
    return Rejected(table, why, {"id": row.get("id"), key: [entry]})


def listed(table: str, row: Any, key: str, reject: Reject) -> list[Any]:
    """Return the list under a key; an empty one if there is none.

    Args:
        table: Table that the entries belong to.
        row: Row that holds the list.
        key: Key of the list.
        reject: Called with a value that is no list.
    """
    found = row.get(key)
    if isinstance(found, list):
        return found
    if found is not None:
        reject(part_of(table, row, key, not_what(key, found, "a list")))
    return []


def objects_in(table: str, row: Any, key: str, reject: Reject) -> Iterator[tuple[int, Any]]:
    """Yield the objects in the list under a key, each with its index; arguments as ``listed``."""
    for place, entry in enumerate(listed(table, row, key, reject)):
        if isinstance(entry, Mapping):
            yield place, entry
        else:
            why = not_an_object(f"an entry of `{key}`", entry)
            reject(entry_of(table, row, key, entry, why))


def all_objects_in(table: str, row: Any, key: str, reject: Reject) -> list[Any]:
    """Return the objects in the list under a key; the list itself if it holds nothing else."""
    found = row.get(key)
    if type(found) is list and all(type(entry) is dict for entry in found):
        return found
    return [entry for _, entry in objects_in(table, row, key, reject)]


def keys_in(table: str, row: Any, key: str, reject: Reject) -> Iterable[Any]:
    """Return the texts and whole numbers in the list under a key; arguments as ``listed``."""
    found = row.get(key)
    if type(found) is list and set(map(type, found)) <= {str}:
        return found
    return _keys_in(table, row, key, reject)


def _keys_in(table: str, row: Any, key: str, reject: Reject) -> Iterator[Any]:
    for entry in listed(table, row, key, reject):
        if is_key(entry, "text"):
            yield entry
        else:
            reject(entry_of(table, row, key, entry, no_key(f"an entry of `{key}`", entry)))


def fields_in(table: str, row: Any, key: str, reject: Reject) -> Iterable[tuple[Any, Any]]:
    """Return the custom fields under a key and their values; arguments as ``listed``.

    An object has them by key, a list by id.
    """
    fields = row.get(key)
    if isinstance(fields, Mapping):
        return fields.items()
    try:
        named = {field["id"]: field.get("value") for field in fields or ()}
    except (AttributeError, KeyError, TypeError):
        return _fields_in(table, row, key, reject)
    if set(map(type, named)) <= {int, str} and isinstance(fields, list):
        return named.items()
    return _fields_in(table, row, key, reject)


def _fields_in(table: str, row: Any, key: str, reject: Reject) -> Iterable[tuple[Any, Any]]:
    named: dict[Any, Any] = {}
    for _, field in objects_in(table, row, key, reject):
        field_id = field.get("id")
        if is_key(field_id, "text"):
            named[field_id] = field.get("value")
        else:
            why = no_key(f"the `id` of an entry of `{key}`", field_id)
            reject(entry_of(table, row, key, field, why))
    return named.items()


def no_key(what: str, value: Any) -> str:
    """Return the reason to reject a value that is no key."""
    return f"{what} is {kind_of(value)}, which is no key"


def ignore(_rejected: Rejected) -> None:
    """Reject nothing here; the same part is rejected elsewhere."""
