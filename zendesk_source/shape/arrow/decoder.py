"""Decode bytes into pages of typed records, with a decoder that learns from earlier pages.

The decoder refuses what it was not made for: an unknown key, or a value of another type. Then it
learns from a sample of the page, and tries once more.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import orjson
import pyarrow as pa

from zendesk_source.api.paging.door import CheckedPage, are_keys, own_keys
from zendesk_source.catalogue import Stream
from zendesk_source.shape.arrow.layout import PageLayout, PagePlan
from zendesk_source.shape.custom_fields import FieldColumns
from zendesk_source.shape.rows import RowShaper
from zendesk_source.shape.values import fit

_SAMPLE_ROWS = 16


class DecodedPage(CheckedPage):
    """An envelope whose rows are records of a layout, and have their keys."""

    def __init__(self, envelope: Mapping[str, Any], layout: PageLayout) -> None:
        super().__init__(envelope)
        self.layout = layout


class PageDecoder:
    """Decodes the pages of one stream; safe for several threads.

    Args:
        stream: The stream of the pages.
        exact: Decides what becomes of each key.
        fields: Columns of the custom fields; None keeps them as JSON.
    """

    def __init__(self, stream: Stream, exact: RowShaper, fields: FieldColumns | None) -> None:
        self._stream = stream
        self._plan = PagePlan(stream, exact, fields)
        self._layout: PageLayout | None = None
        self._signature: object = None
        self._learning = threading.Lock()

    def decode(self, body: bytes) -> DecodedPage | None:
        """Return a page with its rows as records; None if it must be shaped row by row."""
        if not _is_utf8(body):
            return None
        layout = self._layout
        if layout is not None and (page := _decode(layout, body)) is not None:
            return self._keyed(page)
        layout = self.learn(_sample(body, self._list_keys()))
        page = None if layout is None else _decode(layout, body)
        return None if page is None else self._keyed(page)

    def learn(self, envelope: Mapping[str, Any]) -> PageLayout | None:
        """Note what is new in a page; return the layout if it had to be made anew."""
        with self._learning:
            self._plan.learn(envelope)
            signature = self._plan.signature()
            if signature == self._signature:
                return None
            self._signature = signature
            self._layout = self._plan.layout()
            return self._layout

    def _keyed(self, page: DecodedPage) -> DecodedPage | None:
        """Return the page if all its rows have keys; otherwise `RowShaper` must reject some."""
        rows = page[self._stream.rows_key]
        keys = own_keys(self._stream) if rows else ()
        are_keyed = all(self._are_keys(page.layout.own.values(rows, key), key) for key in keys)
        return page if are_keyed else None

    def _are_keys(self, values: Sequence[Any], key: str) -> bool:
        data_type = self._stream.columns[key]
        if data_type != "timestamp":
            return are_keys(values, data_type)
        return all(type(v) is str and fit(v, data_type)[1] == data_type for v in values)

    def _list_keys(self) -> list[str]:
        return [self._stream.rows_key, *(side.key for side in self._stream.side_tables)]


def _decode(layout: PageLayout, body: bytes) -> DecodedPage | None:
    try:
        return DecodedPage(layout.decode(body), layout)
    except (msgspec.DecodeError, RecursionError):
        return None


def _sample(body: bytes, list_keys: list[str]) -> dict[str, Any]:
    """Return the page with a few of its rows as plain JSON values; empty if it is not JSON."""
    try:
        raw = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        sample: dict[str, Any] = dict.fromkeys(raw)
        for key in list_keys:
            if key in raw:
                items = msgspec.json.decode(raw[key], type=list[msgspec.Raw] | None) or []
                chosen = items[:: max(1, len(items) // _SAMPLE_ROWS)]
                sample[key] = [orjson.loads(bytes(item)) for item in chosen]
    except ValueError:
        return {}
    return sample


def _is_utf8(body: bytes) -> bool:
    """Whether the body is valid UTF-8; the decoder does not check texts that it passes on."""
    offsets = pa.array([0, len(body)], pa.int32()).buffers()[1]
    text = pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(body)])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
