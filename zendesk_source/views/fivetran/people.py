"""Users, organizations and groups; deleted ones stay, because comments are joined to authors."""

from __future__ import annotations

from zendesk_source.views.declared import IS_GONE, Column, Rows, View, same, synced

USER = View(
    name="user",
    reads={"u": Rows("users")},
    columns=(
        *same("u", "users", "id url name email phone role alias active suspended verified"),
        *same("u", "users", "organization_id external_id locale locale_id time_zone details"),
        *same("u", "users", "notes signature ticket_restriction only_private_comments"),
        *same("u", "users", "restricted_agent moderator chat_only shared shared_agent"),
        *same("u", "users", "two_factor_auth_enabled created_at updated_at last_login_at"),
        Column("_fivetran_deleted", "bool", "not coalesce(u.active, true)"),
        synced("u"),
    ),
    custom_fields_of="u",
)

USER_TAG = View(
    name="user_tag",
    reads={"g": Rows("user_tags")},
    columns=(*same("g", "user_tags", "user_id tag"), synced("g")),
    switch="using_user_tags",
)

ORGANIZATION = View(
    name="organization",
    reads={"o": Rows("organizations")},
    columns=(
        *same("o", "organizations", "id url name details notes external_id group_id"),
        *same("o", "organizations", "shared_tickets shared_comments created_at updated_at"),
        Column("_fivetran_deleted", "bool", "o.deleted_at is not null"),
        synced("o"),
    ),
    custom_fields_of="o",
    switch="using_organizations",
)

ORGANIZATION_TAG = View(
    name="organization_tag",
    reads={"g": Rows("organization_tags")},
    columns=(*same("g", "organization_tags", "organization_id tag"), synced("g")),
    switch="using_organization_tags",
)

DOMAIN_NAME = View(
    name="domain_name",
    reads={"d": Rows("organization_domain_names")},
    columns=(
        *same("d", "organization_domain_names", "organization_id domain_name"),
        Column(
            "index",
            "bigint",
            "row_number() over (partition by d.organization_id order by d.domain_name) - 1",
        ),
        synced("d"),
    ),
    switch="using_domain_names",
)

GROUP = View(
    name="group",
    reads={"g": Rows("groups", "newest")},
    columns=(
        *same("g", "groups", "id url name created_at updated_at"),
        Column("_fivetran_deleted", "bool", f"g.{IS_GONE} or coalesce(g.deleted, false)"),
        synced("g"),
    ),
)

PEOPLE = (USER, USER_TAG, ORGANIZATION, ORGANIZATION_TAG, DOMAIN_NAME, GROUP)
