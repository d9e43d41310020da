"""The lists of Zendesk Support that analysis joins on: fields, groups, brands, service levels.

Zendesk cannot be asked for their changes, so their tables are replaced.
"""

from __future__ import annotations

from zendesk_source.catalogue.lists import API_REFERENCE, whole_list
from zendesk_source.catalogue.stream import Origin, Paging, SideTable, Stream, columns, flagged


def _options_of(owner: str, docs: str) -> SideTable:
    """Declare the choices of drop-downs: rows hold a choice's value, people read its name."""
    return SideTable(
        name=f"{owner}_field_options",
        origin=Origin.OBJECTS,
        key="custom_field_options",
        primary_key=(f"{owner}_field_id", "value"),
        parent_column=f"{owner}_field_id",
        is_whole_set=True,
        columns=columns(
            bigint=f"{owner}_field_id id", text="value name raw_name url", bool="default"
        ),
        docs=API_REFERENCE + docs,
    )


TICKET_FIELDS = whole_list(
    "ticket_fields",
    "ticket_fields.json",
    "ticketing/tickets/ticket_fields/",
    columns(
        bigint="id position sub_type_id creator_user_id",
        timestamp="created_at updated_at",
        text="url type title raw_title title_in_portal raw_title_in_portal description"
        " raw_description agent_description key tag regexp_for_validation creator_app_name"
        " relationship_target_type",
        bool="active required collapsed_for_agents editable_in_portal removable"
        " required_in_portal visible_in_portal",
        json="custom_field_options system_field_options custom_statuses relationship_filter",
    ),
    side_tables=(_options_of("ticket", "ticketing/tickets/ticket_fields/"),),
    is_core=True,
)

_CUSTOM_FIELD_COLUMNS = columns(
    bigint="id position",
    timestamp="created_at updated_at",
    text="url key type title raw_title description raw_description regexp_for_validation tag"
    " relationship_target_type",
    bool="active system",
    json="custom_field_options relationship_filter",
)
USER_FIELDS = whole_list(
    "user_fields",
    "user_fields.json",
    "ticketing/users/user_fields/",
    _CUSTOM_FIELD_COLUMNS,
    side_tables=(_options_of("user", "ticketing/users/user_fields/"),),
    is_core=True,
)
ORGANIZATION_FIELDS = whole_list(
    "organization_fields",
    "organization_fields.json",
    "ticketing/organizations/organization_fields/",
    _CUSTOM_FIELD_COLUMNS,
    side_tables=(_options_of("organization", "ticketing/organizations/organization_fields/"),),
    is_core=True,
)

TICKET_FORMS = whole_list(
    "ticket_forms",
    "ticket_forms.json",
    "ticketing/tickets/ticket_forms/",
    columns(
        bigint="id position",
        timestamp="created_at updated_at deleted_at",
        text="url name raw_name display_name raw_display_name",
        bool="active default end_user_visible in_all_brands",
        json="agent_conditions end_user_conditions restricted_brand_ids ticket_field_ids",
    ),
    keeps_history=True,
    is_deleted=flagged("deleted_at"),
    paging=Paging.SINGLE,
    needs="Suite Growth or Support Enterprise",
    is_core=True,
)

CUSTOM_STATUSES = whole_list(
    "custom_statuses",
    "custom_statuses.json",
    "ticketing/tickets/custom_ticket_statuses/",
    columns(
        bigint="id",
        timestamp="created_at updated_at",
        text="status_category agent_label raw_agent_label end_user_label raw_end_user_label"
        " description raw_description end_user_description raw_end_user_description",
        bool="active default",
    ),
    paging=Paging.SINGLE,
    is_core=True,
)

GROUPS = whole_list(
    "groups",
    "groups.json",
    "ticketing/groups/groups/",
    columns(
        bigint="id",
        timestamp="created_at updated_at",
        text="url name description",
        bool="default deleted is_public",
    ),
    keeps_history=True,
    is_deleted=flagged("deleted"),
    is_core=True,
)

GROUP_MEMBERSHIPS = whole_list(
    "group_memberships",
    "group_memberships.json",
    "ticketing/groups/group_memberships/",
    columns(
        bigint="id group_id user_id",
        timestamp="created_at updated_at",
        text="url",
        bool="default",
    ),
    is_core=True,
)

ORGANIZATION_MEMBERSHIPS = whole_list(
    "organization_memberships",
    "organization_memberships.json",
    "ticketing/organizations/organization_memberships/",
    columns(
        bigint="id organization_id user_id",
        timestamp="created_at updated_at",
        text="url organization_name",
        bool="default view_tickets",
    ),
    note="`users.organization_id` is the default one; read it where people belong to several"
    " organizations. A request for every 100 memberships, on every sync.",
)

BRANDS = whole_list(
    "brands",
    "brands.json",
    "ticketing/account-configuration/brands/",
    columns(
        bigint="id",
        timestamp="created_at updated_at",
        text="url name brand_url subdomain host_mapping help_center_state signature_template",
        bool="active default is_deleted has_help_center",
        json="logo ticket_form_ids",
    ),
    keeps_history=True,
    is_deleted=flagged("is_deleted"),
    is_core=True,
)

TAGS = whole_list(
    "tags",
    "tags.json",
    "ticketing/ticket-management/tags/",
    columns(bigint="count", text="name"),
    primary_key=("name",),
    is_core=True,
)

MACROS = whole_list(
    "macros",
    "macros.json",
    "ticketing/business-rules/macros/",
    columns(
        bigint="id position",
        timestamp="created_at updated_at",
        text="url title raw_title description",
        bool="active default",
        json="actions restriction",
    ),
    keeps_history=True,
    is_core=True,
)

SLA_POLICIES = whole_list(
    "sla_policies",
    "slas/policies.json",
    "ticketing/business-rules/sla_policies/",
    columns(
        bigint="id position",
        timestamp="created_at updated_at",
        text="url title description",
        json="filter policy_metrics metric_settings",
    ),
    keeps_history=True,
    paging=Paging.SINGLE,
    needs="Professional",
    is_core=True,
)

SCHEDULES = whole_list(
    "schedules",
    "business_hours/schedules.json",
    "ticketing/ticket-management/schedules/",
    columns(
        bigint="id",
        timestamp="created_at updated_at",
        text="name time_zone",
        json="intervals",
    ),
    keeps_history=True,
    paging=Paging.SINGLE,
    needs="Professional",
    is_core=True,
)

SATISFACTION_REASONS = whole_list(
    "satisfaction_reasons",
    "satisfaction_reasons.json",
    "ticketing/ticket-management/satisfaction_reasons/",
    columns(
        bigint="id reason_code",
        timestamp="created_at updated_at deleted_at",
        text="url value raw_value",
    ),
    is_deleted=flagged("deleted_at"),
    paging=Paging.SINGLE,
    records_key="reasons",
    needs="satisfaction reasons switched on",
    is_core=True,
)


SUPPORT_LISTS: tuple[Stream, ...] = (
    TICKET_FIELDS,
    TICKET_FORMS,
    CUSTOM_STATUSES,
    USER_FIELDS,
    ORGANIZATION_FIELDS,
    GROUPS,
    GROUP_MEMBERSHIPS,
    ORGANIZATION_MEMBERSHIPS,
    BRANDS,
    TAGS,
    MACROS,
    SLA_POLICIES,
    SCHEDULES,
    SATISFACTION_REASONS,
)
