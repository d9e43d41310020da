"""Decide what a token may read: ``read`` covers everything, ``tickets:read`` covers tickets."""

from __future__ import annotations

from zendesk_source.simulator.pages.answers import Answer, json_answer

SCOPED_PATHS: dict[str, tuple[str, ...]] = {
    "tickets": (
        "/api/v2/tickets",
        "/api/v2/incremental/tickets",
        "/api/v2/incremental/ticket_events",
        "/api/v2/incremental/ticket_metric_events",
    ),
    "users": ("/api/v2/users", "/api/v2/incremental/users"),
    "organizations": ("/api/v2/organizations", "/api/v2/incremental/organizations"),
    "hc": ("/api/v2/help_center", "/api/v2/guide", "/api/v2/community"),
    "auditlogs": ("/api/v2/audit_logs",),
    **{
        name: (f"/api/v2/{name}",)
        for name in (
            "automations",
            "dynamic_content",
            "macros",
            "requests",
            "satisfaction_ratings",
            "targets",
            "triggers",
            "webhooks",
        )
    },
}
"""Paths by scope; a path without a scope of its own needs ``read``."""


def covers(scope: str, path: str) -> bool:
    """Whether a token may read a path. A scope that Zendesk does not know covers nothing."""
    words = scope.split()
    if "read" in words:
        return True
    resources = [word.removesuffix(":read") for word in words if word.endswith(":read")]
    return any(_is_below(path, start) for name in resources for start in SCOPED_PATHS.get(name, ()))


def scope_missing() -> Answer:
    """Return the refusal of a token whose scope does not cover the path."""
    message = "You are missing the following required scopes: read"
    return json_answer(403, {"error": {"title": "Forbidden", "message": message}})


def _is_below(path: str, start: str) -> bool:
    return path == start or path.startswith((start + "/", start + "."))
