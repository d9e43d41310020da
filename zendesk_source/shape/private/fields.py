"""What the values of custom fields are, by the definitions that Zendesk gives of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from zendesk_source.catalogue.personal import Kind, kind_of_field
from zendesk_source.shape.custom_fields import BY_KEY, SYSTEM_TYPES, slug_of

ReadDefinitions = Callable[[], Iterable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class AboutField:
    """What is known of one custom field.

    Attributes:
        names: Its id, its key and its title, by which a rule may call it.
        kind: What its values are.
        columns: What its column may be called, by which a rule may call it, too.
    """

    names: tuple[str, ...]
    kind: Kind | None
    columns: tuple[str, ...] = ()


OWNERS: Mapping[str, str] = MappingProxyType(
    {"ticket": "tickets", "user": "users", "organization": "organizations"}
)
"""Tables of those that have custom fields."""


@dataclass(frozen=True, slots=True)
class ByField:
    """A table in which one column names the field whose value another column holds.

    Attributes:
        name: Column with the name.
        values: Columns with values of that field.
        owner: Table of those who have the fields.
    """

    name: str
    values: tuple[str, ...]
    owner: str


BY_FIELD: Mapping[str, ByField] = MappingProxyType(
    {
        "ticket_field_history": ByField("field_name", ("value", "previous_value"), "tickets"),
        "ticket_custom_fields": ByField("field_id", ("value",), "tickets"),
        "user_custom_fields": ByField("field_key", ("value",), "users"),
        "organization_custom_fields": ByField("field_key", ("value",), "organizations"),
    }
)
_NOBODY_KNOWS = kind_of_field(None)


@dataclass(slots=True)
class FieldGuide:
    """The custom fields of tickets, users, organizations, or the records of one custom object.

    Attributes:
        read: Returns their definitions; none if Zendesk refuses them.
        given: Names of the columns that were given to them, as ``FieldColumns`` has them: a field
            keeps its column when its title changes.
    """

    read: ReadDefinitions
    given: Mapping[str, str] = field(default_factory=dict)
    _known: dict[str, AboutField] = field(default_factory=dict)

    def about(self, key: str) -> AboutField:
        """Return what is known of a field, which is called by its id or its key."""
        if key not in self._known:
            for definition in self.read():
                self._learn(definition)
            # One that nobody describes stays so for this sync: not each row looks for it anew.
            self._known.setdefault(key, AboutField((key,), _NOBODY_KNOWS))
        return self._known[key]

    def described(self) -> Iterator[str]:
        """Yield the keys of all custom fields that Zendesk describes."""
        for definition in self.read():
            if str(definition.get("type")) not in SYSTEM_TYPES:
                self._learn(definition)
                yield str(definition.get("key") or definition.get("id"))

    def names(self) -> Iterator[str]:
        """Yield what a rule may call the fields that were learned of."""
        for about in self._known.values():
            yield from (*about.names, *about.columns)

    def _learn(self, definition: Mapping[str, Any]) -> None:
        known = (definition.get(name) for name in ("id", "key", "title"))
        names = tuple(str(name) for name in known if name)
        slug, number = (
            slug_of(str(names[-1])) if names else "",
            slug_of(str(names[0])) if names else "",
        )
        columns = [f"cf_{slug}", f"cf_{slug}_{number}"] if slug else [f"cf_{number}"]
        given = (self.given.get(name) for each in names[:2] for name in (each, BY_KEY + each))
        columns += filter(None, given)
        about = AboutField(names, kind_of_field(str(definition.get("type"))), tuple(columns))
        for name in ("id", "key"):
            if definition.get(name):
                self._known[str(definition[name])] = about
