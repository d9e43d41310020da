"""Cover the values that are private, one by one; tables ask for the cover of each column."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from zendesk_source.api.paging.door import Rejected
from zendesk_source.catalogue import Stream
from zendesk_source.shape.private.fields import BY_FIELD, ByField, FieldGuide
from zendesk_source.shape.private.rules import (
    ACTIONS,
    COPIED,
    COPIES,
    FIELDS_INSIDE,
    FIELDS_OF_RECORDS,
    TABLES,
    Action,
    Rules,
    Verdict,
    columns_of,
    may_change,
)

Cover = Callable[[Any], Any]
"""Returns what is loaded of a value; None if nothing is."""

GONE = object()
"""In the place of a value inside JSON of which nothing is loaded."""

_HARMLESS_IN_HISTORY = frozenset(
    {
        *("is_public", "linked_id", "locale_id", "priority_id", "satisfaction_score"),
        *("schedule_id", "sla_policy_id", "status_id", "ticket_type_id"),
    }
)
"""Names of changed fields that tickets have no column of, and whose values are ids or choices."""
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_HASH = re.compile(r"[0-9a-f]{64}")
_PLAIN_KEY = re.compile(r"[a-z][a-z_]{0,40}")
_MOST_REMEMBERED, _LONGEST_REMEMBERED = 10_000, 500


@dataclass(slots=True)
class _Part:
    """A part of a JSON column, and what becomes of it.

    Attributes:
        table: Name of the table.
        path: The column and the keys that lead to the part.
        verdict: What becomes of its texts.
        is_kept: Whether all in it stays as it is.
        parts: Its own parts, by key.
    """

    table: str
    path: tuple[str, ...]
    verdict: Verdict
    is_kept: bool
    parts: dict[str, _Part]


@dataclass
class Guard:
    """Covers what is private of one stream's tables.

    Attributes:
        stream: The stream.
        rules: What is private.
        key: Key of the hashes.
        guides: Custom fields, by the table of their owner.
        field_of: Returns the key of the custom field that a column holds; None if it holds none.
        keeps_hashes: Whether what looks like a hash of ours stays as it is.
    """

    stream: Stream
    rules: Rules
    key: bytes
    guides: Mapping[str, FieldGuide]
    field_of: Callable[[str], str | None]
    keeps_hashes: bool = False
    _covers: dict[Any, Cover | None] = field(default_factory=dict, init=False)

    def of_stored(self) -> Guard:
        """Return what covers values that may be covered already."""
        return replace(self, keeps_hashes=True)

    def cover(self, table: str, column: str, *, is_json: bool) -> Cover | None:
        """Return what covers the values of a column; None if they are loaded as they are."""
        question = (table, column, is_json)
        if question not in self._covers:
            self._covers[question] = self._new_cover(table, column, is_json)
        return self._covers[question]

    def is_left_out(self, table: str) -> bool:
        """Whether a table stays empty: a text among its keys can be neither empty nor masked."""
        return any(
            self._of_column(table, column).action in ("drop", "mask")
            for column in self._keys(table)
            if self._may_change(table, column)
        )

    def by_field(self, table: str) -> ByField | None:
        """Return how a table names the field that a value belongs to; None if it does not."""
        return BY_FIELD.get(table)

    def field_cover(self, table: str, column: str, name: Any) -> Cover | None:
        """Return what covers the values of one field in a column of a table that names fields."""
        question = (table, column, "a field", name)
        if question not in self._covers:
            verdict = self._of_named_field(table, column, str(name))
            self._covers[question] = self._leaf_cover(verdict)
        return self._covers[question]

    def covered_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row of the stream as its table holds it, what is private covered."""
        covered = {}
        for name, value in row.items():
            is_json = isinstance(value, (Mapping, list))
            cover = self.cover(self.stream.name, name, is_json=is_json)
            covered[name] = value if cover is None or value is None else cover(value)
        return covered

    def rejected(self, rejected: Rejected) -> Rejected:
        """Return what fits no table without any of its texts: nobody knows what they are."""
        return Rejected(rejected.table, rejected.reason, _outline(rejected.row))

    def _new_cover(self, table: str, column: str, is_json: bool) -> Cover | None:
        is_key = column in self._keys(table)
        if is_key and not self._may_change(table, column):
            return None
        by_field = BY_FIELD.get(table)
        if by_field is not None and column in by_field.values:
            return None  # each value by its field
        if not is_json:
            return self._leaf_cover(self._of_column(table, column))
        if self._holds_fields(table, column):
            return self._json_cover(lambda value: self._covered_fields(table, column, value))
        if self.field_of(column) is not None:
            verdict = self._of_column(table, column)
            return self._json_cover(lambda value: self._all_covered(verdict, value))
        whole = self._part(table, (column,))
        return (
            None if whole.is_kept else self._json_cover(lambda value: self._covered(whole, value))
        )

    def _keys(self, table: str) -> tuple[str, ...]:
        """Return the columns by which rows of a table are told apart and put to their parent."""
        own = next(each for each in self.stream.tables if each.name == table)
        if isinstance(own, Stream):
            parent = () if own.parent is None else (own.parent.column,)
            return (*own.primary_key, *parent)
        return (*own.primary_key, own.parent_column)

    def _may_change(self, table: str, column: str) -> bool:
        return may_change(next(t for t in self.stream.tables if t.name == table), column)

    def _of_column(self, table: str, column: str) -> Verdict:
        key = self.field_of(column) if table == self.stream.name else None
        if key is None:
            return self.rules.verdict(table, (column,))
        return self._of_custom_field(table, key, column)

    def _of_custom_field(self, owner: str, key: str, column: str = "") -> Verdict:
        guide = self.guides.get(owner)
        if guide is None:
            return self.rules.of_unknown
        about = guide.about(key)
        name = column.partition("__v_")[0] or key
        names = (key, *about.names, *(() if column else about.columns))
        inside = FIELDS_INSIDE.get(owner, FIELDS_OF_RECORDS)
        also = (*names, *(f"{each}.{called}" for each in inside for called in (name, *names)))
        said = self.rules.named_verdict(owner, (name,), also)
        return said or self._of_all_fields(owner) or self.rules.of_kind(about.kind)

    def _of_all_fields(self, owner: str) -> Verdict | None:
        """Return what rules say of the JSON in which rows have their custom fields."""
        inside = FIELDS_INSIDE.get(owner, FIELDS_OF_RECORDS)
        said = [self.rules.named_verdict(owner, (each,)) for each in inside]
        told = [each for each in said if each is not None]
        return max(told, key=lambda each: ACTIONS.index(each.action), default=None)

    def meet_fields(self, owner: str) -> None:
        """Let the rules meet all columns and custom fields there are, whether rows have them."""
        for column in columns_of(owner):
            self.rules.named_verdict(owner, (column,))
        for key in self.guides[owner].described() if owner in self.guides else ():
            self._of_custom_field(owner, key)

    def _of_named_field(self, table: str, column: str, name: str) -> Verdict:
        by_field = BY_FIELD[table]
        for each in (column, by_field.values[0]):
            if (said := self.rules.named_verdict(table, (each,))) is not None:
                return said
        is_history = table == "ticket_field_history"
        if is_history and name in TABLES["tickets"].columns:
            return self.rules.verdict("tickets", (name,))
        if is_history and not name.isdigit():
            named = self.rules.named_verdict("tickets", (name,))
            return named or (Verdict("keep") if name in _HARMLESS_IN_HISTORY else self._unknown)
        return self._of_custom_field(by_field.owner, name)

    @property
    def _unknown(self) -> Verdict:
        return self.rules.of_unknown

    def _holds_fields(self, table: str, column: str) -> bool:
        if table == self.stream.name and self.stream.custom_fields == "custom_object":
            return column in FIELDS_OF_RECORDS
        return column in FIELDS_INSIDE.get(table, ())

    def _leaf_cover(self, verdict: Verdict) -> Cover | None:
        if verdict.action == "keep":
            return None

        def cover(value: Any) -> Any:
            if isinstance(value, str):
                return self._text(value, verdict.action)
            return None if verdict.is_total else value

        return cover

    def _json_cover(self, covered: Cover) -> Cover:
        """Return a cover of JSON, as text or decoded; of equal short texts one is decoded."""
        remembered: dict[str, str | None] = {}

        def cover(value: Any) -> Any:
            if not isinstance(value, str):
                new = covered(value)
                return None if new is GONE else new
            if value in remembered:
                return remembered[value]
            new = covered(orjson.loads(value))
            text = None if new is GONE else orjson.dumps(new).decode()
            if len(value) <= _LONGEST_REMEMBERED:
                if len(remembered) >= _MOST_REMEMBERED:
                    remembered.clear()
                remembered[value] = text
            return text

        return cover

    def _text(self, text: str, action: Action) -> str | None:
        if action == "drop":
            return None
        return str(len(text)) if action == "mask" else self.hashed(text)

    def hashed(self, text: str) -> str:
        """Return the hash of a text: the same wherever the text stands.

        Blanks around it do not count, nor does the case of an email address.
        """
        plain = text.strip()
        if not plain:
            return ""
        if self.keeps_hashes and _HASH.fullmatch(plain):
            return plain
        if _EMAIL.fullmatch(plain):
            plain = plain.lower()
        return hmac.digest(self.key, plain.encode("utf-8", "surrogatepass"), "sha256").hex()

    def _part(self, table: str, path: tuple[str, ...]) -> _Part:
        verdict = self.rules.verdict(table, path)
        if (copied := self._of_copy(table, path)) is not None:
            verdict = max(verdict, copied, key=lambda each: ACTIONS.index(each.action))
        has_copies = COPIES.get(table) == path[0] and bool(self.rules.named)
        looks_inside = has_copies or self.rules.looks_inside(table, path)
        is_kept = verdict.action == "keep" and not looks_inside
        return _Part(table, path, verdict, is_kept, {})

    def _of_copy(self, table: str, path: tuple[str, ...]) -> Verdict | None:
        """Return what rules say of the column that a change or a comment tells the value of."""
        is_copy = COPIES.get(table) == path[0] and len(path) > 1
        if not is_copy or self.rules.named_verdict(table, path) is not None:
            return None
        if any(key in ("value", "previous_value") for key in path[1:]):
            # Of which column it is, another key says: it is as private as the most private.
            return self.rules.strictest_of(COPIED)
        field = next((key for key in path[1:] if key.isdigit()), None)
        if field is not None:
            return self._of_custom_field("tickets", field)
        said = [
            self.rules.named_verdict(each, path[1:])
            for each in COPIED
            if path[1] != "id" and path[1] in TABLES[each].columns
        ]
        told = [each for each in said if each is not None]
        return max(told, key=lambda each: ACTIONS.index(each.action), default=None)

    def _part_in(self, part: _Part, key: str) -> _Part:
        inner = part.parts.get(key)
        if inner is None:
            inner = self._part(part.table, (*part.path, key))
            if len(part.parts) < _MOST_REMEMBERED:  # some objects have ids for keys
                part.parts[key] = inner
        return inner

    def _covered(self, part: _Part, value: Any) -> Any:
        if part.is_kept:
            return value
        if isinstance(value, dict):
            left = {}
            for key, each in value.items():
                covered = self._covered(self._part_in(part, key), each)
                if covered is not GONE:
                    left[key] = covered
            return left if left or not value else GONE
        if isinstance(value, list):
            elements = [self._covered(part, each) for each in value]
            left_over = [each for each in elements if each is not GONE]
            return left_over if left_over or not value else GONE
        return self._covered_leaf(part.verdict, value)

    def _all_covered(self, verdict: Verdict, value: Any) -> Any:
        """Cover JSON all of which has one verdict."""
        if verdict.action == "keep":
            return value
        if isinstance(value, Mapping):
            parts = {key: self._all_covered(verdict, each) for key, each in value.items()}
            left = {key: each for key, each in parts.items() if each is not GONE}
            return left if left or not value else GONE
        if isinstance(value, list):
            elements = [self._all_covered(verdict, each) for each in value]
            left_over = [each for each in elements if each is not GONE]
            return left_over if left_over or not value else GONE
        return self._covered_leaf(verdict, value)

    def _covered_fields(self, table: str, column: str, value: Any) -> Any:
        """Cover the values of custom fields: an object has them by key, a list by id."""
        whole = self._of_all_fields(table)
        if whole is not None and whole.action == "drop":
            return GONE
        if isinstance(value, Mapping):
            return {key: self._field_value(table, str(key), each) for key, each in value.items()}
        if not isinstance(value, list):
            return self._all_covered(whole or self._unknown, value)
        return [
            {
                name: inner
                if name == "id"
                else self._field_value(table, str(each.get("id")), inner)
                for name, inner in each.items()
            }
            if isinstance(each, Mapping)
            else self._outlined(each)
            for each in value
        ]

    def _field_value(self, table: str, key: str, value: Any) -> Any:
        covered = self._all_covered(self._of_custom_field(table, key), value)
        return None if covered is GONE else covered

    def _outlined(self, value: Any) -> Any:
        covered = self._all_covered(self._unknown, value)
        return None if covered is GONE else covered

    def _covered_leaf(self, verdict: Verdict, value: Any) -> Any:
        if verdict.action == "keep" or value is None:
            return value
        if isinstance(value, str):
            covered = self._text(value, verdict.action)
            return GONE if covered is None else covered
        if not verdict.is_total:
            return value
        if verdict.action == "drop":
            return GONE
        return value if isinstance(value, bool) else self._text(str(value), verdict.action)


def _outline(value: Any, key: str = "") -> Any:
    """Return JSON with the length of each text in its place, and no number but ids."""
    if isinstance(value, Mapping):
        return {_name(name): _outline(each, str(name)) for name, each in value.items()}
    if isinstance(value, list):
        return [_outline(each, key) for each in value]
    if isinstance(value, str):
        return f"({len(value)} characters)"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value if key == "id" or key.endswith("_id") else None
    return value


def _name(key: Any) -> str:
    return key if _PLAIN_KEY.fullmatch(str(key)) else f"({len(str(key))} characters)"
