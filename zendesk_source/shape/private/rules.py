"""What the setting ``private`` says of each column, and of each key inside JSON.

A rule names a table and a column: ``tickets.subject``, ``users.cf_*``, ``*.via.source.from``. What
it says holds for all that is inside. Of several rules one without patterns counts before those
with, then the longer path, then the stricter rule. The catalogue's two kinds, ``contact`` and
``content``, count last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, Literal, get_args

import orjson

from zendesk_source.catalogue import CUSTOM_FIELD_ROWS, STREAMS, SideTable, Stream
from zendesk_source.catalogue.personal import KINDS, PERSONAL, Kind, Personal
from zendesk_source.errors import ConfigurationError

Action = Literal["keep", "hash", "mask", "drop"]
ACTIONS: tuple[Action, ...] = get_args(Action)
"""What can become of a value; the stricter comes later."""

COPIES: Mapping[str, str] = MappingProxyType(
    {"ticket_events": "child_events", "ticket_audits": "events"}
)
"""JSON that tells of changes and comments: what other tables hold stands in it again."""
COPIED = ("tickets", "ticket_comments")

TABLES: Mapping[str, Stream | SideTable] = MappingProxyType(
    {
        **{table.name: table for stream in STREAMS for table in stream.tables},
        **{side.name: side for side in CUSTOM_FIELD_ROWS.values()},
    }
)
_RECORDS = "custom_object_records"
_VARIANT = "__v_"
_OURS = ("_zendesk_", "_dlt_")
_TEXTS = ("text", "json")
_PATTERN = frozenset("*?[")
_EXAMPLE = '`contact = "hash"`, `content = "drop"` or `"tickets.external_id" = "keep"`'


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a value.

    Attributes:
        action: What becomes of it.
        is_total: Whether of any value, numbers too. Else only texts are meant: the numbers among
            personal texts are ids and counts.
    """

    action: Action
    is_total: bool = False


KEEP = Verdict("keep")


@dataclass(frozen=True, slots=True)
class _Rule:
    table: str
    path: str
    action: Action

    @property
    def is_exact(self) -> bool:
        return not _PATTERN & set(self.table + self.path)

    def depth(self, table: str, path: Sequence[str]) -> int:
        """Return how much of a path, in keys, the rule names at most; 0 if it is not meant."""
        if not fnmatchcase(table, self.table):
            return 0
        for count in range(len(path), 0, -1):
            name = ".".join(path[:count])
            if name == self.path or fnmatchcase(name, self.path):  # a title may hold brackets
                return count
        return 0


@dataclass(frozen=True)
class Rules:
    """The setting ``private``, understood.

    Attributes:
        kinds: What becomes of each kind of the catalogue.
        named: The other rules.
    """

    kinds: Mapping[Kind, Action]
    named: tuple[_Rule, ...]

    def __bool__(self) -> bool:
        """Whether anything is private."""
        return bool(self.named or self.kinds)

    @property
    def hashes(self) -> bool:
        """Whether a key is needed."""
        return "hash" in {*self.kinds.values(), *(rule.action for rule in self.named)}

    @property
    def text(self) -> str:
        """All rules as one text that is the same for the same rules."""
        named = {f"{rule.table}.{rule.path}": rule.action for rule in self.named}
        return orjson.dumps({**self.kinds, **named}, option=orjson.OPT_SORT_KEYS).decode()

    def verdict(self, table: str, path: tuple[str, ...], also: tuple[str, ...] = ()) -> Verdict:
        """Return what becomes of a column, or of a key inside it.

        Args:
            table: Name of the table.
            path: The column and the keys that lead to the value.
            also: Other names of the column, such as a custom field's id and title.
        """
        said = self.named_verdict(table, path, also)
        if said is not None:
            return said
        column, _, variant = path[0].partition(_VARIANT)
        declared = columns_of(table).get(column)
        if declared is None or (variant and declared not in _TEXTS):
            return self.of_unknown
        personal = personal_in(table)
        for count in range(len(path), 0, -1):
            told = ".".join((column, *path[1:count]))
            if told in personal:
                kind = self.of_kind(personal[told])
                return Verdict(kind.action, is_total=count == len(path) > 1)
        return KEEP

    def named_verdict(
        self, table: str, path: tuple[str, ...], also: tuple[str, ...] = ()
    ) -> Verdict | None:
        """Return what a rule says of a column, or of a key inside it; None if none does."""
        if path[0].startswith(_OURS):
            return KEEP
        # What fits no type of its column is in a variant, and as private.
        names = (path[0], path[0].partition(_VARIANT)[0], *also)
        found = [
            (rule.is_exact, depth, ACTIONS.index(rule.action))
            for rule in self.named
            if (depth := max(rule.depth(table, (name, *path[1:])) for name in names))
        ]
        return Verdict(ACTIONS[max(found)[-1]], is_total=True) if found else None

    def strictest_of(self, tables: Sequence[str]) -> Verdict | None:
        """Return the strictest of what rules say of some tables; None if none covers anything."""
        said = [
            rule.action
            for rule in self.named
            if rule.action != "keep" and any(fnmatchcase(each, rule.table) for each in tables)
        ]
        return Verdict(max(said, key=ACTIONS.index)) if said else None

    def of_kind(self, kind: Kind | None) -> Verdict:
        """Return what becomes of texts of a kind."""
        return Verdict(self.kinds.get(kind, "keep")) if kind is not None else KEEP

    @property
    def of_unknown(self) -> Verdict:
        """What becomes of texts that nobody has looked at: the strictest of what kinds say."""
        return Verdict(max(self.kinds.values(), key=ACTIONS.index, default="keep"))

    def looks_inside(self, table: str, path: tuple[str, ...]) -> bool:
        """Whether parts of a JSON column, or of a part of one, may have a verdict of their own."""
        prefix = ".".join((path[0].partition(_VARIANT)[0], *path[1:], ""))
        declared = any(path.startswith(prefix) for path in personal_in(table))
        return declared or any(
            fnmatchcase(table, rule.table) and (not rule.is_exact or rule.path.startswith(prefix))
            for rule in self.named
        )


def columns_of(table: str) -> Mapping[str, str]:
    """Return the declared columns of a table; those of records for the table of an object."""
    return TABLES[table if table in TABLES else _RECORDS].columns


def personal_in(table: str) -> Personal:
    """Return what is personal in a table."""
    return PERSONAL[table if table in PERSONAL else _RECORDS]


def rules_of(given: Any) -> Rules:
    """Understand the setting ``private``.

    Args:
        given: A mapping, or one in JSON. ``contact`` and ``content`` are the kinds of the
            catalogue, all else names a table and a column. Mappings in it are read as if their
            keys were joined by dots.

    Raises:
        ConfigurationError: It cannot be meant.
    """
    kinds: dict[Kind, Action] = {}
    named: list[_Rule] = []
    for name, action in _flat(_mapping(given)):
        if action not in ACTIONS:
            raise ConfigurationError(
                f"private says {action!r} of {name}.", f"Say one of {', '.join(ACTIONS)}."
            )
        table, dot, path = name.partition(".")
        if name in KINDS:
            kinds[name] = action
        elif not dot or not table or not path:
            raise ConfigurationError(
                f"private has {name!r}, which is neither contact nor content, nor a column.",
                f"Write for example {_EXAMPLE}.",
            )
        else:
            named.append(_checked(_Rule(table, path, action)))
    return Rules(MappingProxyType(kinds), tuple(named))


def _mapping(given: Any) -> Mapping[str, Any]:
    if given is None or given == "":
        return {}
    if isinstance(given, str):
        try:
            given = orjson.loads(given)
        except ValueError:
            given = None
    if not isinstance(given, Mapping):
        raise ConfigurationError("private is no mapping.", f"Write for example {_EXAMPLE}.")
    return given


def _flat(given: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield names and actions; what TOML writes as `tickets.subject` is a mapping in a mapping."""
    for name, value in given.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value).strip().lower()


def _checked(rule: _Rule) -> _Rule:
    """Refuse what would do nothing, or could not be loaded.

    Raises:
        ConfigurationError: The rule does.
    """
    name = f"{rule.table}.{rule.path}"
    matching = [table for table in TABLES if fnmatchcase(table, rule.table)]
    if not matching and not rule.table.startswith("custom_object"):
        raise ConfigurationError(
            f"private names {name}, and there is no table {rule.table}.",
            "docs/streams.md has the names of all tables.",
        )
    column, _, inside = rule.path.partition(".")
    if not rule.is_exact or rule.table not in TABLES or rule.action == "keep":
        return rule
    table = TABLES[rule.table]
    data_type = table.columns.get(column)
    meant = get_close_matches(column, table.columns, n=1, cutoff=0.8)
    if data_type is None and meant and _VARIANT not in column:
        raise ConfigurationError(
            f"private names {name}, and {table.name} has no column {column}.",
            f"Did you mean {meant[0]}? A custom field of that title can be named by its id.",
        )
    if column in table.primary_key and not may_change(table, column):
        raise ConfigurationError(
            f"private names {name}, which tells the rows of {table.name} apart.",
            "Leave it out; or do not load the stream, if even its ids are private.",
        )
    if rule.action != "drop" and not inside and data_type not in (None, *_TEXTS):
        raise ConfigurationError(
            f"private says {rule.action} of {name}, which is of the type {data_type}.",
            "Only texts can be hashed or masked; say drop, or leave it out.",
        )
    return rule


def may_change(table: Stream | SideTable, column: str) -> bool:
    """Whether a value of a key may be hashed: a text, in a table that nothing else looks into."""
    return isinstance(table, SideTable) and table.columns.get(column) == "text"
