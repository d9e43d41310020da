"""The door: takes rows that fit no table out of a page.

All code behind it may rely on this: a row is an object, and its key is present and of its type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zendesk_source.api.paging.request import Request
from zendesk_source.catalogue import TAKEN_AT, DataType, Origin, Paging, SideTable, Stream
from zendesk_source.errors import UnexpectedAnswer

BIGINT = range(-(2**63), 2**63)
WHOLE_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row, or a part of one, that fits no table.

    Attributes:
        table: The table it would belong to.
        reason: Why it does not fit: names of keys and kinds of values, never a value.
        row: The row as Zendesk sent it.
    """

    table: str
    reason: str
    row: Any


class CheckedPage(dict[str, Any]):
    """An envelope whose rows were checked by their decoder, and fit."""


def let_in(
    envelope: Mapping[str, Any], request: Request
) -> tuple[Mapping[str, Any], tuple[Rejected, ...]]:
    """Take rows out of a page that are no objects or have no usable key.

    Args:
        envelope: The decoded page; its rows are a list.
        request: What was asked for. Rejected rows are reported under the name it counts for.

    Returns:
        The page (the same one if everything fits), and the rows that were taken out.

    Raises:
        UnexpectedAnswer: A side table's rows beside the main ones are no list. If the page were
            accepted without them, they would never be asked for again.
    """
    if isinstance(envelope, CheckedPage):
        return envelope, ()
    changed: dict[str, Any] = {}
    rejected: list[Rejected] = []
    for name, table, key in _tables_of(request):
        if key not in envelope:
            continue
        rows = envelope[key]
        if not isinstance(rows, list):
            raise UnexpectedAnswer(
                f"{request.counted_for}: {not_what(key, rows, 'a list')}.",
                "Nothing was taken for empty; the stream goes on from here next time.",
            )
        if found := list(misfits(rows, table)):
            rejected += (Rejected(name, why, rows[at]) for at, why in found)
            out = {at for at, _ in found}
            changed[key] = [row for at, row in enumerate(rows) if at not in out]
    return ({**envelope, **changed} if changed else envelope), tuple(rejected)


def is_key(value: Any, data_type: DataType) -> bool:
    """Whether a value can be a key in a column of this type."""
    if isinstance(value, str):
        return data_type != "bigint" or (
            WHOLE_NUMBER.fullmatch(value) is not None and int(value) in BIGINT
        )
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return is_number and value in BIGINT and data_type in ("bigint", "text")


def kind_of(value: Any) -> str:
    """Return what kind of JSON value this is, for messages."""
    return _KINDS.get(type(value), "an object")


def not_what(key: str, value: Any, wanted: str) -> str:
    """Return the reason to reject a value that is not of the kind its key should hold."""
    return f"`{key}` is {kind_of(value)}, not {wanted}"


def not_an_object(what: str, value: Any) -> str:
    """Return the reason to reject something that should be an object."""
    return f"{what} is {kind_of(value)}, not an object"


def unusable_keys(
    row: Mapping[str, Any], keys: Iterable[str], types: Mapping[str, DataType]
) -> str:
    """Return the reason to reject a row without usable keys; empty if its keys are usable."""
    unfit = [key for key in keys if not is_key(row.get(key), types[key])]
    if not unfit:
        return ""
    missing = [key for key in unfit if row.get(key) is None]
    if missing:
        return f"no {', '.join(missing)}"
    return ", ".join(f"`{key}` is {kind_of(row[key])}, which is no key" for key in unfit)


def _tables_of(request: Request) -> Iterator[tuple[str, Stream | SideTable, str]]:
    yield request.counted_for, request.stream, request.stream.rows_key
    for side in request.stream.side_tables:
        if side.origin is Origin.BESIDE:
            yield side.name, side, side.key


def misfits(rows: list[Any], table: Stream | SideTable) -> Iterator[tuple[int, str]]:
    """Yield the index of each row that does not fit, and why."""
    keys, types = own_keys(table), table.columns
    are_objects = all(isinstance(row, Mapping) for row in rows)
    if are_objects and all(_are_usable([row.get(key) for row in rows], types[key]) for key in keys):
        return
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping):
            yield at, not_an_object("the row", row)
        elif why := unusable_keys(row, keys, types):
            yield at, why


def are_keys(values: Sequence[Any], data_type: DataType) -> bool:
    """Whether all values are clearly keys, so that none must be looked at by itself."""
    kinds = set(map(type, values))
    if data_type == "bigint":
        return kinds == {int} and min(values) in BIGINT and max(values) in BIGINT
    return kinds == {str} and data_type == "text"


def _are_usable(values: Sequence[Any], data_type: DataType) -> bool:
    return are_keys(values, data_type) or all(is_key(value, data_type) for value in values)


def own_keys(table: Stream | SideTable) -> list[str]:
    """Return the key columns that Zendesk sends with a row; we add the others."""
    if isinstance(table, SideTable):
        parent = (table.parent_column,) if table.is_whole_set else ()
        return list(dict.fromkeys((*table.primary_key, *parent)))
    if table.paging is Paging.OBJECT:
        return []  # the one row of an object is told from no other
    added = {TAKEN_AT, *([table.parent.column] if table.parent is not None else ())}
    return [key for key in table.primary_key if key not in added]


_KINDS: Mapping[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number with a fraction",
    str: "a text",
    list: "a list",
}

Reject = Callable[[Rejected], object]
"""Called with each row, or part of a row, that fits no table."""
