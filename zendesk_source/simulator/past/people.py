"""The organizations, users and memberships of a generated account."""

from __future__ import annotations

from random import Random
from typing import Any

from zendesk_source.simulator.past.words import TAGS, company_name, person_name
from zendesk_source.simulator.rows.people import (
    group_membership_row,
    identity_row,
    organization_membership_row,
    organization_row,
    user_row,
)
from zendesk_source.simulator.rows.settings import option_tag
from zendesk_source.simulator.rows.tickets import attachment_row
from zendesk_source.simulator.state import State
from zendesk_source.simulator.store import DAY_SECONDS, Row, iso

USERS_AN_AGENT = 12
TIME_ZONES = (
    ("Eastern Time (US & Canada)", "America/New_York"),
    ("Berlin", "Europe/Berlin"),
    ("Asia/Tokyo", "Asia/Tokyo"),
)


def add_organizations(state: State, rng: Random, count: int, start: int, end: int) -> None:
    """Add organizations, one in twenty of them deleted."""
    for number in range(count):
        created = rng.randint(start - 20 * DAY_SECONDS, end - (end - start) // 4)
        updated = rng.randint(created, end)
        name = f"{company_name(rng)} {number + 1}"
        values: dict[str, Any] = {
            "name": name,
            "updated_at": iso(updated),
            "domain_names": [f"{option_tag(name)}.example.com"] if number % 3 else [],
            "external_id": f"crm-{number:05d}" if number % 2 else None,
            "tags": rng.sample(TAGS, rng.randint(0, 2)),
            "details": "Önology & more 🍷" if number % 7 == 0 else "",
            "organization_fields": person_values(state, rng, "organization"),
            "deleted_at": iso(updated) if number % 20 == 19 else None,
        }
        row = organization_row(state.new_id(), iso(created), values)
        state.stores["organizations"].put(row)


def add_users(state: State, rng: Random, count: int, start: int, end: int) -> None:
    """Add agents first, then end users in the order in which they came."""
    agents = max(1, count // USERS_AN_AGENT)
    group_ids = state.stores["groups"].keys()[:-1]
    for number in range(agents):
        _add_agent(state, rng, number, group_ids, start - 25 * DAY_SECONDS)
    organizations = [row for row in state.stores["organizations"] if not row["deleted_at"]]
    arrivals = sorted(
        rng.randint(start - 20 * DAY_SECONDS, end - 3600) for _ in range(max(0, count - agents))
    )
    for number, created in enumerate(arrivals):
        organization = rng.choice(organizations) if organizations and number % 3 else None
        _add_end_user(state, rng, number, organization, created, end)


def person_values(state: State, rng: Random, owner: str) -> Row:
    """Return values for every user or organization field, by key, as the API types them."""
    values: Row = {}
    for field in state.stores[f"{owner}_fields"]:
        is_set = rng.random() < 0.6
        tags = [option["value"] for option in field.get("custom_field_options", [])]
        value: Any = None
        if field["type"] == "checkbox":
            value = is_set
        elif is_set:
            value = _person_value(rng, field["type"], tags)
        values[field["key"]] = value
    return values


def _person_value(rng: Random, field_type: str, tags: list[str]) -> Any:
    if field_type == "integer":
        return rng.choice((rng.randint(0, 5000), 2**40 + rng.randint(0, 99)))
    if field_type == "decimal":
        return round(rng.uniform(0, 9000), 2)
    if field_type == "date":
        day = f"{rng.randint(1950, 2025)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        return f"{day}T00:00:00+00:00"
    if field_type == "dropdown":
        return rng.choice(tags)
    if field_type == "multiselect":
        return rng.sample(tags, rng.randint(1, len(tags)))
    if field_type == "regexp":
        return f"AB-{rng.randint(0, 9999):04d}"
    return rng.choice(("first choice", "see contract § 4", "ça va", "long\ntext"))


def _add_agent(state: State, rng: Random, number: int, group_ids: list[int], second: int) -> None:
    name, user_id = person_name(rng), state.new_id()
    group_id = group_ids[number % len(group_ids)]
    zone = TIME_ZONES[number % len(TIME_ZONES)]
    values = {
        "name": name,
        "email": f"agent{number or ''}@example.com",
        "role": "admin" if number == 0 else "agent",
        "default_group_id": group_id,
        "last_login_at": iso(second + DAY_SECONDS),
        "signature": f"Kind regards\n{name}",
        "time_zone": zone[0],
        "iana_time_zone": zone[1],
        "two_factor_auth_enabled": (True, False, None)[number % 3],
        "user_fields": person_values(state, rng, "user"),
        "updated_at": iso(second + 2 * DAY_SECONDS),
        "photo": _photo(state, user_id) if number % 2 == 0 else None,
    }
    user = user_row(user_id, iso(second), values)
    state.stores["users"].put(user)
    _add_identities(state, user, number)
    for position, each in enumerate({group_id, group_ids[0]}):
        membership = group_membership_row(
            state.new_id(), user_id, each, iso(second), default=position == 0
        )
        state.stores["group_memberships"].put(membership)


def _photo(state: State, user_id: int) -> Row:
    name = f"profile_image_{user_id}"
    photo = attachment_row(state.new_id(), f"{name}.png", "image/png", 10_157)
    thumbnail = attachment_row(state.new_id(), f"{name}_thumb.png", "image/png", 2_330)
    return {**photo, "thumbnails": [thumbnail]}


def _add_end_user(
    state: State, rng: Random, number: int, organization: Row | None, created: int, end: int
) -> None:
    is_deleted, is_erased = number % 33 == 17, number % 99 == 50
    values: dict[str, Any] = {
        "name": "Permanently Deleted User" if is_erased else person_name(rng),
        "email": None if is_deleted or is_erased else f"customer{number}@example.com",
        "phone": f"+1555{number:07d}" if number % 5 == 0 else None,
        "shared_phone_number": False if number % 5 == 0 else None,
        "updated_at": iso(rng.randint(created, end)),
        "verified": number % 4 != 0,
        "active": not (is_deleted or is_erased),
        "tags": rng.sample(TAGS, rng.randint(0, 2)) if number % 2 else [],
        "external_id": f"shop-{number}" if number % 2 else None,
        "notes": "Prefers e-mail ✉️" if number % 11 == 0 else None,
        "suspended": number % 50 == 49,
        "organization_id": organization["id"] if organization else None,
        "user_fields": person_values(state, rng, "user"),
    }
    if is_deleted or is_erased:
        values["permanently_deleted"] = is_erased
    user = user_row(state.new_id(), iso(created), values)
    state.stores["users"].put(user)
    if user["active"]:
        _add_identities(state, user, number)
        if organization:
            membership = organization_membership_row(
                state.new_id(), user["id"], organization, iso(created)
            )
            state.stores["organization_memberships"].put(membership)


def _add_identities(state: State, user: Row, number: int) -> None:
    found: list[Row] = [{"value": user["email"], "primary": True, "verified": user["verified"]}]
    if user["phone"]:
        found.append({"type": "phone_number", "value": user["phone"], "verified": True})
    if number % 6 == 0:
        found.append({"value": f"second{number}@example.com", "deliverable_state": "undeliverable"})
    for values in found:
        state.put_identity(identity_row(state.new_id(), user["id"], user["created_at"], values))
