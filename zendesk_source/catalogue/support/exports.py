"""The exports of Zendesk Support, which a sync asks only for changes.

Column types follow the published reference and recorded answers; ids are 64-bit, times are
ISO 8601 in UTC unless noted.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from zendesk_source.catalogue.lists import LIST_PAGE_SIZE
from zendesk_source.catalogue.stream import Origin, Paging, SideTable, Stream, columns, flagged
from zendesk_source.catalogue.support.by_id import (
    ORGANIZATIONS_BY_ID,
    TICKETS_BY_ID,
    USERS_BY_ID,
)

_REFERENCE = "https://developer.zendesk.com/api-reference/ticketing/"
_EXPORTS = _REFERENCE + "ticket-management/incremental_exports/"

EXPORT_PAGE_SIZE = 1000
DAY_SECONDS = 86_400

# Zendesk's default scope is `agent`, which leaves the tickets of AI agents out without a word.
_ALL_TICKETS = MappingProxyType({"support_type_scope": "all"})

TICKET_METRICS = SideTable(
    name="ticket_metrics",
    origin=Origin.OBJECT,
    key="metric_set",
    primary_key=("id",),
    parent_column="ticket_id",
    is_whole_set=False,  # deleted tickets come without a metric_set; their metrics stay
    replaces_key=True,
    columns=columns(
        bigint="id ticket_id assignee_stations group_stations reopens replies",
        timestamp="created_at updated_at assigned_at assignee_updated_at custom_status_updated_at"
        " initially_assigned_at latest_comment_added_at requester_updated_at solved_at"
        " status_updated_at",
        json="agent_wait_time_in_minutes first_resolution_time_in_minutes"
        " full_resolution_time_in_minutes on_hold_time_in_minutes reply_time_in_minutes"
        " reply_time_in_seconds requester_wait_time_in_minutes",
        text="url",
    ),
    docs=_REFERENCE + "tickets/ticket_metrics/",
)


def _set_of(
    key: str, parent_column: str, element: str, data_type: Literal["bigint", "text"], name: str
) -> SideTable:
    """Declare a side table for a list inside each row; its rows are (parent, element)."""
    types = {"bigint": "", "text": ""}
    types["bigint"] += parent_column
    types[data_type] += f" {element}"
    return SideTable(
        name=name,
        origin=Origin.ELEMENTS,
        key=key,
        primary_key=(parent_column, element),
        parent_column=parent_column,
        is_whole_set=True,
        columns=columns(**types),
        docs=_REFERENCE + ("ticket-management/tags/" if key == "tags" else "tickets/tickets/"),
    )


TICKET_TAGS = _set_of("tags", "ticket_id", "tag", "text", "ticket_tags")
TICKET_FOLLOWERS = _set_of("follower_ids", "ticket_id", "user_id", "bigint", "ticket_followers")
TICKET_COLLABORATORS = _set_of(
    "collaborator_ids", "ticket_id", "user_id", "bigint", "ticket_collaborators"
)
USER_TAGS = _set_of("tags", "user_id", "tag", "text", "user_tags")
ORGANIZATION_TAGS = _set_of("tags", "organization_id", "tag", "text", "organization_tags")
ORGANIZATION_DOMAIN_NAMES = _set_of(
    "domain_names", "organization_id", "domain_name", "text", "organization_domain_names"
)

TICKET_COMMENTS = SideTable(
    name="ticket_comments",
    origin=Origin.COMMENT_EVENTS,
    key="child_events",
    primary_key=("id",),
    parent_column="event_id",
    is_whole_set=False,
    columns=columns(
        bigint="id ticket_id event_id author_id audit_id via_reference_id",
        timestamp="created_at",
        # The second line is of calls and Facebook; `data` tells who called whom, and how long.
        text="type event_type body html_body plain_body"
        " formatted_from formatted_to graph_object_id",
        bool="public trusted transcription_visible",
        json="via attachments metadata data",
    ),
    docs=_REFERENCE + "tickets/ticket_comments/",
)

TICKET_FIELD_HISTORY = SideTable(
    name="ticket_field_history",
    origin=Origin.FIELD_CHANGES,
    key="child_events",
    primary_key=("child_id", "field_name"),
    parent_column="event_id",
    is_whole_set=False,
    columns=columns(
        bigint="ticket_id event_id child_id user_id",
        text="field_name value previous_value",
        timestamp="updated",
    ),
    docs=_EXPORTS + "#incremental-ticket-event-export",
)

TICKET_TAG_HISTORY = SideTable(
    name="ticket_tag_history",
    origin=Origin.TAG_CHANGES,
    key="child_events",
    primary_key=("child_id", "tag", "action"),
    parent_column="event_id",
    is_whole_set=False,
    columns=columns(
        bigint="ticket_id event_id child_id user_id",
        text="tag action",
        timestamp="updated",
    ),
    docs=_EXPORTS + "#incremental-ticket-event-export",
)

TICKET_SCHEDULE_CHANGES = SideTable(
    name="ticket_schedule_changes",
    origin=Origin.SCHEDULE_CHANGES,
    key="child_events",
    primary_key=("child_id",),
    parent_column="event_id",
    is_whole_set=False,
    columns=columns(
        bigint="ticket_id event_id child_id user_id schedule_id previous_schedule_id",
        timestamp="updated",
    ),
    docs=_EXPORTS + "#incremental-ticket-event-export",
)

TICKET_CHATS = SideTable(
    name="ticket_chats",
    origin=Origin.CHATS,
    key="child_events",
    primary_key=("child_id",),
    parent_column="event_id",
    is_whole_set=False,
    columns=columns(
        bigint="ticket_id event_id child_id user_id",
        text="event_type chat_id visitor_id",
        timestamp="updated",
        json="details",
    ),
    docs=_REFERENCE + "tickets/ticket_audits/",
)

TICKET_CHAT_MESSAGES = SideTable(
    name="ticket_chat_messages",
    origin=Origin.CHAT_MESSAGES,
    key="child_events",
    primary_key=("child_id", "position"),
    parent_column="event_id",
    is_whole_set=False,
    columns=columns(
        bigint="ticket_id event_id child_id position user_id chat_index",
        text="chat_id actor_id actor_type type message",
        timestamp="updated created_at",
        json="details",
    ),
    docs=_REFERENCE + "tickets/ticket_audits/",
)

USER_IDENTITIES = SideTable(
    name="user_identities",
    origin=Origin.BESIDE,
    key="identities",
    primary_key=("id",),
    parent_column="user_id",
    is_whole_set=True,
    columns=columns(
        bigint="id user_id undeliverable_count",
        text="type value deliverable_state url verification_method",
        bool="primary verified",
        timestamp="created_at updated_at verified_at",
    ),
    docs=_REFERENCE + "users/user_identities/",
)


def _is_deleted_ticket(ticket: Mapping[str, Any]) -> bool:
    return bool(ticket.get("status") == "deleted")


def _is_deleted_user(user: Mapping[str, Any]) -> bool:
    return user.get("active") is False  # suspended users stay active


def _ticket_flags(ticket: Mapping[str, Any]) -> Mapping[str, Any]:
    """Flag deleted tickets, and those whose content Zendesk has erased 30 days later."""
    is_deleted = _is_deleted_ticket(ticket)
    is_scrubbed = is_deleted and ticket.get("subject") == "SCRUBBED"
    return {"is_deleted": is_deleted, "is_scrubbed": is_scrubbed}


TICKETS = Stream(
    name="tickets",
    product="support",
    path="/api/v2/incremental/tickets/cursor.json",
    paging=Paging.CURSOR_EXPORT,
    primary_key=("id",),
    # Not updated_at: system changes move only generated_timestamp, and the export is ordered by it.
    cursor_field="generated_timestamp",
    moves_with_every_change=True,
    write="merge",
    page_size=EXPORT_PAGE_SIZE,
    params=MappingProxyType({"include": "metric_sets", **_ALL_TICKETS}),
    bucket="incremental-exports",
    sample_path="/api/v2/incremental/tickets/sample",
    custom_fields="ticket",
    by_id=TICKETS_BY_ID,
    side_tables=(TICKET_METRICS, TICKET_TAGS, TICKET_FOLLOWERS, TICKET_COLLABORATORS),
    derive=_ticket_flags,
    is_deleted=_is_deleted_ticket,
    columns=columns(
        bigint="id generated_timestamp requester_id submitter_id assignee_id organization_id"
        " group_id forum_topic_id problem_id custom_status_id ticket_form_id"
        " deleted_ticket_form_id brand_id",
        timestamp="created_at updated_at due_at",
        text="url external_id encoded_id type subject raw_subject description priority status"
        " recipient support_type satisfaction_probability",
        bool="has_incidents is_public allow_channelback allow_attachments from_messaging_channel"
        " is_deleted is_scrubbed",
        json="via collaborator_ids follower_ids email_cc_ids sharing_agreement_ids followup_ids"
        " tags satisfaction_rating",
    ),
    access="admin",
    is_core=True,
    docs=_EXPORTS + "#incremental-ticket-export-cursor-based",
)

TICKET_EVENTS = Stream(
    name="ticket_events",
    product="support",
    path="/api/v2/incremental/ticket_events.json",
    paging=Paging.TIME_EXPORT,
    primary_key=("id",),
    cursor_field="timestamp",
    write="merge",
    page_size=EXPORT_PAGE_SIZE,
    params=MappingProxyType({"include": "comment_events", **_ALL_TICKETS}),
    bucket="incremental-exports",
    sample_path="/api/v2/incremental/ticket_events/sample",
    side_tables=(
        TICKET_COMMENTS,
        TICKET_FIELD_HISTORY,
        TICKET_TAG_HISTORY,
        TICKET_SCHEDULE_CHANGES,
        TICKET_CHATS,
        TICKET_CHAT_MESSAGES,
    ),
    columns=columns(
        bigint="id ticket_id timestamp updater_id",
        timestamp="created_at",
        text="via event_type",
        json="system metadata child_events merged_ticket_ids",
    ),
    access="admin",
    is_core=True,
    docs=_EXPORTS + "#incremental-ticket-event-export",
)

TICKET_METRIC_EVENTS = Stream(
    name="ticket_metric_events",
    product="support",
    path="/api/v2/incremental/ticket_metric_events.json",
    paging=Paging.TIME_EXPORT,
    primary_key=("id",),
    cursor_field="time",
    write="merge",
    page_size=EXPORT_PAGE_SIZE,
    bucket="incremental-exports",
    is_deleted=flagged("deleted"),
    columns=columns(
        bigint="id ticket_id instance_id",
        timestamp="time",
        text="metric type",
        bool="deleted",
        json="sla group_sla status",
    ),
    access="admin",
    is_core=True,
    docs=_REFERENCE + "tickets/ticket_metric_events/",
)

USERS = Stream(
    name="users",
    product="support",
    path="/api/v2/incremental/users/cursor.json",
    paging=Paging.CURSOR_EXPORT,
    primary_key=("id",),
    cursor_field="updated_at",
    write="merge",
    page_size=EXPORT_PAGE_SIZE,
    params=MappingProxyType({"include": "identities"}),
    bucket="incremental-exports-cursor",
    sample_path="/api/v2/incremental/users/sample",
    custom_fields="user",
    by_id=USERS_BY_ID,
    side_tables=(USER_IDENTITIES, USER_TAGS),
    is_deleted=_is_deleted_user,
    columns=columns(
        bigint="id organization_id default_group_id custom_role_id locale_id role_type",
        timestamp="created_at updated_at last_login_at",
        text="url name email phone time_zone iana_time_zone locale role external_id alias"
        " signature details notes ticket_restriction",
        bool="active verified shared shared_agent shared_phone_number suspended moderator"
        " chat_only only_private_comments restricted_agent report_csv two_factor_auth_enabled"
        " is_billing_admin permanently_deleted",
        json="photo tags suspension_details",
    ),
    access="admin",
    is_core=True,
    docs=_EXPORTS + "#incremental-user-export-cursor-based",
)

ORGANIZATIONS = Stream(
    name="organizations",
    product="support",
    path="/api/v2/incremental/organizations.json",
    paging=Paging.TIME_EXPORT,
    primary_key=("id",),
    cursor_field="updated_at",
    write="merge",
    page_size=EXPORT_PAGE_SIZE,
    bucket="incremental-exports",
    sample_path="/api/v2/incremental/organizations/sample",
    custom_fields="organization",
    by_id=ORGANIZATIONS_BY_ID,
    side_tables=(ORGANIZATION_TAGS, ORGANIZATION_DOMAIN_NAMES),
    is_deleted=flagged("deleted_at"),
    columns=columns(
        bigint="id group_id",
        timestamp="created_at updated_at deleted_at",
        text="url name external_id details notes",
        bool="shared_tickets shared_comments",
        json="domain_names tags",
    ),
    access="admin",
    is_core=True,
    docs=_EXPORTS + "#incremental-organization-export",
)

SATISFACTION_RATINGS = Stream(
    name="satisfaction_ratings",
    product="support",
    path="/api/v2/satisfaction_ratings.json",
    paging=Paging.CURSOR,
    primary_key=("id",),
    cursor_field="updated_at",
    write="merge",
    page_size=LIST_PAGE_SIZE,
    # Zendesk does not say whether start_time looks at created_at or updated_at, and a rating
    # can change until its ticket closes, at most 28 days after it is solved.
    lookback_seconds=30 * DAY_SECONDS,
    columns=columns(
        bigint="id ticket_id assignee_id group_id requester_id reason_id",
        timestamp="created_at updated_at",
        text="url score comment reason",
    ),
    access="admin",
    is_core=True,
    docs=_REFERENCE + "ticket-management/satisfaction_ratings/",
)


SUPPORT_EXPORTS: tuple[Stream, ...] = (
    TICKETS,
    TICKET_EVENTS,
    TICKET_METRIC_EVENTS,
    USERS,
    ORGANIZATIONS,
    SATISFACTION_RATINGS,
)
