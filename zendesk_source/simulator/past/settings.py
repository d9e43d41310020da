"""The configuration of a generated account, and a custom field of every type."""

from __future__ import annotations

from zendesk_source.simulator.past.words import GROUP_NAMES
from zendesk_source.simulator.rows.settings import (
    SYSTEM_TICKET_FIELDS,
    Owner,
    brand_row,
    custom_status_row,
    field_options,
    group_row,
    macro_row,
    option_tag,
    person_field_row,
    satisfaction_reason_row,
    ticket_field_row,
    ticket_form_row,
)
from zendesk_source.simulator.state import State
from zendesk_source.simulator.store import Row, iso

# Two titles that slug to the same name, one that slugs to nothing, one that is a keyword.
TICKET_FIELDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("text", "Order number", ()),
    ("textarea", "What happened?", ()),
    ("checkbox", "Is under warranty", ()),
    ("integer", "Number of items", ()),
    ("decimal", "Refund amount (€)", ()),
    ("date", "Purchase date", ()),
    ("tagger", "Product line", ("Home", "Office", "Outdoor::Bicycles", "Outdoor::Camping")),
    ("multiselect", "Affected parts", ("Cable", "Display", "Battery", "Housing")),
    ("regexp", "Serial number", ()),
    ("lookup", "Account manager", ()),
    ("partialcreditcard", "Card", ()),
    ("text", "order-number", ()),
    ("text", "製品", ()),
    ("text", "Select", ()),
)
PERSON_FIELDS: dict[Owner, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "user": (
        ("text", "Nickname", ()),
        ("checkbox", "Takes calls", ()),
        ("integer", "Loyalty points", ()),
        ("decimal", "Lifetime value", ()),
        ("date", "Birthday", ()),
        ("dropdown", "Plan", ("Free", "Plus", "Pro")),
        ("multiselect", "Interests", ("Cycling", "Cooking", "Photography")),
        ("textarea", "Remarks", ()),
        ("regexp", "Member code", ()),
    ),
    "organization": (
        ("text", "Contract", ()),
        ("integer", "Seats", ()),
        ("decimal", "Monthly revenue", ()),
        ("date", "Renewal", ()),
        ("checkbox", "Is partner", ()),
        ("dropdown", "Region", ("North", "South", "東")),
    ),
}
STATUSES = (
    ("new", "New"),
    ("open", "Open"),
    ("open", "Waiting for the workshop"),
    ("pending", "Pending"),
    ("hold", "On-hold"),
    ("solved", "Solved"),
    ("solved", "Refunded"),
)
MACROS = ("Ask for the order number", "Close as spam", "Refund::Approve", "Take it!", "Übergabe")
REASONS = (
    (1000, "The answer took too long"),
    (1001, "The problem is not solved"),
    (1002, "I did not like the tone"),
)


def add_settings(state: State, second: int) -> None:
    """Add fields, forms, statuses, groups, brands and macros."""
    moment = iso(second)
    _add_ticket_fields(state, moment)
    for owner, fields in PERSON_FIELDS.items():
        for position, (field_type, title, options) in enumerate(fields):
            field_id, key = state.new_id(), option_tag(title)
            field = person_field_row(
                owner, field_id, field_type, title, moment, key=key, position=position
            )
            state.stores[f"{owner}_fields"].put(_with_options(state, owner, field, options))
    field_ids = state.stores["ticket_fields"].keys()
    for position, name in enumerate(("Default Ticket Form", "Returns")):
        form = ticket_form_row(
            state.new_id(), name, moment, position=position, ticket_field_ids=field_ids
        )
        state.stores["ticket_forms"].put(form)
    for category, label in STATUSES:
        state.stores["custom_statuses"].put(
            custom_status_row(state.new_id(), category, label, moment)
        )
    for number, name in enumerate(GROUP_NAMES):
        group = group_row(state.new_id(), name, moment, default=number == 0)
        state.stores["groups"].put({**group, "deleted": number == len(GROUP_NAMES) - 1})
    _add_brands(state, moment)
    _add_rules(state, moment)


def _add_ticket_fields(state: State, moment: str) -> None:
    store = state.stores["ticket_fields"]
    for position, (field_type, title) in enumerate(SYSTEM_TICKET_FIELDS):
        store.put(
            ticket_field_row(
                state.new_id(), field_type, title, moment, position=position, removable=False
            )
        )
    for field_type, title, options in TICKET_FIELDS:
        field = ticket_field_row(
            state.new_id(), field_type, title, moment, position=len(store), removable=True
        )
        store.put(_with_options(state, "ticket", field, options))


def _with_options(state: State, owner: Owner, field: Row, titles: tuple[str, ...]) -> Row:
    if titles:
        ids = [state.new_id() for _ in titles]
        options = field_options(owner, field["id"], ids, titles)
        field["custom_field_options"] = options
    return field


def _add_brands(state: State, moment: str) -> None:
    form_ids = state.stores["ticket_forms"].keys()
    shop = brand_row(
        state.new_id(), "Example", "example", moment, default=True, ticket_form_ids=form_ids
    )
    outlet = brand_row(
        state.new_id(),
        "アウトレット",
        "example-outlet",
        moment,
        ticket_form_ids=form_ids[:1],
        has_help_center=False,
        help_center_state="disabled",
    )
    closed = brand_row(
        state.new_id(), "Old shop", "example-old", moment, active=False, is_deleted=True
    )
    for brand in (shop, outlet, closed):
        state.stores["brands"].put(brand)


def _add_rules(state: State, moment: str) -> None:
    for title in MACROS:
        actions = [{"field": "status", "value": "pending"}, {"field": "priority", "value": "low"}]
        state.stores["macros"].put(macro_row(state.new_id(), title, moment, actions))
    for code, value in REASONS:
        state.stores["satisfaction_reasons"].put(
            satisfaction_reason_row(state.new_id(), code, value, moment)
        )
