"""Rows about users and organizations, with every key the API sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from zendesk_source.simulator.rows.tickets import HOST
from zendesk_source.simulator.store import Row

# Keys in recorded order; encoded, because reading it back is the fastest deep copy.
_BLANK_USER = orjson.dumps(
    {
        "id": 0,
        "url": "",
        "name": "",
        "email": "",
        "created_at": "",
        "updated_at": "",
        "time_zone": "Eastern Time (US & Canada)",
        "iana_time_zone": "America/New_York",
        "phone": None,
        "shared_phone_number": None,
        "photo": None,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": None,
        "role": "end-user",
        "verified": False,
        "external_id": None,
        "tags": [],
        "alias": None,
        "active": True,
        "shared": False,
        "shared_agent": False,
        "last_login_at": None,
        "two_factor_auth_enabled": False,
        "signature": None,
        "details": None,
        "notes": None,
        "role_type": None,
        "custom_role_id": None,
        "moderator": False,
        "ticket_restriction": "requested",
        "only_private_comments": False,
        "restricted_agent": True,
        "suspended": False,
        "default_group_id": None,
        "report_csv": False,
        "user_fields": {},
    }
)


def user_row(user_id: int, created_at: str, values: Mapping[str, Any]) -> Row:
    """Return a user as the incremental export shows it."""
    row: Row = orjson.loads(_BLANK_USER)
    row.update(
        id=user_id,
        url=f"{HOST}/api/v2/users/{user_id}.json",
        name=f"User {user_id}",
        email=f"user{user_id}@example.com",
        created_at=created_at,
        updated_at=created_at,
    )
    role = values.get("role", "end-user")
    if role != "end-user":
        row.update(
            verified=True,
            two_factor_auth_enabled=None,
            role_type={"admin": 4}.get(role, 0),
            moderator=True,
            ticket_restriction=None,
            restricted_agent=False,
            report_csv=role == "admin",
        )
    if role == "admin":
        row.update(is_billing_admin=False, suspension_details=None)
    row.update(values)
    return row


def identity_row(identity_id: int, user_id: int, created_at: str, values: Mapping[str, Any]) -> Row:
    """Return an e-mail address, a phone number or another way to reach a user."""
    row: Row = {
        "url": f"{HOST}/api/v2/users/{user_id}/identities/{identity_id}.json",
        "id": identity_id,
        "user_id": user_id,
        "type": "email",
        "value": f"user{user_id}.{identity_id}@example.com",
        "verified": False,
        "primary": False,
        "created_at": created_at,
        "updated_at": created_at,
        "undeliverable_count": 0,
        "deliverable_state": "deliverable",
        "verified_at": None,
    }
    row.update(values)
    return row


def organization_row(organization_id: int, created_at: str, values: Mapping[str, Any]) -> Row:
    """Return an organization as the incremental export shows it."""
    row: Row = {
        "url": f"{HOST}/api/v2/organizations/{organization_id}.json",
        "id": organization_id,
        "name": f"Organization {organization_id}",
        "shared_tickets": False,
        "shared_comments": False,
        "external_id": None,
        "created_at": created_at,
        "updated_at": created_at,
        "deleted_at": None,
        "domain_names": [],
        "details": "",
        "notes": "",
        "group_id": None,
        "tags": [],
        "organization_fields": {},
    }
    row.update(values)
    return row


def organization_membership_row(
    membership_id: int, user_id: int, organization: Row, created_at: str
) -> Row:
    """Return the membership of a user in an organization."""
    return {
        "url": f"{HOST}/api/v2/organization_memberships/{membership_id}.json",
        "id": membership_id,
        "user_id": user_id,
        "organization_id": organization["id"],
        "default": True,
        "created_at": created_at,
        "organization_name": organization["name"],
        "updated_at": created_at,
        "view_tickets": True,
    }


def group_membership_row(
    membership_id: int, user_id: int, group_id: int, created_at: str, *, default: bool
) -> Row:
    """Return the membership of an agent in a group."""
    return {
        "url": f"{HOST}/api/v2/group_memberships/{membership_id}.json",
        "id": membership_id,
        "user_id": user_id,
        "group_id": group_id,
        "default": default,
        "created_at": created_at,
        "updated_at": created_at,
    }
