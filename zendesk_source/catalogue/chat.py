"""The streams of Zendesk Chat: chats, what agents did meanwhile, and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from zendesk_source.catalogue.lists import API_REFERENCE, only_row, whole_list
from zendesk_source.catalogue.stream import (
    WHOLE_ANSWER,
    Columns,
    Origin,
    Paging,
    SideTable,
    Stream,
    columns,
    since_start_time,
)

_CHAT = "live-chat/chat-api/"
_EXPORTS = _CHAT + "incremental_export/"
_NEEDS = "Chat"
_TEN_MINUTES_SECONDS = 600
_DAY_SECONDS = 86_400

_list = partial(
    whole_list,
    product="chat",
    paging=Paging.SINGLE,
    records_key=WHOLE_ANSWER,
    access="admin",
    needs=_NEEDS,
)


def _since_microsecond(second: int) -> Mapping[str, object]:
    return {"start_time": second * 1_000_000}


def _export(
    name: str,
    columns: Columns,
    *,
    cursor_field: str = "timestamp",
    primary_key: tuple[str, ...] = ("id",),
    since: Callable[[int], Mapping[str, object]] = since_start_time,
    lookback_seconds: int = _TEN_MINUTES_SECONDS,
    side_tables: tuple[SideTable, ...] = (),
    note: str = "",
    docs: str = _EXPORTS,
) -> Stream:
    """Declare an export; without ``fields`` its rows would hold only their ids."""
    rows_key = name.removeprefix("chat_")
    return Stream(
        name=name,
        product="chat",
        path=f"/api/v2/chat/incremental/{rows_key}",
        records_key=rows_key,
        paging=Paging.CHAT_EXPORT,
        primary_key=primary_key,
        cursor_field=cursor_field,
        write="merge",
        page_size=1000,
        params={"fields": f"{rows_key}(*)"},
        since=since,
        bucket="chat",
        lookback_seconds=lookback_seconds,
        side_tables=side_tables,
        columns=columns,
        access="admin",
        needs=_NEEDS,
        note=note,
        docs=API_REFERENCE + docs,
    )


CHAT_HISTORY = SideTable(
    name="chat_history",
    origin=Origin.ENTRIES,
    key="history",
    primary_key=("chat_id", "position"),
    parent_column="chat_id",
    is_whole_set=True,
    columns=columns(
        bigint="position department_id",
        timestamp="timestamp",
        text="chat_id type channel nick name msg msg_id sender_type options",
    ),
    docs=API_REFERENCE + _CHAT + "chats/",
)

CHAT_CHATS = _export(
    "chat_chats",
    columns(
        bigint="department_id duration zendesk_ticket_id",
        timestamp="timestamp end_timestamp update_timestamp",
        text="id type started_by department_name rating comment message"
        " referrer_search_engine referrer_search_terms",
        bool="triggered triggered_response unread missed deleted dropped proactive",
        json="agent_ids agent_names conversions count engagements history response_time session"
        " tags visitor webpath",
    ),
    cursor_field="update_timestamp",
    side_tables=(CHAT_HISTORY,),
    note="Live chats and offline messages; conversations of messaging are tickets. A chat comes"
    " again when it changes.",
)

CHAT_AGENT_TIMELINE = _export(
    "chat_agent_timeline",
    columns(
        bigint="agent_id engagement_count",
        double="duration",
        timestamp="start_time",
        text="status",
    ),
    primary_key=("agent_id", "start_time"),
    cursor_field="start_time",
    since=_since_microsecond,
    lookback_seconds=_DAY_SECONDS,
    note="Rows have no id. The last day is read again on every sync: how long a status lasted is"
    " known when it ends.",
)

CHAT_CONVERSIONS = _export(
    "chat_conversions",
    columns(bigint="goal_id", timestamp="timestamp", text="id goal_name", json="attribution"),
)

CHAT_DEPARTMENT_EVENTS = _export(
    "chat_department_events",
    columns(
        bigint="department_id",
        timestamp="timestamp",
        text="id field_name",
        json="value previous_value",
    ),
)

CHAT_AGENT_EVENTS = _export(
    "chat_agent_events",
    columns(
        bigint="account_id agent_id",
        timestamp="timestamp",
        text="id field_name value previous_value",
    ),
    note="Zendesk gives this export to few accounts.",
    docs=_CHAT + "incremental_agent_events_api/",
)

CHAT_AGENTS = _list(
    "chat_agents",
    "chat/agents",
    _CHAT + "agents/",
    columns(
        bigint="id role_id login_count",
        timestamp="create_date last_login",
        text="email first_name last_name display_name scope",
        bool="enabled",
        json="roles departments enabled_departments skills",
    ),
    paging=Paging.SINCE_ID,
)

CHAT_BANS = _list(
    "chat_bans",
    "chat/bans",
    _CHAT + "bans/",
    columns(
        bigint="id",
        timestamp="created_at",
        text="type visitor_id visitor_name ip_address reason",
    ),
    paging=Paging.SINCE_ID,
    records_key="visitor ip_address",
    note="Banned visitors and addresses; `type` tells which.",
)

CHAT_DEPARTMENTS = _list(
    "chat_departments",
    "chat/departments",
    _CHAT + "departments/",
    columns(bigint="id", text="name description", bool="enabled", json="members settings"),
)

CHAT_GOALS = _list(
    "chat_goals",
    "chat/goals",
    _CHAT + "goals/",
    columns(
        bigint="id attribution_period",
        text="name description attribution_model",
        bool="enabled",
        json="settings",
    ),
)

CHAT_ROLES = _list(
    "chat_roles",
    "chat/roles",
    _CHAT + "roles/",
    columns(bigint="id members_count", text="name description", bool="enabled", json="permissions"),
)

CHAT_SHORTCUTS = _list(
    "chat_shortcuts",
    "chat/shortcuts",
    _CHAT + "shortcuts/",
    columns(text="id name message options scope", json="tags departments agents"),
)

CHAT_SKILLS = _list(
    "chat_skills",
    "chat/skills",
    _CHAT + "skills/",
    columns(bigint="id", text="name description", bool="enabled", json="members"),
)

CHAT_TRIGGERS = _list(
    "chat_triggers",
    "chat/triggers",
    _CHAT + "triggers/",
    columns(bigint="id", text="name description", bool="enabled", json="definition"),
)

CHAT_ACCOUNT = _list(
    "chat_account",
    "chat/account",
    _CHAT + "accounts/",
    columns(timestamp="create_date", text="account_key status", json="plan billing"),
    paging=Paging.OBJECT,
    primary_key=("account_key",),
)

CHAT_ROUTING_SETTINGS = _list(
    "chat_routing_settings",
    "chat/routing_settings/account",
    _CHAT + "routing_settings/",
    columns(
        bigint="id",
        text="routing_mode",
        json="chat_limit skill_routing reassignment auto_idle auto_accept",
    ),
    paging=Paging.OBJECT,
    records_key="data",
    derive=only_row,
)

CHAT: tuple[Stream, ...] = (
    CHAT_CHATS,
    CHAT_AGENT_TIMELINE,
    CHAT_CONVERSIONS,
    CHAT_DEPARTMENT_EVENTS,
    CHAT_AGENT_EVENTS,
    CHAT_AGENTS,
    CHAT_BANS,
    CHAT_DEPARTMENTS,
    CHAT_GOALS,
    CHAT_ROLES,
    CHAT_SHORTCUTS,
    CHAT_SKILLS,
    CHAT_TRIGGERS,
    CHAT_ACCOUNT,
    CHAT_ROUTING_SETTINGS,
)
