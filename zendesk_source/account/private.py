"""Say what covers the private values of a stream, and whether an account's tables hold others."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from zendesk_source.account.connection import Connection
from zendesk_source.catalogue import Stream
from zendesk_source.errors import StreamRefused
from zendesk_source.extract.kept import PRIVATE
from zendesk_source.shape.custom_fields import FieldColumns, Owner
from zendesk_source.shape.private.fields import FieldGuide
from zendesk_source.shape.private.guard import OWNERS, Guard

_KEY_OF = b"zendesk_source: which key"
_DIGEST_LETTERS = 16
_OTHER_KEY = (
    "private_key is another one than before: hashes of rows that were loaded before do not join"
    " with those of new rows."
)
_OTHER_RULES = (
    "`private` is another one than before, and rows that were loaded before keep what they hold,"
    " until they change at Zendesk. To load a stream anew: zendesk-source reset STREAM"
    " --drop-tables."
)


def guard_of(stream: Stream, connection: Connection, fields: FieldColumns | None) -> Guard | None:
    """Return what covers the private values of a stream; None if nothing is private.

    Args:
        stream: The stream.
        connection: Its options say what is private; it is asked for definitions of fields.
        fields: Columns of the stream's custom fields; None if the fields become no columns.
    """
    rules = connection.options.rules
    if not rules:
        return None
    guides = {
        table: FieldGuide(partial(_definitions, owner, connection))
        for owner, table in OWNERS.items()
    }
    if stream.custom_fields == "custom_object":
        guides[stream.name] = FieldGuide(partial(_definitions, stream.name, connection))
    field_of = partial(_field_of, fields) if fields is not None else (lambda _column: None)
    return Guard(stream, rules, connection.private_key.encode(), guides, field_of)


def note_private(connection: Connection, state: dict[str, Any], *, has_rows: bool) -> str:
    """Note in a state what is private now; return what to tell of rows that were loaded before.

    Args:
        connection: Its options and its key.
        state: The account's part of it, to write to.
        has_rows: Whether anything was loaded before.

    Returns:
        Sentences; empty where nothing has changed.
    """
    rules, key = connection.options.rules, connection.private_key
    before: Mapping[str, str] = state.get(PRIVATE, {})
    now = {"rules": rules.text} if rules else {}
    if rules.hashes:
        now["key"] = hmac.digest(key.encode(), _KEY_OF, "sha256").hex()[:_DIGEST_LETTERS]
    if now == before:
        return ""
    state[PRIVATE] = now
    if not now:
        del state[PRIVATE]
    if not has_rows or not now:
        return ""
    is_other_key = "key" in before and "key" in now and before["key"] != now["key"]
    told = [_OTHER_KEY] if is_other_key else []
    return " ".join([*told, _OTHER_RULES] if now["rules"] != before.get("rules") else told)


def _definitions(owner: Owner, connection: Connection) -> Iterable[Mapping[str, Any]]:
    """Return the definitions that this sync knows; none where Zendesk refuses them."""
    request = connection.field_lists.get(owner)
    if request is None:
        return ()
    try:
        pages = connection.pages_read_once(request)
    except StreamRefused:
        return ()
    return [row for page in pages for row in page.rows]


def _field_of(fields: FieldColumns, column: str) -> str | None:
    """Return the key of the custom field that a column holds; an empty one if nobody knows it."""
    name = column.partition("__v_")[0]
    if not name.startswith("cf_"):
        return None
    by_column = {each.name: key for key, each in fields.by_key.items()}
    return by_column.get(name, "")
