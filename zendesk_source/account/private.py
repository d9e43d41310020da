"""Say what covers the private values of a stream, and whether an account's tables hold others."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from functools import partial
from typing import Any

from zendesk_source.account.connection import Connection
from zendesk_source.account.custom_objects import TABLE_PREFIX
from zendesk_source.api.clock import Stopped
from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.errors import StreamRefused, ZendeskError
from zendesk_source.extract.kept import PRIVATE
from zendesk_source.names import MORE
from zendesk_source.shape.custom_fields import FieldColumns, Owner
from zendesk_source.shape.private.fields import BY_FIELD, OWNERS, FieldGuide
from zendesk_source.shape.private.guard import Guard
from zendesk_source.shape.private.rules import (
    COPIED,
    COPIES,
    TABLES,
    Rule,
    columns_of,
    did_you_mean,
)
from zendesk_source.shape.tables import Table

Row = Mapping[str, Any]
CoverStored = Callable[[Row, Any], Row]

_KEY_OF = b"zendesk_source: which key"
_DIGEST_LETTERS = 16
_MET, _SINCE = "met", "since"
_BY_NAME = {stream.name: stream for stream in STREAMS}
_OTHER_KEY = (
    "private_key is another one than before: hashes of rows that were loaded before do not join"
    " with those of new rows."
)
_OTHER_RULES = (
    "`private` is another one than before, and rows that were loaded before keep what they hold,"
    " until they change at Zendesk. To load a stream anew: zendesk-source reset STREAM"
    " --drop-tables."
)


def guard_of(
    stream: Stream,
    connection: Connection,
    fields: FieldColumns | None,
    names: Mapping[str, Mapping[str, str]],
) -> Guard | None:
    """Return what covers the private values of a stream; None if nothing is private.

    Args:
        stream: The stream.
        connection: Its options say what is private; it is asked for definitions of fields.
        fields: Columns of the stream's custom fields; None if the fields become no columns.
        names: Columns of all custom fields that have one, by owner and field.
    """
    rules = connection.options.rules
    if not rules:
        return None
    owners = dict(OWNERS)
    if stream.custom_fields == "custom_object":
        objects = [name for name in connection.field_lists if name.startswith(TABLE_PREFIX)]
        owners.update((name, name) for name in (stream.name, *objects))
    guides = {
        table: FieldGuide(partial(_definitions, owner, connection), names.get(owner, {}))
        for owner, table in owners.items()
    }
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
    before = dict(state.get(PRIVATE, {}))
    met, since = before.pop(_MET, ()), before.pop(_SINCE, None)
    now = {"rules": rules.text} if rules else {}
    if rules.hashes:
        now["key"] = hmac.digest(key.encode(), _KEY_OF, "sha256").hex()[:_DIGEST_LETTERS]
    if now == before and (since is not None or not now):
        return ""
    state.pop(PRIVATE, None)
    if now:
        state[PRIVATE] = {**now, _SINCE: connection.made_at.isoformat()}
        _remember(connection, state, met)
    if not has_rows or not now or now == before:  # an older release noted no time
        return ""
    is_other_key = "key" in before and "key" in now and before["key"] != now["key"]
    told = [_OTHER_KEY] if is_other_key else []
    return " ".join([*told, _OTHER_RULES] if now["rules"] != before.get("rules") else told)


def covered(tables: Iterable[Table], guard: Guard) -> list[Table]:
    """Return tables without what is private, and note that they had rows."""
    tables = list(tables)
    guard.rules.shown.update(table.table for table in tables if table.count_kept())
    return [table.covered(guard) for table in tables]


def cover_of_stored(guard: Guard | None, state: Mapping[str, Any]) -> CoverStored:
    """Return what covers rows that are read back, where they were loaded before `private` said so.

    Args:
        guard: Covers what is private; None if nothing is.
        state: The account's part of the source's state, which says since when it is.

    Returns:
        A function of a row and the time at which it was read from Zendesk.
    """
    if guard is None:
        return lambda row, _: row
    since, again = state.get(PRIVATE, {}).get(_SINCE), guard.of_stored()

    def covered_stored(row: Row, read_at: Any) -> Row:
        if None not in (since, read_at) and _moment(read_at) >= _moment(since):
            return row
        covered_row = again.covered_row(row)
        if isinstance(more := row.get(MORE), Mapping):  # has columns that found no room
            covered_row[MORE] = again.covered_row(more)
        return covered_row

    return covered_stored


def idle_rules(
    stream: Stream,
    connection: Connection,
    state: dict[str, Any],
    names: Mapping[str, Mapping[str, str]],
    unread: Collection[str] = (),
) -> Iterator[tuple[str, str]]:
    """Yield the rules that were to hide something of a stream and have met nothing, and a sentence.

    Only rules of which the catalogue cannot know are meant, and only once rows have been shown
    that they might have met. What they have met once is remembered.

    Args:
        stream: A stream that was read.
        connection: Its options have the rules; it is asked for definitions of fields.
        state: The account's part of the source's state, to write to.
        names: Columns of all custom fields that have one, by owner and field.
        unread: Names of the streams that are still being read; a rule that means one of these,
            too, may meet something yet.
    """
    rules = connection.options.rules
    guard = guard_of(stream, connection, None, names) if rules.open else None
    if guard is None:
        return
    known = state.get(PRIVATE, {}).get(_MET, ())
    others = [_BY_NAME[name] for name in unread if name in _BY_NAME and name != stream.name]
    for rule in rules.open:
        is_asked = rule.name not in known and _was_shown(rule, rules.shown)
        if not is_asked or not _concerns(rule, stream) or any(_concerns(rule, o) for o in others):
            continue
        owners = [owner for owner in guard.guides if rule.is_of(owner)]
        try:
            for owner in owners:
                guard.meet_fields(owner)
        except (ZendeskError, Stopped):
            continue  # nobody knows; the streams were read all the same
        if rule.name not in rules.met:
            yield rule.name, _told(rule, guard, owners)
    _remember(connection, state, known)


def _remember(connection: Connection, state: dict[str, Any], known: Collection[str]) -> None:
    """Note the rules that have met something, as far as nothing else tells that they do."""
    rules = connection.options.rules
    met = sorted(rule.name for rule in rules.open if rule.name in rules.met | set(known))
    if met and PRIVATE in state and state[PRIVATE].get(_MET) != met:
        state[PRIVATE] = {**state[PRIVATE], _MET: met}


def _told(rule: Rule, guard: Guard, owners: Iterable[str]) -> str:
    names = {name for table in guard.stream.tables for name in columns_of(table.name)}
    names.update(name for owner in owners for name in guard.guides[owner].names())
    what = "keeps" if rule.action == "keep" else "hides"
    return (
        f"`private` says {rule.action} of {rule.name}, and no column, key or custom field of that"
        f" name was met: it {what} nothing. {did_you_mean(rule.path, names)}"
    ).rstrip()


def _concerns(rule: Rule, stream: Stream) -> bool:
    """Whether a rule may mean something that is read with a stream."""
    tables = _with_owners(table.name for table in stream.tables)
    return any(map(rule.is_of, tables)) or (stream.each_of is not None and _is_of_object(rule))


def _was_shown(rule: Rule, shown: Iterable[str]) -> bool:
    """Whether rows were shown that a rule might have met."""
    tables = _with_owners(shown)
    objects = [table for table in tables if table.startswith(TABLE_PREFIX)]
    return any(map(rule.is_of, tables)) or (bool(objects) and _is_of_object(rule))


def _is_of_object(rule: Rule) -> bool:
    """Whether a rule names the table of a custom object, which the catalogue does not know."""
    return rule.table.startswith(TABLE_PREFIX) and rule.table not in TABLES


def _with_owners(tables: Iterable[str]) -> set[str]:
    """Return tables, and those that say how private their values are."""
    named = set(tables)
    named.update(BY_FIELD[table].owner for table in named & BY_FIELD.keys())
    return named.union(COPIED) if named & COPIES.keys() else named


def _moment(told: Any) -> datetime:
    """Return a time with its zone, which some destinations leave out, as SQLite does the type."""
    time: datetime = datetime.fromisoformat(told) if isinstance(told, str) else told
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


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
