"""Edits of users, their identities, and organizations."""

from __future__ import annotations

from typing import Any

from zendesk_source.simulator.children import remove_children
from zendesk_source.simulator.rows.people import (
    identity_row,
    organization_membership_row,
    organization_row,
    user_row,
)
from zendesk_source.simulator.state import State
from zendesk_source.simulator.store import Row, iso

DELETED_USER_KEYS = (
    *("id", "url", "name", "email", "created_at", "updated_at", "time_zone", "phone"),
    *("shared_phone_number", "photo", "locale_id", "locale", "organization_id", "role", "active"),
)
"""What the list of deleted users shows of one."""

ERASED: Row = {
    "name": "Permanently Deleted User",
    **dict.fromkeys(("phone", "alias", "external_id", "photo", "signature", "details", "notes")),
}
"""What a user says of a person once it is deleted for good."""


class PeopleEdits(State):
    """Adds, changes and deletes people."""

    def create_user(self, **values: Any) -> Row:
        """Create a user with an e-mail identity."""
        with self.lock:
            moment = iso(self.now_second())
            user = user_row(self.new_id(), moment, values)
            self.stores["users"].put(user)
            if user["email"] is not None:
                email = {"value": user["email"], "primary": True}
                self.put_identity(identity_row(self.new_id(), user["id"], moment, email))
            return user

    def edit_user(self, user_id: int, **changes: Any) -> Row:
        """Change a user; ``user_fields`` given are merged into those that stand."""
        with self.lock:
            user = self.stores["users"][user_id]
            changes["user_fields"] = {**user["user_fields"], **changes.get("user_fields", {})}
            user.update(changes, updated_at=iso(self.now_second()))
            self.stores["users"].put(user)
            return user

    def delete_user(self, user_id: int, *, permanently: bool = False) -> Row:
        """Delete a user: inactive, without e-mail and identities; the row stays.

        Of one that is deleted for good nothing personal stays in it.
        """
        with self.lock:
            for identity_id in self.identity_ids_of.pop(user_id, []):
                self.identities.drop(identity_id)
            changes: Row = {"active": False, "email": None, "permanently_deleted": permanently}
            if permanently:
                fields = self.stores["users"][user_id]["user_fields"]
                changes.update(ERASED, tags=[], user_fields=dict.fromkeys(fields))
            user = self.edit_user(user_id, **changes)
            shown = {name: user[name] for name in DELETED_USER_KEYS}
            self.stores["deleted_users"].put(shown)
            return user

    def add_identity(self, user_id: int, **values: Any) -> Row:
        """Add an identity; the user's ``updated_at`` moves."""
        with self.lock:
            identity = identity_row(self.new_id(), user_id, iso(self.now_second()), values)
            self.put_identity(identity)
            self.edit_user(user_id)
            return identity

    def remove_identity(self, identity_id: int) -> Row:
        """Remove an identity; the user's ``updated_at`` moves."""
        with self.lock:
            identity = self.identities[identity_id]
            self.identities.drop(identity_id)
            self.identity_ids_of[identity["user_id"]].remove(identity_id)
            self.edit_user(identity["user_id"])
            return identity

    def create_organization(self, **values: Any) -> Row:
        """Create an organization."""
        with self.lock:
            organization = organization_row(self.new_id(), iso(self.now_second()), values)
            self.stores["organizations"].put(organization)
            return organization

    def edit_organization(self, organization_id: int, **changes: Any) -> Row:
        """Change an organization; ``organization_fields`` given are merged."""
        with self.lock:
            organization = self.stores["organizations"][organization_id]
            changes["organization_fields"] = {
                **organization["organization_fields"],
                **changes.get("organization_fields", {}),
            }
            organization.update(changes, updated_at=iso(self.now_second()))
            self.stores["organizations"].put(organization)
            return organization

    def delete_organization(self, organization_id: int) -> Row:
        """Delete an organization: ``deleted_at`` is set, its memberships go, the row stays."""
        with self.lock:
            memberships = self.stores["organization_memberships"]
            for membership in list(memberships):
                if membership["organization_id"] == organization_id:
                    memberships.drop(membership["id"])
            remove_children(self, "organizations", organization_id)
            return self.edit_organization(organization_id, deleted_at=iso(self.now_second()))

    def add_organization_membership(self, user_id: int, organization_id: int) -> Row:
        """Make a user a member of an organization."""
        with self.lock:
            organization = self.stores["organizations"][organization_id]
            membership = organization_membership_row(
                self.new_id(), user_id, organization, iso(self.now_second())
            )
            self.stores["organization_memberships"].put(membership)
            return membership
