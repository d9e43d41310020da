"""The rules of Zendesk Support that act on tickets by themselves, and the roles of agents."""

from __future__ import annotations

from zendesk_source.catalogue.lists import only_row, whole_list
from zendesk_source.catalogue.stream import Paging, Stream, columns

_RULES = "ticketing/business-rules/"

TRIGGERS = whole_list(
    "triggers",
    "triggers",
    _RULES + "triggers/",
    columns(
        bigint="id position",
        timestamp="created_at updated_at",
        text="url title raw_title description category_id",
        bool="active default",
        json="actions conditions",
    ),
    keeps_history=True,
    is_core=True,
)

TRIGGER_CATEGORIES = whole_list(
    "trigger_categories",
    "trigger_categories",
    _RULES + "trigger_categories/",
    columns(bigint="position", timestamp="created_at updated_at", text="id name"),
    access="admin",
)

AUTOMATIONS = whole_list(
    "automations",
    "automations",
    _RULES + "automations/",
    columns(
        bigint="id position",
        timestamp="created_at updated_at",
        text="url title raw_title",
        bool="active default",
        json="actions conditions",
    ),
    keeps_history=True,
    is_core=True,
)

VIEWS = whole_list(
    "views",
    "views",
    _RULES + "views/",
    columns(
        bigint="id position sla_id",
        timestamp="created_at updated_at",
        text="url title raw_title description",
        bool="active default watchable",
        json="conditions execution restriction",
    ),
    is_core=True,
)

GROUP_SLA_POLICIES = whole_list(
    "group_sla_policies",
    "group_slas/policies",
    _RULES + "group_sla_policies/",
    columns(
        bigint="position",
        timestamp="created_at updated_at",
        text="id url title description",
        json="filter policy_metrics",
    ),
    paging=Paging.SINGLE,
    access="admin",
    needs="Enterprise",
)

CUSTOM_ROLES = whole_list(
    "custom_roles",
    "custom_roles",
    "ticketing/account-configuration/custom_roles/",
    columns(
        bigint="id role_type team_member_count",
        timestamp="created_at updated_at",
        text="name description",
        json="configuration",
    ),
    keeps_history=True,
    paging=Paging.SINGLE,
    needs="Enterprise",
    is_core=True,
)

WORKSPACES = whole_list(
    "workspaces",
    "workspaces",
    "ticketing/ticket-management/workspaces/",
    columns(
        bigint="id position ticket_form_id",
        timestamp="created_at updated_at",
        text="url title description",
        bool="activated prefer_workspace_app_order",
        json="apps conditions macro_ids macros selected_macros",
    ),
    paging=Paging.OFFSET,
    needs="contextual workspaces (Enterprise)",
)

QUEUES = whole_list(
    "queues",
    "queues",
    "ticketing/ticket-management/queues/",
    columns(
        bigint="order priority",
        timestamp="created_at updated_at",
        text="id url name description",
        json="definition primary_groups secondary_groups",
    ),
    paging=Paging.SINGLE,
    access="admin",
    needs="omnichannel routing with custom queues",
)

ROUTING_ATTRIBUTES = whole_list(
    "routing_attributes",
    "routing/attributes",
    "ticketing/ticket-management/skill_based_routing/",
    columns(timestamp="created_at updated_at", text="id url name"),
    paging=Paging.SINGLE,
    records_key="attributes",
    needs="skills (Professional)",
)

ROUTING_ATTRIBUTE_DEFINITIONS = whole_list(
    "routing_attribute_definitions",
    "routing/attributes/definitions",
    "ticketing/ticket-management/skill_based_routing/",
    columns(bigint="id", json="conditions_all conditions_any"),
    paging=Paging.OBJECT,
    records_key="definitions",
    derive=only_row,
    needs="skills (Professional)",
)

DELETION_SCHEDULES = whole_list(
    "deletion_schedules",
    "deletion_schedules",
    "ticketing/ticket-management/deletion_schedules/",
    columns(
        bigint="id",
        timestamp="created_at updated_at",
        text="url title description",
        bool="active default",
        json="conditions",
    ),
    paging=Paging.SINGLE,
    access="admin",
    needs="deletion schedules (data privacy add-on for more than one)",
)

# The locale of the path is that of dynamic content in the questions; plain texts are as written.
CSAT_SURVEYS = whole_list(
    "csat_surveys",
    "guide/en-us/surveys",
    "ticketing/ticket-management/csat_surveys/",
    columns(
        bigint="version",
        timestamp="created_at updated_at",
        text="id state",
        json="questions",
    ),
    records_key="surveys",
    keeps_history=True,
    needs="Support Professional or Suite Growth, with the new CSAT",
    note="As they are now: `history` keeps the versions that responses were given to. Dynamic"
    " content is shown in `en-us`.",
)

WEBHOOKS = whole_list(
    "webhooks",
    "webhooks",
    "webhooks/webhooks-api/webhooks/",
    columns(
        timestamp="created_at updated_at",
        text="id name description status endpoint http_method request_format created_by updated_by",
        json="subscriptions authentication custom_headers external_source signing_secret",
    ),
    access="admin",
    note="Zendesk masks what the authentication holds.",
)

TARGETS = whole_list(
    "targets",
    "targets",
    "ticketing/targets/targets/",
    columns(bigint="id", timestamp="created_at", text="title type", bool="active"),
    paging=Paging.SINGLE,
    note="Superseded by webhooks; every type of target has columns of its own.",
)

TARGET_FAILURES = whole_list(
    "target_failures",
    "target_failures",
    "ticketing/targets/target_failures/",
    columns(
        bigint="id status_code consecutive_failure_count",
        timestamp="created_at",
        text="url target_name raw_request raw_response",
    ),
    paging=Paging.SINGLE,
    access="admin",
    note="The 25 newest.",
)

SUPPORT_RULES: tuple[Stream, ...] = (
    TRIGGERS,
    TRIGGER_CATEGORIES,
    AUTOMATIONS,
    VIEWS,
    GROUP_SLA_POLICIES,
    CUSTOM_ROLES,
    WORKSPACES,
    QUEUES,
    ROUTING_ATTRIBUTES,
    ROUTING_ATTRIBUTE_DEFINITIONS,
    DELETION_SCHEDULES,
    CSAT_SURVEYS,
    WEBHOOKS,
    TARGETS,
    TARGET_FAILURES,
)
