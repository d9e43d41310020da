"""What the values of custom fields are, by the definitions that Zendesk gives of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zendesk_source.catalogue.personal import Kind, kind_of_field
from zendesk_source.shape.custom_fields import slug_of

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


_NOBODY_KNOWS = kind_of_field(None)


@dataclass(slots=True)
class FieldGuide:
    """The custom fields of tickets, users, organizations, or the records of one custom object.

    Attributes:
        read: Returns their definitions; none if Zendesk refuses them.
    """

    read: ReadDefinitions
    _known: dict[str, AboutField] = field(default_factory=dict)

    def about(self, key: str) -> AboutField:
        """Return what is known of a field, which is called by its id or its key."""
        if key not in self._known:
            for definition in self.read():
                self._learn(definition)
            # One that nobody describes stays so for this sync: not each row looks for it anew.
            self._known.setdefault(key, AboutField((key,), _NOBODY_KNOWS))
        return self._known[key]

    def _learn(self, definition: Mapping[str, Any]) -> None:
        known = (definition.get(name) for name in ("id", "key", "title"))
        names = tuple(str(name) for name in known if name)
        slug, number = (
            slug_of(str(names[-1])) if names else "",
            slug_of(str(names[0])) if names else "",
        )
        columns = (f"cf_{slug}", f"cf_{slug}_{number}") if slug else (f"cf_{number}",)
        about = AboutField(names, kind_of_field(str(definition.get("type"))), columns)
        for name in ("id", "key"):
            if definition.get(name):
                self._known[str(definition[name])] = about
