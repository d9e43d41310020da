"""An example row of every list of Support's rules, as recorded or as its reference shows it."""

from __future__ import annotations

from collections.abc import Mapping

from zendesk_source.simulator.store import Row

_MOMENT = "2024-07-26T15:41:01Z"
_URL = "…"  # written anew for every row
_ULID = "01H078CBDY28BZG7P6BONY09DN".replace("O", "0")
_CONDITIONS = {
    "all": [
        {"field": "status", "operator": "is", "value": "solved"},
        {"field": "SOLVED", "operator": "greater_than", "value": "72"},
    ],
    "any": [],
}
_IS_URGENT = {"all": [{"field": "priority", "operator": "is", "value": "urgent"}], "any": []}

RULE_EXAMPLES: Mapping[str, Row] = {
    "trigger_categories": {
        "id": "10001",
        "name": "Email Triggers",
        "position": 0,
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    },
    "triggers": {
        "url": _URL,
        "id": 1,
        "title": "Notify requester of received request",
        "active": True,
        "updated_at": _MOMENT,
        "created_at": _MOMENT,
        "default": False,
        "actions": [
            {"field": "notification_user", "value": ["requester_id", "[Received]", "Thank you."]},
            {"field": "priority", "value": "normal"},
        ],
        "conditions": _CONDITIONS,
        "description": None,
        "position": 0,
        "raw_title": "Notify requester of received request",
        "category_id": "10001",
    },
    "automations": {
        "url": _URL,
        "id": 1,
        "title": "Close ticket 3 days after status is set to solved",
        "active": True,
        "updated_at": _MOMENT,
        "created_at": _MOMENT,
        "default": True,
        "actions": [{"field": "status", "value": "closed"}],
        "conditions": _CONDITIONS,
        "position": 0,
        "raw_title": "Close ticket 3 days after status is set to solved",
    },
    "views": {
        "url": _URL,
        "id": 1,
        "title": "Your unsolved tickets",
        "active": True,
        "updated_at": _MOMENT,
        "created_at": _MOMENT,
        "default": False,
        "position": 0,
        "description": None,
        "execution": {
            "group_by": "status",
            "group_order": "asc",
            "columns": [{"id": "subject", "title": "Subject"}],
            "custom_fields": [],
        },
        "conditions": _CONDITIONS,
        "restriction": {"type": "Group", "id": 1, "ids": [1]},
        "raw_title": "{{zd.your_unsolved_tickets}}",
        "watchable": True,
    },
    "group_sla_policies": {
        "id": _ULID,
        "url": _URL,
        "title": "Incidents",
        "description": "The group solves or reassigns the ticket in one hour.",
        "position": 3,
        "filter": {
            "all": [{"field": "group_id", "operator": "includes", "value": [6]}],
        },
        "policy_metrics": [
            {
                "business_hours": False,
                "metric": "group_ownership_time",
                "priority": "low",
                "target": 3600,
            }
        ],
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    },
    "custom_roles": {
        "id": 1,
        "name": "Light agent",
        "description": "Can view and add private comments to tickets",
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
        "configuration": {
            "chat_access": False,
            "custom_objects": {},
            "end_user_list_access": "full",
            "light_agent": True,
            "ticket_access": "all",
        },
        "team_member_count": 2,
        "role_type": 1,
    },
    "workspaces": {
        "url": _URL,
        "id": 1,
        "title": "Returns",
        "description": "For tickets about returns",
        "macro_ids": [],
        "ticket_form_id": 1,
        "apps": [{"expand": False, "id": 360000080413, "position": 1}],
        "position": 1,
        "activated": True,
        "prefer_workspace_app_order": True,
        "conditions": _IS_URGENT,
        "selected_macros": [],
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    },
    "queues": {
        "id": _ULID,
        "url": _URL,
        "name": "Urgent ones",
        "description": "Queue description",
        "definition": _IS_URGENT,
        "priority": 1,
        "order": 1,
        "primary_groups": {"count": 1, "groups": [{"id": 1, "name": "Support"}]},
        "secondary_groups": {"count": 0, "groups": []},
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    },
    "routing_attributes": {
        "url": _URL,
        "id": "6149ea30-5004-11ef-ba4d-1fb32c16a1d3",
        "name": "Language",
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    },
    "routing_attribute_definitions": {
        "conditions_all": [
            {
                "title": "Number of incidents",
                "subject": "number_of_incidents",
                "type": "text",
                "group": "ticket",
                "nullable": False,
                "repeatable": False,
                "operators": [{"value": "less_than", "title": "Less than", "terminal": False}],
            }
        ],
        "conditions_any": [],
    },
    "deletion_schedules": {
        "id": 1,
        "url": _URL,
        "title": "Old tickets",
        "description": "Delete tickets older than 1 year",
        "active": True,
        "default": False,
        "conditions": {
            "all": [
                {
                    "field": "duration_since_last_update",
                    "operator": "greater_than",
                    "value": "P1Y",
                }
            ],
            "any": [],
        },
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    },
    "csat_surveys": {
        "id": _ULID,
        "version": 3,
        "state": "enabled",
        "questions": [
            {
                "id": _ULID,
                "type": "rating_scale_numeric",
                "sub_type": "customer_satisfaction",
                "headline": {"type": "static", "value": "How was our help?"},
                "options": [
                    {
                        "rating": 1,
                        "label": {"type": "static", "value": "Bad"},
                        "follow_up": {"question_id": _ULID},
                    },
                    {
                        "rating": 2,
                        "label": {"type": "dynamic", "key": "csat.good", "value": "Good"},
                        "follow_up": None,
                    },
                ],
            }
        ],
        "created_at": "2025-03-25T00:00:00.000Z",
        "updated_at": "2025-03-27T00:00:00.000Z",
    },
    "webhooks": {
        "id": "01HANAHF77W3MWXQGFPKBA5WNH",
        "name": "Tell the warehouse",
        "description": "Description",
        "status": "active",
        "subscriptions": ["conditional_ticket_events"],
        "created_at": _MOMENT,
        "created_by": "6130907993114",
        "endpoint": "https://example.com",
        "http_method": "POST",
        "request_format": "json",
        "authentication": {
            "type": "basic_auth",
            "data": {"username": "john_smith"},
            "add_position": "header",
        },
    },
    "targets": {
        "url": _URL,
        "id": 1,
        "created_at": _MOMENT,
        "type": "url_target_v2",
        "title": "Old hook",
        "active": False,
        "target_url": "https://example.com/old",
        "method": "get",
        "content_type": "",
    },
    "target_failures": {
        "url": _URL,
        "id": 1,
        "target_name": "Old hook",
        "status_code": 401,
        "consecutive_failure_count": 1,
        "created_at": _MOMENT,
        "raw_request": "GET /old HTTP/1.1",
        "raw_response": "HTTP/1.1 401 Unauthorized",
    },
}
