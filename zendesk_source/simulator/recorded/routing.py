"""An example row of every stream of routing and access: recorded, or from the reference."""

from __future__ import annotations

from collections.abc import Mapping

from zendesk_source.simulator.store import Row

_MOMENT = "2024-06-19T01:33:19Z"

ROUTING_EXAMPLES: Mapping[str, Row] = {
    "incremental_routing_attributes": {
        "id": "15821cba-7326-11e8-b07e-950ba849aa27",
        "name": "Languages",
        "time": _MOMENT,
        "type": "create",
    },
    "incremental_routing_attribute_values": {
        "attribute_id": "15821cba-7326-11e8-b07e-950ba849aa27",
        "id": "19ed17fb-7326-11e8-b07e-9de44e7e7f20",
        "name": "English",
        "time": _MOMENT,
        "type": "create",
    },
    "incremental_routing_instance_values": {
        "attribute_value_id": "19ed17fb-7326-11e8-b07e-9ab44e7e7f28",
        "id": "62055cad-7326-11e8-b07e-73653560136b",
        "instance_id": "10001",
        "time": _MOMENT,
        "type": "associate_agent",
    },
    "engagements": {
        "engagement_id": "8C214E670426E57B47F939E4A4086EFB",
        "ticket_id": 93644,
        "agent_id": 7662138963837,
        "group_id": 7662118909309,
        "requester_id": 8602472027133,
        "offer_time_seconds": 3,
        "assignment_to_first_reply_time_seconds": 0,
        "agent_messages_count": 0,
        "agent_replies_count": 0,
        "total_requester_wait_time_seconds": 97,
        "longest_requester_wait_time_seconds": 97,
        "channel": "MESSAGING",
        "engagement_start_reason": "Assigned",
        "engagement_start_time": "2025-03-31T00:01:57",
        "engagement_end_time": "2025-03-31T00:03:34",
        "ticket_status_start": "OPEN",
        "ticket_status_end": "SOLVED",
        "engagement_end_reason": "Unknown Remove",
        "average_requester_wait_time_seconds": 97,
        "end_user_messages_count": 0,
    },
    "agent_availabilities": {
        "id": "agent_availabilities|10011",
        "type": "agent_availabilities",
        "attributes": {
            "agent_id": 10011,
            "agent_status": {
                "id": 1,
                "name": "online",
                "reason": "UNKNOWN",
                "updated_at": "2022-06-21T10:23:25.583732Z",
            },
            "group_ids": [1],
            "skills": [{"id": "1ae11c11-9993-49f8-9850-c2dc096badd1"}],
            "version": 236,
        },
        "links": {"self": "https://example.zendesk.com/api/v2/agent_availabilities/10011"},
        "relationships": {
            "channels": {
                "data": [{"id": "agent_availabilities|10011|channels|talk", "type": "channels"}]
            }
        },
    },
    "agent_statuses": {
        "id": 123,
        "type": "agent_status",
        "attributes": {
            "name": "In a meeting",
            "description": "Temporarily unavailable but accepting emails",
            "channels": {"messaging": "away", "support": "online", "talk": "away"},
            "group_ids": [123456],
        },
        "updated_at": "2021-07-21T17:32:28Z",
    },
    "capacity_rules": {
        "id": "01J3Z8V7QK5W1P2M4N6R8T0XYA",
        "name": "Default",
        "description": "For everybody",
        "default": True,
        "assignees": {"count": 2, "agent_ids": [10011]},
        "capacities": {"messaging": 3, "support": 10, "talk": 1},
        "created_at": _MOMENT,
        "last_updated_at": _MOMENT,
    },
    "access_logs": {
        "id": "01H6PWD1WQFC6EYJCJWFJ59EVE",
        "authorization_type": "basic",
        "bytes_sent": 1234,
        "category": "Search",
        "client": "Mozilla/5.0",
        "graphql": {"operation_name": "ticket", "operation_type": "QUERY"},
        "ip_address": "127.0.0.1",
        "method": "POST",
        "referer": "/agent/dashboard",
        "status": 200,
        "summary": "Search tickets",
        "timestamp": _MOMENT,
        "url": "/api/v2/search?query=foobar",
        "user_id": 123,
    },
    "side_conversation_events": {
        "id": "8566255a-ece5-11e8-857d-493066fa7b17",
        "side_conversation_id": "8566255a-ece5-11e8-857d-493066fa7b17",
        "ticket_id": 1,
        "type": "reply",
        "via": "support",
        "actor": {"email": "agent@example.com", "name": "Johnny Agent", "user_id": 35436},
        "created_at": "2018-11-20T16:58:36.453+00:00",
        "message": {
            "subject": "Help, my printer is on fire!",
            "preview_text": "I was trying to print an email",
            "body": "I was trying to print an email when the printer started burning",
            "html_body": "I was trying to print an email when the printer started burning",
            "from": {"email": "agent@example.com", "name": "Johnny Agent", "user_id": 35436},
            "to": [{"email": "printers@example.com", "name": None, "user_id": None}],
        },
        "updates": {},
    },
    "hc_redirect_rules": {
        "id": "01GFXGBX7YZ9ASWTCVMASTK8ZS",
        "brand_id": "12345",
        "redirect_from": "/hc/en-us/articles/7654321",
        "redirect_status": "301",
        "redirect_to": "https://help.example.com/account/setting-up-your-account",
        "created_at": "2022-10-13T12:00:00.000Z",
        "updated_at": "2022-10-13T12:00:00.000Z",
    },
}
