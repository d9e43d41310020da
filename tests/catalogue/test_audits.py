"""An audit of a ticket as the event that the export would have shown."""

from __future__ import annotations

from typing import Any

import pytest

from zendesk_source.catalogue.support.audits import as_ticket_event


def test_an_audit_becomes_the_ticket_event_that_tells_the_same() -> None:
    audit = {
        "id": 1,
        "ticket_id": 2,
        "created_at": "2023-09-18T15:57:50Z",
        "author_id": 3,
        "metadata": {"system": {"client": "a"}, "custom": {"time_spent": "3m"}},
        "via": {"channel": "api"},
        "events": [
            {"id": 10, "type": "Comment", "body": "text", "public": True},
            {"id": 11, "type": "Create", "field_name": "status", "value": "new"},
            {"id": 12, "type": "Change", "field_name": "360", "value": "b", "previous_value": "a"},
            {
                "id": 13,
                "type": "Change",
                "field_name": "tags",
                "value": ["a", "b"],
                "previous_value": ["a", "c"],
            },
            {"id": 14, "type": "Notification", "subject": "s"},
            None,
        ],
    }
    event = as_ticket_event(audit)
    assert (event["timestamp"], event["updater_id"], event["via"]) == (1695052670, 3, "api")
    assert (event["system"], event["metadata"]) == ({"client": "a"}, {"time_spent": "3m"})
    comment, created, custom, tags, notification, odd = event["child_events"]
    assert comment["event_type"] == comment["type"] == "Comment"
    assert (comment["created_at"], comment["audit_id"]) == ("2023-09-18T15:57:50Z", 1)
    assert (created["status"], "previous_value" in created) == ("new", False)
    assert (custom["custom_ticket_fields"], custom["previous_value"]) == ({"360": "b"}, "a")
    assert (tags["added_tags"], tags["removed_tags"]) == (["b"], ["c"])
    assert (notification["event_type"], notification["subject"]) == ("Notification", "s")
    assert odd is None


@pytest.mark.parametrize("audit", [{}, {"events": 5, "via": "x", "metadata": 7, "created_at": 3}])
def test_an_odd_audit_stays_for_the_door_of_the_tables(audit: dict[str, Any]) -> None:
    assert as_ticket_event(audit)["timestamp"] is None
