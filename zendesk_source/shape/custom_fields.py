"""Custom fields as typed columns whose names never change.

A field becomes ``cf_<slug of its title when first seen>``. The name belongs to the field's id. It
is kept in dlt's state, which travels to the destination. So it survives a renamed field and a lost
working folder. Values are stored, not labels, so no row becomes stale when an option is renamed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from zendesk_source.catalogue import DataType

Owner = str
"""What the fields belong to: ``ticket``, ``user``, ``organization``, or a custom object's table."""

SLUG_LENGTH = 40  # leaves room for `_<field id>` and `__v_text` in Postgres's 63 characters

_TYPES: Mapping[str, DataType] = {
    "checkbox": "bool",
    "integer": "bigint",
    "decimal": "decimal",
    "date": "date",
    "multiselect": "json",
    "tagger": "text",
    "dropdown": "text",
    "text": "text",
    "textarea": "text",
    "regexp": "text",
    "partialcreditcard": "text",
}
# Ticket fields of these types are the ticket's own columns, not custom fields.
SYSTEM_TYPES = {
    "assignee",
    "basic_priority",
    "custom_status",
    "description",
    "group",
    "priority",
    "status",
    "subject",
    "tickettype",
}
BY_KEY = "key:"
_LOOKUP_BY_NUMBER = ("zen:user", "zen:organization", "zen:ticket")


@dataclass(frozen=True, slots=True)
class FieldColumn:
    """A custom field's column.

    Attributes:
        name: Column name.
        data_type: Declared type; None for a field Zendesk does not describe.
    """

    name: str
    data_type: DataType | None


@dataclass(slots=True)
class FieldColumns:
    """The custom-field columns of tickets, users or organizations.

    Attributes:
        owner: What the fields belong to.
        names: Column name by field id (as text), and by the field's key if rows have that
            instead. Shared with dlt's state; new names are added here.
        by_key: Column by the field's key in rows: its id on tickets, otherwise its own key.
    """

    owner: Owner
    names: MutableMapping[str, str]
    by_key: dict[str, FieldColumn] = field(default_factory=dict)

    def learn(self, definitions: Iterable[Mapping[str, Any]]) -> None:
        """Give every described field a column; existing names stay.

        Args:
            definitions: Rows of ``ticket_fields``, ``user_fields`` or ``organization_fields``.
        """
        custom = (row for row in definitions if str(row.get("type")) not in SYSTEM_TYPES)
        for definition in sorted(custom, key=lambda row: int(row["id"])):
            field_id = str(definition["id"])
            key = field_id if self.owner == "ticket" else str(definition.get("key") or field_id)
            if key in self.names:  # was met in a row before it was described
                self.names.setdefault(field_id, self.names[key])
            name = self._name(field_id, str(definition.get("title") or ""))
            if key != field_id:
                self.names[BY_KEY + key] = name  # for when it cannot be described
            self.by_key[key] = FieldColumn(name, column_type(definition))

    def column(self, key: str) -> FieldColumn:
        """Return a field's column; a field without a definition is named by its key."""
        known = self.by_key.get(key)
        if known is None:
            name = self.names.get(BY_KEY + key) or self._name(key, key)
            known = self.by_key[key] = FieldColumn(name, None)
        return known

    def values_of(self, fields: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
        """Return a row's custom fields by column.

        Args:
            fields: Key and value of each field.
        """
        return {self.column(str(key)).name: value for key, value in fields}

    def data_type(self, name: str) -> DataType | None:
        """Return the declared type of a described field's column."""
        return next((c.data_type for c in self.by_key.values() if c.name == name), None)

    def unknown(self, rows: Iterable[Iterable[tuple[Any, Any]]]) -> set[str]:
        """Return the keys of fields in rows whose definition was not read yet."""
        called = {key for fields in rows for key, _ in fields}
        return set(map(str, called)) - self.by_key.keys()

    def _name(self, field_id: str, title: str) -> str:
        given = self.names.get(field_id)
        if given is None:
            slug = slug_of(title)
            given = f"cf_{slug}"
            if not slug or given in self.names.values():
                given = "_".join(part for part in ("cf", slug, slug_of(field_id)) if part)
            while given in self.names.values():
                given += "_2"
            self.names[field_id] = given
        return given


def slug_of(title: str) -> str:
    """Return lower-case ASCII words joined by single underscores; empty for other scripts."""
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", ascii_title.lower())[:SLUG_LENGTH].strip("_")


def column_type(definition: Mapping[str, Any]) -> DataType | None:
    """Return the column type of a field definition; None if its values decide."""
    kind = definition.get("type")
    if kind == "lookup":
        target = definition.get("relationship_target_type")
        # Ids of custom object records are ULIDs.
        return "bigint" if target in _LOOKUP_BY_NUMBER else "text"
    return _TYPES.get(str(kind))
