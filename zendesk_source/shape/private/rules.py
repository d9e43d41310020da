"""What the setting ``private`` says of each column, and of each key inside JSON.

A rule names a table and a column: ``tickets.subject``, ``users.cf_*``, ``*.via.source.from``. What
it says holds for all that is inside. Of several rules one without patterns counts before those
with, then the longer path, then the stricter rule. The catalogue's two kinds, ``contact`` and
``content``, count last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property
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

FIELDS_INSIDE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "tickets": ("custom_fields", "fields"),
        "users": ("user_fields",),
        "organizations": ("organization_fields",),
    }
)
"""JSON in which rows have their custom fields, by table."""
FIELDS_OF_RECORDS = ("custom_object_fields",)

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
class Rule:
    """What is said of a column, or of several.

    Attributes:
        table: Name of the table, or a pattern.
        path: The column and keys inside it, joined by dots, or a pattern.
        action: What becomes of the values.
    """

    table: str
    path: str
    action: Action

    @property
    def name(self) -> str:
        """The rule as it was written."""
        return f"{self.table}.{self.path}"

    @property
    def is_exact(self) -> bool:
        """Whether it has no pattern."""
        return not _PATTERN & set(self.name)

    @property
    def is_inside(self) -> bool:
        """Whether it means keys inside a column that the catalogue knows."""
        column, dot, _ = self.path.partition(".")
        tables = (table for name, table in TABLES.items() if self.is_of(name))
        return bool(dot) and any(column in table.columns for table in tables)

    def is_of(self, table: str) -> bool:
        """Whether it may mean a column of a table."""
        return fnmatchcase(table, self.table)

    def depth(self, table: str, path: Sequence[str]) -> int:
        """Return how much of a path, in keys, the rule names at most; 0 if it is not meant."""
        if not self.is_of(table):
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
        met: Names of rules that were found to mean something there is.
        shown: Names of tables of which rows were covered.
    """

    kinds: Mapping[Kind, Action]
    named: tuple[Rule, ...]
    met: set[str] = field(default_factory=set, compare=False, repr=False)
    shown: set[str] = field(default_factory=set, compare=False, repr=False)

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
        named = {rule.name: rule.action for rule in self.named}
        return orjson.dumps({**self.kinds, **named}, option=orjson.OPT_SORT_KEYS).decode()

    @cached_property
    def open(self) -> tuple[Rule, ...]:
        """The rules of which the catalogue cannot say whether they mean anything."""
        return tuple(rule for rule in self.named if not any(_known_to(rule)))

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
        found = []
        for rule in self.named:
            if depth := max(rule.depth(table, (name, *path[1:])) for name in names):
                self.met.add(rule.name)
                found.append((rule.is_exact, depth, ACTIONS.index(rule.action)))
        return Verdict(ACTIONS[max(found)[-1]], is_total=True) if found else None

    def strictest_of(self, tables: Sequence[str]) -> Verdict | None:
        """Return the strictest of what rules say of some tables; None if none covers anything."""
        said = [
            rule.action
            for rule in self.named
            if rule.action != "keep" and any(map(rule.is_of, tables))
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
            rule.is_of(table) and (not rule.is_exact or rule.path.startswith(prefix))
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
    named: list[Rule] = []
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
            named.append(_checked(Rule(table, path, action)))
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


def _checked(rule: Rule) -> Rule:
    """Refuse what would do nothing, or could not be loaded.

    Raises:
        ConfigurationError: The rule does.
    """
    matching = [table for name, table in TABLES.items() if rule.is_of(name)]
    if not matching and not rule.table.startswith("custom_object"):
        raise ConfigurationError(
            f"private names {rule.name}, and there is no table {rule.table}.",
            f"{did_you_mean(rule.table, TABLES)}docs/streams.md has the names of all tables.",
        )
    if rule.table == _RECORDS:
        raise ConfigurationError(
            f"private names {rule.name}, and no rows are in a table {_RECORDS}.",
            "The records of each object have a table of their own, custom_object_<key>. Write"
            f" custom_object_*.{rule.path} for all of them.",
        )
    if rule.path.startswith(_OURS):
        raise ConfigurationError(
            f"private names {rule.name}, which is not Zendesk's and never private.", "Leave it out."
        )
    keys = [
        (table, column)
        for table in matching
        for column in table.columns
        if rule.depth(table.name, (column,))
    ]
    # A pattern may mean custom fields, too.
    is_column = rule.is_exact or not any(table.name in FIELDS_INSIDE for table in matching)
    if is_column and keys and not any(_is_covered(table, column) for table, column in keys):
        raise ConfigurationError(
            f"private names {rule.name}, which tells the rows of {keys[0][0].name} apart.",
            "Leave it out; or do not load the stream, if even its ids are private.",
        )
    if rule.is_exact and rule.table in TABLES:
        _check_column(rule, TABLES[rule.table])
    return rule


def _check_column(rule: Rule, table: Stream | SideTable) -> None:
    """Refuse a column that is spelt almost like another, or that cannot be covered so.

    Raises:
        ConfigurationError: It is.
    """
    column, _, inside = rule.path.partition(".")
    has_fields = table.name in FIELDS_INSIDE
    known = {*table.columns, *FIELDS_INSIDE.get(table.name, ())}
    if has_fields and " " in column:
        return  # the title of a custom field, which may be like the name of a column
    if column not in known and _VARIANT not in column:
        # Without custom fields there only is what Zendesk has not told of yet.
        if meant := did_you_mean(column, known, cutoff=0.8 if has_fields else 0.6):
            other = "A custom field of that title can be named by its id."
            if not has_fields:
                other = f"For one that is new write a pattern: {table.name}.{column[:-1]}?."
            raise ConfigurationError(
                f"private names {rule.name}, and {table.name} has no column {column}.",
                meant + other,
            )
        return
    data_type = table.columns.get(column)
    if inside and data_type not in (None, "json"):
        raise ConfigurationError(
            f"private names {rule.name}, and {table.name}.{column} is of the type {data_type}:"
            " there is nothing inside it.",
            f"Write {table.name}.{column}.",
        )
    is_covered_so = rule.action in ("drop", "keep") or inside
    if not is_covered_so and data_type not in (None, *_TEXTS):
        raise ConfigurationError(
            f"private says {rule.action} of {rule.name}, which is of the type {data_type}.",
            "Only texts can be hashed or masked; say drop, or leave it out.",
        )


def did_you_mean(name: str, names: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the question whether one of the names that are most like one was meant, or nothing."""
    by_fold = {each.casefold(): each for each in names}
    near = get_close_matches(name.casefold(), by_fold, n=3, cutoff=cutoff)
    return f"Did you mean {' or '.join(by_fold[each] for each in near)}? " if near else ""


def _known_to(rule: Rule) -> Iterator[bool]:
    """Yield for each column of the catalogue, and each key that it names, whether a rule means it.

    A variant of a column is meant with it.
    """
    column, variant, _ = rule.path.partition(_VARIANT)
    plain = Rule(rule.table, column, rule.action) if variant else rule
    for name, table in TABLES.items():
        if plain.is_of(name):
            own = (each for each in table.columns if _is_covered(table, each))
            columns = (*own, *FIELDS_INSIDE.get(name, ()), *personal_in(name))
            yield from (bool(plain.depth(name, each.split("."))) for each in columns)


def _is_covered(table: Stream | SideTable, column: str) -> bool:
    """Whether a rule can hide anything of a column: not if it tells rows apart."""
    return column not in table.primary_key or may_change(table, column)


def may_change(table: Stream | SideTable, column: str) -> bool:
    """Whether a value of a key may be hashed: a text, in a table that nothing else looks into."""
    return isinstance(table, SideTable) and table.columns.get(column) == "text"
