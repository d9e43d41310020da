"""The streams of omnichannel routing: skills, availability of agents, and work done."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from zendesk_source.catalogue.lists import API_REFERENCE, whole_list
from zendesk_source.catalogue.stream import TAKEN_AT, Columns, Paging, Stream, columns

_AVAILABILITY = "agent-availability/"
_OMNICHANNEL = "omnichannel routing"

_list = partial(whole_list, access="admin", needs=_OMNICHANNEL)


def _change_log(name: str, columns: Columns, note: str) -> Stream:
    """Declare changes of skills: 3,000 a page, by a cursor that reaches back to the first one."""
    rows_key = name.removeprefix("incremental_routing_")
    return Stream(
        name=name,
        product="support",
        path=f"/api/v2/incremental/routing/{rows_key}.json",
        records_key=rows_key,
        paging=Paging.CHANGE_LOG,
        primary_key=("id", "time", "type"),
        cursor_field="time",
        write="merge",
        page_size=3000,
        bucket="incremental-exports",
        columns=columns,
        access="admin",
        needs="skills (Enterprise)",
        note=note,
        docs=API_REFERENCE + "ticketing/ticket-management/incremental_skill_based_routing/",
    )


INCREMENTAL_ROUTING_ATTRIBUTES = _change_log(
    "incremental_routing_attributes",
    columns(timestamp="time", text="id name type"),
    "Every change of a kind of skill.",
)

INCREMENTAL_ROUTING_ATTRIBUTE_VALUES = _change_log(
    "incremental_routing_attribute_values",
    columns(timestamp="time", text="id attribute_id name type"),
    "Every change of a skill.",
)

INCREMENTAL_ROUTING_INSTANCE_VALUES = _change_log(
    "incremental_routing_instance_values",
    columns(bigint="instance_id", timestamp="time", text="id attribute_value_id type"),
    "Who was given a skill, or lost it: `type` says whether `instance_id` is an agent or a ticket.",
)

ENGAGEMENTS = Stream(
    name="engagements",
    product="support",
    path="/api/v2/engagements",
    records_key="agent_engagement_data",
    paging=Paging.NEXT_PAGE_URL,
    primary_key=("engagement_id",),
    cursor_field="engagement_start_time",
    write="merge",
    page_size=100,
    columns=columns(
        bigint="ticket_id agent_id group_id requester_id agent_messages_count"
        " agent_replies_count end_user_messages_count offer_time_seconds"
        " assignment_to_first_reply_time_seconds average_requester_wait_time_seconds"
        " longest_requester_wait_time_seconds total_requester_wait_time_seconds",
        timestamp="engagement_start_time engagement_end_time",
        text="engagement_id channel engagement_start_reason engagement_end_reason"
        " ticket_status_start ticket_status_end",
    ),
    access="admin",
    needs=_OMNICHANNEL,
    note="An engagement is shown once it has ended, in the place of its start. Every sync therefore"
    " reads the 90 days that Zendesk keeps; what was loaded before stays.",
    docs=API_REFERENCE + _AVAILABILITY + "omnichannel-engagements/omnichannel_engagements/",
)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _status_of_agent(row: Mapping[str, Any]) -> Mapping[str, Any]:
    attributes = _object(row.get("attributes"))
    status = _object(attributes.get("agent_status"))
    return {
        "agent_id": attributes.get("agent_id"),
        "agent_status_id": status.get("id"),
        "agent_status": status.get("name"),
        "agent_status_updated_at": status.get("updated_at"),
    }


AGENT_AVAILABILITIES = _list(
    "agent_availabilities",
    "agent_availabilities",
    _AVAILABILITY + "agent-availability-api/agent_availabilities/",
    columns(
        bigint="agent_id agent_status_id",
        timestamp=f"agent_status_updated_at {TAKEN_AT}",
        text="id type agent_status",
        json="attributes links relationships",
    ),
    records_key="data",
    primary_key=("id", TAKEN_AT),
    write="append",
    bucket="agent-availabilities",
    derive=_status_of_agent,
    note="A snapshot: Zendesk keeps no history, a sync adds what it saw. What comes beside the"
    " agents, their states by channel, is left out.",
)


def _name_of_status(row: Mapping[str, Any]) -> Mapping[str, Any]:
    attributes = _object(row.get("attributes"))
    return {"name": attributes.get("name"), "description": attributes.get("description")}


AGENT_STATUSES = _list(
    "agent_statuses",
    "agent_availabilities/agent_statuses",
    _AVAILABILITY + "unified-agent-status-api/unified_agent_statuses/",
    columns(bigint="id", timestamp="updated_at", text="type name description", json="attributes"),
    records_key="default custom",
    derive=_name_of_status,
    note="Those of Zendesk and those of the account; only the latter have `updated_at`.",
)

CAPACITY_RULES = _list(
    "capacity_rules",
    "capacity/rules",
    _AVAILABILITY + "capacity-rules/capacity_rules_api/",
    columns(
        timestamp="created_at last_updated_at",
        text="id name description",
        bool="default",
        json="assignees capacities",
    ),
    paging=Paging.SINGLE,
    records_key="data",
    note="Zendesk documents the rules, and not the object they come in: should that be another than"
    " was told, the stream fails and says so.",
)

SUPPORT_ROUTING: tuple[Stream, ...] = (
    INCREMENTAL_ROUTING_ATTRIBUTES,
    INCREMENTAL_ROUTING_ATTRIBUTE_VALUES,
    INCREMENTAL_ROUTING_INSTANCE_VALUES,
    ENGAGEMENTS,
    AGENT_AVAILABILITIES,
    AGENT_STATUSES,
    CAPACITY_RULES,
)
