"""The whole lists of Zendesk Support: configuration, read in full on every sync.

Zendesk offers no "changed since" for them, so the table is replaced. Where an endpoint takes
``page[size]`` it must be sent: without it the endpoint falls back to offset paging, which
ends with an error at 10,000 rows.
"""

from __future__ import annotations

from zendesk_source.catalogue.stream import Columns, Paging, Stream, columns
from zendesk_source.catalogue.support import ALL_IN_ONE_ANSWER, LIST_PAGE_SIZE

_REFERENCE = "https://developer.zendesk.com/api-reference/ticketing/"


def _whole_list(
    name: str,
    path: str,
    docs: str,
    columns: Columns,
    *,
    paging: Paging = Paging.CURSOR,
    primary_key: tuple[str, ...] = ("id",),
    records_key: str = "",
    needs: str = "",
) -> Stream:
    """A list of Support without an export; ``path`` and ``docs`` below their usual roots."""
    return Stream(
        name=name,
        product="support",
        path=f"/api/v2/{path}.json",
        records_key=records_key,
        paging=paging,
        primary_key=primary_key,
        cursor_field=None,
        write="replace",
        page_size=LIST_PAGE_SIZE if paging is Paging.CURSOR else ALL_IN_ONE_ANSWER,
        columns=columns,
        access="agent",
        needs=needs,
        docs=_REFERENCE + docs,
    )


TICKET_FIELDS = _whole_list(
    "ticket_fields",
    "ticket_fields",
    "tickets/ticket_fields/",
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
)

_CUSTOM_FIELD_COLUMNS = columns(
    bigint="id position",
    timestamp="created_at updated_at",
    text="url key type title raw_title description raw_description regexp_for_validation tag"
    " relationship_target_type",
    bool="active system",
    json="custom_field_options relationship_filter",
)
USER_FIELDS = _whole_list("user_fields", "user_fields", "users/user_fields/", _CUSTOM_FIELD_COLUMNS)
ORGANIZATION_FIELDS = _whole_list(
    "organization_fields",
    "organization_fields",
    "organizations/organization_fields/",
    _CUSTOM_FIELD_COLUMNS,
)

TICKET_FORMS = _whole_list(
    "ticket_forms",
    "ticket_forms",
    "tickets/ticket_forms/",
    columns(
        bigint="id position",
        timestamp="created_at updated_at deleted_at",
        text="url name raw_name display_name raw_display_name",
        bool="active default end_user_visible in_all_brands",
        json="agent_conditions end_user_conditions restricted_brand_ids ticket_field_ids",
    ),
    paging=Paging.SINGLE,
    needs="Suite Growth or Support Enterprise",
)

CUSTOM_STATUSES = _whole_list(
    "custom_statuses",
    "custom_statuses",
    "tickets/custom_ticket_statuses/",
    columns(
        bigint="id",
        timestamp="created_at updated_at",
        text="status_category agent_label raw_agent_label end_user_label raw_end_user_label"
        " description raw_description end_user_description raw_end_user_description",
        bool="active default",
    ),
    paging=Paging.SINGLE,
)

GROUPS = _whole_list(
    "groups",
    "groups",
    "groups/groups/",
    columns(
        bigint="id",
        timestamp="created_at updated_at",
        text="url name description",
        bool="default deleted is_public",
    ),
)

GROUP_MEMBERSHIPS = _whole_list(
    "group_memberships",
    "group_memberships",
    "groups/group_memberships/",
    columns(
        bigint="id group_id user_id",
        timestamp="created_at updated_at",
        text="url",
        bool="default",
    ),
)

ORGANIZATION_MEMBERSHIPS = _whole_list(
    "organization_memberships",
    "organization_memberships",
    "organizations/organization_memberships/",
    columns(
        bigint="id organization_id user_id",
        timestamp="created_at updated_at",
        text="url organization_name",
        bool="default view_tickets",
    ),
)

BRANDS = _whole_list(
    "brands",
    "brands",
    "account-configuration/brands/",
    columns(
        bigint="id",
        timestamp="created_at updated_at",
        text="url name brand_url subdomain host_mapping help_center_state signature_template",
        bool="active default is_deleted has_help_center",
        json="logo ticket_form_ids",
    ),
)

TAGS = _whole_list(
    "tags",
    "tags",
    "ticket-management/tags/",
    columns(bigint="count", text="name"),
    primary_key=("name",),
)

MACROS = _whole_list(
    "macros",
    "macros",
    "business-rules/macros/",
    columns(
        bigint="id position",
        timestamp="created_at updated_at",
        text="url title raw_title description",
        bool="active default",
        json="actions restriction",
    ),
)

SLA_POLICIES = _whole_list(
    "sla_policies",
    "slas/policies",
    "business-rules/sla_policies/",
    columns(
        bigint="id position",
        timestamp="created_at updated_at",
        text="url title description",
        json="filter policy_metrics metric_settings",
    ),
    paging=Paging.SINGLE,
    needs="Professional",
)

SCHEDULES = _whole_list(
    "schedules",
    "business_hours/schedules",
    "ticket-management/schedules/",
    columns(
        bigint="id",
        timestamp="created_at updated_at",
        text="name time_zone",
        json="intervals",
    ),
    paging=Paging.SINGLE,
    needs="Professional",
)

SATISFACTION_REASONS = _whole_list(
    "satisfaction_reasons",
    "satisfaction_reasons",
    "ticket-management/satisfaction_reasons/",
    columns(
        bigint="id reason_code",
        timestamp="created_at updated_at deleted_at",
        text="url value raw_value",
    ),
    paging=Paging.SINGLE,
    records_key="reasons",
    needs="satisfaction reasons switched on",
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
