"""How an account is read: what a user may choose, each choice declared once."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property, wraps
from inspect import Parameter, Signature
from typing import Any, Literal, TypeVar, get_type_hints

from zendesk_source.catalogue import STREAMS
from zendesk_source.errors import ConfigurationError
from zendesk_source.shape.private.rules import Rules, rules_of

CustomFields = Literal["columns", "rows", "json"]
Deleted = Literal["mark", "remove"]
ItemFormat = Literal["auto", "arrow", "object"]
Exports = Literal["auto", "incremental", "lists"]
TableFormat = Literal["default", "delta", "iceberg"]

Made = TypeVar("Made")


@dataclass(frozen=True)
class Options:
    """How an account is read. Every source takes each of these as a parameter and as a setting.

    Attributes:
        custom_fields: ``columns`` gives each custom field a typed ``cf_`` column, ``rows`` gives
            each value a row of ``ticket_custom_fields``, ``user_custom_fields`` or
            ``organization_custom_fields``, ``json`` keeps them as Zendesk sends them.
        item_format: ``arrow`` loads the exports at a fraction of the CPU, ``object`` works with
            every destination; ``auto`` chooses by the destination.
        deleted: ``mark`` keeps what Zendesk has deleted: flagged as Zendesk does, or, where a list
            just stops showing a row, with the time in ``_zendesk_deleted_at``. ``remove`` removes
            the rows.
        history: Keep every version of the lists that are settings (macros, triggers, forms,
            schedules, holidays, SLA policies ...), or of those named, from when until when it held.
        account_column: Let several accounts share a dataset: every row gets the account's subdomain
            in the column ``account``, which is part of every key.
        rate_limit_share: Part of the account's requests a minute this source may use.
        exports: ``auto`` reads tickets, their events, users and organizations from lists where
            Zendesk refuses an admin their incremental exports, and goes back when it shows them
            again; ``incremental`` skips them then; ``lists`` does not ask for the exports.
        private: What never leaves Zendesk as it is, by kind (``contact``, ``content``), table and
            column, or key inside JSON: ``drop``, ``hash`` (with ``private_key``), ``mask`` (only
            the length stays) or ``keep``.
        erase: Erase here what Zendesk has erased: when it empties a ticket that was deleted 30 days
            ago, the texts of its comments, events and history go, too.
        table_format: ``delta`` or ``iceberg`` makes tables of that format, where the destination
            can; ``default`` makes what it makes by itself.
    """

    custom_fields: CustomFields = "columns"
    item_format: ItemFormat = "auto"
    deleted: Deleted = "mark"
    history: Any = None  # bool | str | list[str]; dlt looks for no setting of that type
    account_column: bool = False
    rate_limit_share: float = 0.9
    exports: Exports = "auto"
    private: Any = None  # a mapping, or one in JSON
    erase: bool = False
    table_format: TableFormat = "default"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            ConfigurationError: A value is impossible, or names what is not there.
        """
        if not 0 < self.rate_limit_share <= 1:
            raise ConfigurationError(
                f"rate_limit_share is {self.rate_limit_share:g}.",
                "Set it above 0 and up to 1; 0.9 leaves a tenth to the account's other tools.",
            )
        if self.erase and self.deleted == "remove":
            raise ConfigurationError(
                "erase goes by tickets that are emptied, and `deleted` removes them before.",
                "Set deleted to mark, or leave erase out.",
            )
        _ = self.with_history, self.rules

    @cached_property
    def with_history(self) -> frozenset[str]:
        """Streams whose versions are kept; a setting is text, also for true and false."""
        able = {stream.name for stream in STREAMS if stream.keeps_history}
        wanted = self.history
        if isinstance(wanted, str):
            words = re.findall(r"\w+", wanted)
            wanted = {"true": True, "false": False}.get(wanted.strip().lower(), words)
        if isinstance(wanted, bool) or wanted is None:
            return frozenset(able if wanted else ())
        if unable := sorted(set(wanted) - able):
            raise ConfigurationError(
                f"There is no history of {', '.join(unable)}.",
                f"Set history to true, or name some of {', '.join(sorted(able))}.",
            )
        return frozenset(wanted)

    @cached_property
    def rules(self) -> Rules:
        """What is private, understood."""
        return rules_of(self.private)


DEFAULTS = Options()
OPTIONS = tuple(field.name for field in fields(Options))


def options_told() -> str:
    """Return the lines of a docstring that tell of every option."""
    return inspect.cleandoc(Options.__doc__ or "").partition("Attributes:\n")[2].rstrip()


def with_each_option(function: Callable[..., Made]) -> Callable[..., Made]:
    """Replace a function's parameter ``options`` by one for each option.

    dlt finds the settings of a function by the parameters in its signature.
    """
    hints = get_type_hints(function, include_extras=True)
    hints_of_options = get_type_hints(Options)
    each_option = [
        Parameter(
            field.name,
            Parameter.POSITIONAL_OR_KEYWORD,
            default=field.default,
            annotation=hints_of_options[field.name],
        )
        for field in fields(Options)
    ]
    parameters: list[Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        own = parameter.replace(annotation=hints[parameter.name])
        parameters += each_option if parameter.name == "options" else [own]
    signature = Signature(parameters, return_annotation=hints["return"])

    @wraps(function)
    def taking_each(*args: Any, **kwargs: Any) -> Made:
        given = signature.bind(*args, **kwargs).arguments
        chosen = {name: given.pop(name) for name in OPTIONS if name in given}
        return function(**given, options=Options(**chosen))

    taking_each.__signature__ = signature  # type: ignore[attr-defined]
    return taking_each
