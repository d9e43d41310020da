"""What people did in Zendesk Support, beside the exports: surveys, audits, skips, deletions.

Lists that only grow are asked for changes since a time. A list that cannot be asked so, and is too
long to be read in one go, is read whole on every sync, from a position that survives a crash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from types import MappingProxyType
from typing import Any

from zendesk_source.catalogue.lists import API_REFERENCE, LIST_PAGE_SIZE, whole_list
from zendesk_source.catalogue.stream import Paging, Stream, columns

_REFERENCE = API_REFERENCE + "ticketing/"
_TICKETS = "ticketing/tickets/"

MINUTE_SECONDS = 60
HOUR_SECONDS = 60 * MINUTE_SECONDS
DAY_SECONDS = 24 * HOUR_SECONDS
_OLDEST_FIRST = MappingProxyType({"sort": "created_at"})
_COMPACT_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(T.*)")


def _everything(_second: int) -> Mapping[str, object]:
    return {}


def _audit_log_range(second: int) -> Mapping[str, object]:
    """Return the filter twice, because Zendesk wants its beginning and its end."""
    start = datetime.fromtimestamp(second, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"filter[created_at][]": [start, "2100-01-01T00:00:00Z"]}


def _survey_range(second: int) -> Mapping[str, object]:
    return {"filter[created_at_start]": second}


def _last_answered(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the time of a response, which only its answers have."""
    answers = response.get("answers")
    listed = answers if isinstance(answers, list) else ()
    times = [answer.get("updated_at") for answer in listed if isinstance(answer, Mapping)]
    texts = [time for time in times if time and isinstance(time, str)]
    return {"last_answered_at": max(texts, default=None)}


def _deleted_at(ticket: Mapping[str, Any]) -> Mapping[str, Any]:
    """Rewrite ``20140704T15:37:04Z`` as all other times are written."""
    compact = _COMPACT_TIME.fullmatch(str(ticket.get("deleted_at")))
    return {"deleted_at": "{}-{}-{}{}".format(*compact.groups())} if compact else {}


CSAT_SURVEY_RESPONSES = Stream(
    name="csat_survey_responses",
    product="support",
    path="/api/v2/guide/survey_responses",
    records_key="survey_responses",
    paging=Paging.CURSOR,
    primary_key=("id",),
    cursor_field="last_answered_at",
    write="merge",
    page_size=LIST_PAGE_SIZE,
    params=MappingProxyType({"sort": "id"}),
    since=_survey_range,
    # The filter looks at when a response was made; it can be changed until it expires.
    lookback_seconds=30 * DAY_SECONDS,
    derive=_last_answered,
    columns=columns(
        bigint="responder_id",
        timestamp="expires_at last_answered_at",
        text="id",
        json="subject_zrns subjects survey answers",
    ),
    access="admin",
    needs="Support Professional or Suite Growth, with the new CSAT",
    docs=_REFERENCE + "ticket-management/csat_survey_responses/",
)

AUDIT_LOGS = Stream(
    name="audit_logs",
    product="support",
    path="/api/v2/audit_logs",
    paging=Paging.CURSOR,
    primary_key=("id",),
    cursor_field="created_at",
    write="merge",
    page_size=LIST_PAGE_SIZE,
    params=_OLDEST_FIRST,
    since=_audit_log_range,
    lookback_seconds=HOUR_SECONDS,  # entries are written a little after what they tell of
    columns=columns(
        bigint="id actor_id source_id",
        timestamp="created_at",
        text="url action action_label actor_name change_description ip_address source_label"
        " source_type",
    ),
    access="admin",
    needs="Enterprise",
    note="One request for 100 entries, and an account has many.",
    docs=_REFERENCE + "account-configuration/audit_logs/",
)


def _access_log_range(second: int) -> Mapping[str, object]:
    start = datetime.fromtimestamp(second, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"filter[start]": start} if second else {}


ACCESS_LOGS = Stream(
    name="access_logs",
    product="support",
    path="/api/v2/access_logs",
    paging=Paging.CURSOR,
    primary_key=("id",),
    cursor_field="timestamp",
    write="merge",
    page_size=2500,
    since=_access_log_range,
    lookback_seconds=HOUR_SECONDS,  # as for audit logs
    columns=columns(
        bigint="user_id status bytes_sent",
        timestamp="timestamp",
        text="id ip_address method url client referer category summary authorization_type",
        json="graphql",
    ),
    access="admin",
    needs="Advanced Data Privacy and Protection",
    note="What agents and admins looked at. Zendesk keeps 90 days; what was loaded stays.",
    docs=_REFERENCE + "account-configuration/access_logs/",
)

SIDE_CONVERSATION_EVENTS = Stream(
    name="side_conversation_events",
    product="support",
    path="/api/v2/tickets/side_conversations/events.json",
    records_key="events",
    paging=Paging.TIME_EXPORT,
    primary_key=("id",),
    cursor_field="created_at",
    write="merge",
    page_size=0,
    bucket="side-conversation-events",
    # The end_time of the last page may lie behind its last event, and events come late.
    lookback_seconds=10 * MINUTE_SECONDS,
    columns=columns(
        bigint="ticket_id",
        timestamp="created_at",
        text="id url side_conversation_id type via",
        json="actor message updates",
    ),
    access="admin",
    needs="side conversations",
    docs=_REFERENCE + "side_conversation/side_conversation_event/",
)

TICKET_AUDITS = Stream(
    name="ticket_audits",
    product="support",
    path="/api/v2/ticket_audits",
    records_key="audits",
    paging=Paging.CURSOR,
    primary_key=("id",),
    cursor_field="created_at",
    write="merge",
    page_size=LIST_PAGE_SIZE,
    since=_everything,
    columns=columns(
        bigint="id ticket_id author_id", timestamp="created_at", json="events metadata via"
    ),
    access="admin",
    note="Costly: all audits, 100 a request, on every sync, for Zendesk offers no filter and"
    " warns that chasing the newest skips some. Archived tickets are left out; what was loaded"
    " stays. `ticket_events` tells the same changes at a hundredth of the requests.",
    docs=_REFERENCE + "tickets/ticket_audits/",
)

EMAIL_NOTIFICATIONS = Stream(
    name="email_notifications",
    product="support",
    path="/api/v2/email_notifications",
    paging=Paging.CURSOR,
    primary_key=("notification_id",),
    cursor_field="created_at",
    write="merge",
    page_size=LIST_PAGE_SIZE,
    params=_OLDEST_FIRST,
    since=_everything,
    columns=columns(
        bigint="notification_id comment_id ticket_id",
        timestamp="created_at updated_at",
        text="url email_id message_id",
        json="recipients",
    ),
    access="agent",
    note="Costly: all of them, 100 a request, on every sync, for Zendesk offers no filter.",
    docs=_REFERENCE + "ticket-management/email_notifications/",
)

TICKET_SKIPS = whole_list(
    "ticket_skips",
    "skips",
    _TICKETS + "ticket_skips/",
    columns(
        bigint="id ticket_id user_id",
        timestamp="created_at updated_at",
        text="reason",
        json="ticket",
    ),
    records_key="skips",
    note="Each row embeds the whole ticket.",
)

TICKET_ACTIVITIES = whole_list(
    "ticket_activities",
    "activities",
    _TICKETS + "activity_stream/",
    columns(
        bigint="id actor_id user_id",
        timestamp="created_at updated_at",
        text="url title verb",
        json="actor object target user",
    ),
    records_key="activities",
    note="Only the last 30 days, and only what concerns the agent whose credentials are used.",
)

SUSPENDED_TICKETS = whole_list(
    "suspended_tickets",
    "suspended_tickets",
    _TICKETS + "suspended_tickets/",
    columns(
        bigint="id brand_id cause_id ticket_id",
        timestamp="created_at updated_at",
        text="url cause content message_id recipient subject",
        json="attachments author error_messages via",
    ),
    access="admin",
    note="Zendesk keeps them 14 days.",
)

DELETED_TICKETS = whole_list(
    "deleted_tickets",
    "deleted_tickets",
    _TICKETS + "tickets/#list-deleted-tickets",
    columns(bigint="id", timestamp="deleted_at", text="previous_state subject", json="actor"),
    bucket="deleted-tickets",
    derive=_deleted_at,
    note="Who deleted what in the last 30 days. Ten requests a minute; `tickets` has the flag.",
)

DELETED_USERS = whole_list(
    "deleted_users",
    "deleted_users",
    "ticketing/users/users/#list-deleted-users",
    columns(
        bigint="id locale_id organization_id",
        timestamp="created_at updated_at",
        text="url name email phone shared_phone_number locale role time_zone",
        bool="active",
        json="photo",
    ),
    note="`users` has them too, with `active` false.",
)

ORGANIZATION_SUBSCRIPTIONS = whole_list(
    "organization_subscriptions",
    "organization_subscriptions",
    "ticketing/organizations/organization_subscriptions/",
    columns(bigint="id organization_id user_id", timestamp="created_at"),
)

JOB_STATUSES = whole_list(
    "job_statuses",
    "job_statuses",
    "ticketing/ticket-management/job_statuses/",
    columns(bigint="progress total", text="id url job_type message status", json="results"),
    note="Recent background jobs only.",
)

SUPPORT_ACTIVITY: tuple[Stream, ...] = (
    CSAT_SURVEY_RESPONSES,
    AUDIT_LOGS,
    ACCESS_LOGS,
    SIDE_CONVERSATION_EVENTS,
    TICKET_AUDITS,
    EMAIL_NOTIFICATIONS,
    TICKET_SKIPS,
    TICKET_ACTIVITIES,
    SUSPENDED_TICKETS,
    DELETED_TICKETS,
    DELETED_USERS,
    ORGANIZATION_SUBSCRIPTIONS,
    JOB_STATUSES,
)
