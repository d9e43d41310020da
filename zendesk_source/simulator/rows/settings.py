"""Rows about the configuration of an account, with every key the API sends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from zendesk_source.simulator.rows.tickets import HOST
from zendesk_source.simulator.store import Row

Owner = Literal["ticket", "user", "organization"]
"""What a custom field belongs to."""

SYSTEM_TICKET_FIELDS = (
    ("subject", "Subject"),
    ("description", "Description"),
    ("status", "Status"),
    ("tickettype", "Type"),
    ("priority", "Priority"),
    ("group", "Group"),
    ("assignee", "Assignee"),
    ("custom_status", "Ticket status"),
)
SYSTEM_OPTIONS = {
    "status": ("open", "pending", "hold", "solved"),
    "tickettype": ("question", "incident", "problem", "task"),
    "priority": ("low", "normal", "high", "urgent"),
}

_LOOKS_UP_USERS = {
    "relationship_target_type": "zen:user",
    "relationship_filter": {"all": [], "any": []},
}


def option_tag(title: str) -> str:
    """Return the tag of an option: in lower case, words joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") or "option"


def _system_options(field_type: str) -> Row:
    values = SYSTEM_OPTIONS.get(field_type)
    if values is None:
        return {}
    named = [{"name": value.capitalize(), "value": value} for value in values]
    return {"system_field_options": named}


def ticket_field_row(
    field_id: int, field_type: str, title: str, moment: str, *, position: int, removable: bool
) -> Row:
    """Return a ticket field; a removable one is a custom field."""
    return {
        "url": f"{HOST}/api/v2/ticket_fields/{field_id}.json",
        "id": field_id,
        "type": field_type,
        "title": title,
        "raw_title": title,
        "description": "",
        "raw_description": "",
        "position": position,
        "active": True,
        "required": False,
        "collapsed_for_agents": False,
        "regexp_for_validation": r"\A[A-Z]{2}-\d{4}\z" if field_type == "regexp" else None,
        "title_in_portal": title,
        "raw_title_in_portal": title,
        "visible_in_portal": True,
        "editable_in_portal": True,
        "required_in_portal": False,
        "tag": option_tag(title) if field_type == "checkbox" else None,
        "created_at": moment,
        "updated_at": moment,
        "removable": removable,
        "key": None,
        "agent_description": None,
        "raw_agent_description": None,
        "agent_can_edit": True,
        **_system_options(field_type),
        **(_LOOKS_UP_USERS if field_type == "lookup" else {}),
    }


def person_field_row(
    owner: Owner,
    field_id: int,
    field_type: str,
    title: str,
    moment: str,
    *,
    key: str,
    position: int,
) -> Row:
    """Return a user field or an organization field."""
    return {
        "url": f"{HOST}/api/v2/{owner}_fields/{field_id}.json",
        "id": field_id,
        "type": field_type,
        "key": key,
        "title": title,
        "description": "",
        "raw_title": title,
        "raw_description": "",
        "position": position,
        "active": True,
        "system": False,
        **({"tag": option_tag(title)} if field_type == "checkbox" else {}),
        "regexp_for_validation": r"\A[A-Z]{2}-\d{4}\z" if field_type == "regexp" else None,
        "created_at": moment,
        "updated_at": moment,
        **(_LOOKS_UP_USERS if field_type == "lookup" else {}),
    }


def field_options(
    owner: Owner, field_id: int, ids: Sequence[int], titles: Sequence[str]
) -> list[Row]:
    """Return the options of a drop-down or multi-select field."""
    rows: list[Row] = []
    for position, (option_id, title) in enumerate(zip(ids, titles, strict=True)):
        row: Row = {
            "id": option_id,
            "name": title,
            "raw_name": title,
            "value": option_tag(title),
            "default": False,
        }
        if owner != "ticket":
            del row["default"]
            row["url"] = f"{HOST}/api/v2/{owner}_fields/{field_id}/options/{row['id']}.json"
            row["position"] = position
        rows.append(row)
    return rows


def group_row(group_id: int, name: str, moment: str, *, default: bool) -> Row:
    """Return a group of agents."""
    return {
        "url": f"{HOST}/api/v2/groups/{group_id}.json",
        "id": group_id,
        "is_public": True,
        "name": name,
        "description": "",
        "default": default,
        "deleted": False,
        "created_at": moment,
        "updated_at": moment,
    }


def ticket_form_row(
    form_id: int, name: str, moment: str, *, position: int, ticket_field_ids: list[int]
) -> Row:
    """Return a ticket form."""
    return {
        "url": f"{HOST}/api/v2/ticket_forms/{form_id}.json",
        "id": form_id,
        "name": name,
        "raw_name": name,
        "display_name": name,
        "raw_display_name": name,
        "end_user_visible": True,
        "position": position,
        "ticket_field_ids": ticket_field_ids,
        "active": True,
        "default": position == 0,
        "created_at": moment,
        "updated_at": moment,
        "deleted_at": None,
        "form_type": "standard",
        "in_all_brands": True,
        "restricted_brand_ids": [],
        "end_user_conditions": [],
        "agent_conditions": [],
    }


def custom_status_row(status_id: int, category: str, label: str, moment: str) -> Row:
    """Return a ticket status."""
    return {
        "url": f"{HOST}/api/v2/custom_statuses/{status_id}.json",
        "id": status_id,
        "status_category": category,
        "agent_label": label,
        "raw_agent_label": label,
        "end_user_label": label,
        "raw_end_user_label": label,
        "description": f"Tickets that are {label.lower()}",
        "raw_description": f"Tickets that are {label.lower()}",
        "end_user_description": "",
        "raw_end_user_description": "",
        "active": True,
        "default": label.lower() == category or (category, label) == ("hold", "On-hold"),
        "created_at": moment,
        "updated_at": moment,
    }


def brand_row(brand_id: int, name: str, subdomain: str, moment: str, **values: Any) -> Row:
    """Return a brand."""
    return {
        "url": f"{HOST}/api/v2/brands/{brand_id}.json",
        "id": brand_id,
        "name": name,
        "brand_url": f"https://{subdomain}.zendesk.com",
        "subdomain": subdomain,
        "host_mapping": None,
        "has_help_center": True,
        "help_center_state": "enabled",
        "active": True,
        "default": False,
        "is_deleted": False,
        "logo": None,
        "ticket_form_ids": [],
        "signature_template": "{{agent.signature}}",
        "created_at": moment,
        "updated_at": moment,
        **values,
    }


def macro_row(macro_id: int, title: str, moment: str, actions: list[Row]) -> Row:
    """Return a macro."""
    return {
        "url": f"{HOST}/api/v2/macros/{macro_id}.json",
        "id": macro_id,
        "title": title,
        "active": True,
        "updated_at": moment,
        "created_at": moment,
        "default": False,
        "position": 9999,
        "description": None,
        "actions": actions,
        "restriction": None,
        "raw_title": title,
    }


def sla_policy_row(
    policy_id: int,
    title: str,
    moment: str,
    *,
    position: int,
    condition: Row,
    policy_metrics: Sequence[Row],
) -> Row:
    """Return an SLA policy with one condition; its metrics are policy_metric rows."""
    return {
        "url": f"{HOST}/api/v2/slas/policies/{policy_id}.json",
        "id": policy_id,
        "title": title,
        "description": f"{title}: targets by priority",
        "position": position,
        "filter": {"all": [condition], "any": []},
        "policy_metrics": list(policy_metrics),
        "metric_settings": None,
        "created_at": moment,
        "updated_at": moment,
    }


def policy_metric_row(metric: str, priority: str, minutes: int, *, business_hours: bool) -> Row:
    """Return a policy's target for one metric at one priority."""
    return {
        "priority": priority,
        "metric": metric,
        "target": minutes,
        "target_in_seconds": minutes * 60,
        "business_hours": business_hours,
    }


def schedule_row(
    schedule_id: int,
    name: str,
    time_zone: str,
    moment: str,
    intervals: Sequence[tuple[int, int]],
) -> Row:
    """Return a schedule: intervals are minutes since Sunday 00:00."""
    return {
        "id": schedule_id,
        "name": name,
        "time_zone": time_zone,
        "created_at": moment,
        "updated_at": moment,
        "intervals": [{"start_time": start, "end_time": end} for start, end in intervals],
    }


def holiday_row(holiday_id: int, schedule_id: int, name: str, first: str, last: str) -> Row:
    """Return a holiday of a schedule, including its last day."""
    return {
        "id": holiday_id,
        "schedule_id": schedule_id,
        "name": name,
        "start_date": first,
        "end_date": last,
    }


def satisfaction_reason_row(reason_id: int, code: int, value: str, moment: str) -> Row:
    """Return a reason that a requester can give for a bad rating."""
    return {
        "url": f"{HOST}/api/v2/satisfaction_reasons/{reason_id}.json",
        "id": reason_id,
        "reason_code": code,
        "value": value,
        "raw_value": f"{{{{dc.reason_code_{code}}}}}",
        "created_at": moment,
        "updated_at": moment,
        "deleted_at": None,
    }
