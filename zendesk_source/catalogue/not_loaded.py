"""The endpoints of Zendesk that this package does not load, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """A reason, and the endpoints that it applies to.

    Attributes:
        streams: Names from the catalogue of Zendesk's endpoints.
        reason: Why no data is missing without them.
    """

    streams: str
    reason: str


NOT_LOADED: tuple[NotLoaded, ...] = (
    NotLoaded(
        "tickets_time_based tickets_list users_time_based users_list organizations_list"
        " problems incidents requests search search_export view_tickets hc_articles_incremental"
        " chat_chats_list chat_search",
        "The same rows as `tickets`, `users`, `organizations`, `hc_articles` and `chat_chats`, by"
        " another name or in a way that shows fewer of them.",
    ),
    NotLoaded(
        "ticket_comments_from_events ticket_comments ticket_metrics ticket_metric_by_ticket"
        " user_identities",
        "Side tables: `ticket_comments` comes with `ticket_events`, `ticket_metrics` with"
        " `tickets`, `user_identities` with `users`, at no request of their own.",
    ),
    NotLoaded(
        "ticket_field_options user_field_options dynamic_content_variants talk_ivr_menus"
        " talk_ivr_routes",
        "Inside the rows of `ticket_fields`, `user_fields`, `dynamic_content_items` and"
        " `talk_ivrs` already.",
    ),
    NotLoaded(
        "talk_digital_lines",
        "Rows of `talk_lines` already: Zendesk shows digital lines alone only one by one.",
    ),
    NotLoaded(
        "ticket_audits_by_ticket ticket_conversation_log hc_user_votes hc_user_comments"
        " talk_availabilities routing_agent_instance_values routing_ticket_instance_values",
        "One request for every ticket or user, on every sync, for what other streams tell.",
    ),
    NotLoaded(
        "custom_object_records_list custom_object_record_attachments",
        "The list shows the same records as the export, 100 a request, all of them on every sync."
        " Attachments cost one request a record, and Zendesk tells of none that has any.",
    ),
    NotLoaded(
        "oauth_clients sessions bookmarks",
        "Log-ins and bookmarks of single people, and secrets of clients: nothing to keep in a"
        " warehouse.",
    ),
    NotLoaded(
        "sunshine_object_types sunshine_object_records sunshine_relationship_types"
        " sunshine_relationship_records",
        "Legacy custom objects, which Zendesk has replaced by those that are loaded.",
    ),
)
