"""The cursors of Zendesk's two cursor styles, as recorded answers hold them."""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Any

import orjson

from zendesk_source.simulator.timeline import Key, Position


class BadCursor(Exception):
    """A cursor that this server did not give out."""


def export_cursor(position: Position) -> str:
    """Return the cursor after a row of an export: base64 of ``"<epoch>.0||<id>|"``."""
    second, key = position
    return base64.b64encode(f"{second}.0||{key}|".encode()).decode()


def export_position(cursor: str) -> tuple[int, Key]:
    """Return (second, key) of the row that an export cursor points at."""
    try:
        text = base64.b64decode(cursor, validate=True).decode()
        second, separator, key = text.partition(".0||")
        if not separator or not key.endswith("|"):
            raise BadCursor(cursor)
        name = key[:-1]
        return int(second), int(name) if name.isdigit() else name
    except (binascii.Error, ValueError) as error:
        raise BadCursor(cursor) from error


def list_cursor(order: str, values: tuple[Any, ...]) -> str:
    """Return the cursor at a row of a list: base64 of JSON with packed order columns.

    Packed as recorded: ``i`` + int64 little-endian, ``s`` + uint32 length + UTF-8.
    """
    packed = bytearray()
    for value in values:
        if isinstance(value, int):
            packed += b"i" + struct.pack("<q", value)
        else:
            text = str(value).encode()
            packed += b"s" + struct.pack("<I", len(text)) + text
    wrapped = {"o": order, "v": base64.b64encode(bytes(packed)).decode()}
    return base64.b64encode(orjson.dumps(wrapped)).decode()


def list_position(order: str, cursor: str) -> tuple[Any, ...]:
    """Return the order columns of the row that a list cursor points at."""
    try:
        wrapped = orjson.loads(base64.b64decode(cursor, validate=True))
        if wrapped["o"] != order:
            raise BadCursor(cursor)
        return tuple(_unpacked(base64.b64decode(wrapped["v"], validate=True)))
    except (binascii.Error, ValueError, KeyError, TypeError, struct.error) as error:
        raise BadCursor(cursor) from error


def _unpacked(packed: bytes) -> list[Any]:
    values: list[Any] = []
    at = 0
    while at < len(packed):
        kind = packed[at : at + 1]
        if kind == b"i":
            values.append(struct.unpack_from("<q", packed, at + 1)[0])
            at += 9
        elif kind == b"s":
            length = struct.unpack_from("<I", packed, at + 1)[0]
            values.append(packed[at + 5 : at + 5 + length].decode())
            at += 5 + length
        else:
            raise BadCursor("unknown type in a cursor")
    return values
