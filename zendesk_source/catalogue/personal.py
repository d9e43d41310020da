"""Which columns are personal: what an account can keep out of its tables by kind.

Every table stands here, also one without anything personal, so that nobody can forget to ask.
``contact`` tells who somebody is or how to reach them: names, addresses, phones, IP addresses,
places, external ids. ``content`` is what people have written, said or attached. A path with dots
names keys inside JSON, through lists; all texts below it belong to it, but for what a longer path
says of its own part. What the account itself has set up, such as titles of triggers, is neither.

Types of custom fields say what their values are: free text is ``content``. A text or JSON under a
key that the catalogue does not know is taken for both kinds, because nobody has looked at it yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Kind = Literal["contact", "content"]
KINDS: tuple[Kind, ...] = ("contact", "content")

Personal = Mapping[str, Kind | None]
"""Kind by column, or by path inside a JSON column; None for a harmless part of one."""


def _says(*, contact: str = "", content: str = "", harmless: str = "") -> Personal:
    said: dict[str, Kind | None] = {}
    for kind, paths in (("contact", contact), ("content", content), (None, harmless)):
        for path in paths.split():
            if path in said:
                raise ValueError(f"{path} is said to be of two kinds")
            said[path] = kind  # type: ignore[assignment]
    return MappingProxyType(said)


def _place(path: str) -> str:
    """Return the paths of an audit's `metadata`, or of what is like it, that tell of a place."""
    return f"{path} {path}.latitude {path}.longitude"


def _via(path: str = "via") -> dict[str, str]:
    """Return what is personal about how something came: who wrote from where, and about what."""
    source = f"{path}.source"
    return {
        "contact": path,
        "content": f"{source}.from.subject {source}.from.title",
        "harmless": f"{path}.channel {source}.rel",
    }


_CONDITIONS = "conditions.all.value conditions.any.value"
_RULE = _says(content=f"actions.value {_CONDITIONS}")
_FILTER = _says(content="filter.all.value filter.any.value")
_VIA = _via()
_TALK_LINE = "number display_number failover_number name nickname"

_OF_TABLES: dict[str, Personal] = {
    # Tickets
    "tickets": _says(
        contact=f"{_VIA['contact']} recipient external_id",
        content=f"{_VIA['content']} subject raw_subject description satisfaction_rating",
        harmless=f"{_VIA['harmless']} satisfaction_rating.score",
    ),
    "ticket_events": _says(
        contact=f"{_place('system')} metadata {_place('metadata.system')} child_events.via.source"
        " child_events.formatted_from child_events.formatted_to child_events.metadata"
        f" {_place('child_events.metadata.system')} child_events.data.from child_events.data.to",
        content="metadata.custom child_events child_events.via.source.from.subject"
        " child_events.via.source.from.title",
        harmless="child_events.event_type child_events.type child_events.via"
        " child_events.via.source.rel child_events.created_at child_events.status"
        " child_events.priority child_events.tags child_events.added_tags"
        " child_events.removed_tags child_events.attachments.content_type",
    ),
    "ticket_comments": _says(
        contact=f"{_VIA['contact']} formatted_from formatted_to graph_object_id metadata"
        f" {_place('metadata.system')} data.from data.to data.location data.answered_by_name"
        " data.call_from data.call_to",
        content=f"{_VIA['content']} body html_body plain_body attachments metadata.custom data",
        harmless=f"{_VIA['harmless']} attachments.content_type attachments.thumbnails.content_type",
    ),
    "ticket_chats": _says(contact="visitor_id details"),
    "ticket_chat_messages": _says(
        contact="actor_id details.actor_id details.actor_name",
        content="message details",
        harmless="details.type details.actor_type details.chat_id",
    ),
    "ticket_audits": _says(
        contact=f"{_VIA['contact']} metadata {_place('metadata.system')} events.via"
        " events.formatted_from events.formatted_to events.data.from events.data.to"
        f" events.metadata {_place('events.metadata.system')} events.recipients",
        content=f"{_VIA['content']} metadata.custom events events.via.source.from.subject"
        " events.via.source.from.title",
        harmless=f"{_VIA['harmless']} events.type events.field_name events.via.channel"
        " events.via.source.rel events.attachments.content_type",
    ),
    "ticket_skips": _says(
        contact="ticket.via ticket.recipient ticket.external_id",
        content="reason ticket ticket.via.source.from.subject ticket.via.source.from.title",
        harmless="ticket.status ticket.priority ticket.type ticket.url ticket.tags"
        " ticket.created_at ticket.updated_at ticket.via.channel ticket.via.source.rel",
    ),
    "ticket_activities": _says(
        contact="actor user",
        content="title object target",
        harmless="actor.url actor.role user.url user.role actor.created_at actor.updated_at"
        " user.created_at user.updated_at",
    ),
    "suspended_tickets": _says(
        contact=f"{_VIA['contact']} recipient message_id author",
        content=f"{_VIA['content']} subject content attachments error_messages",
        harmless=f"{_VIA['harmless']} attachments.content_type",
    ),
    "deleted_tickets": _says(contact="actor", content="subject"),
    "satisfaction_ratings": _says(content="comment"),
    "csat_survey_responses": _says(
        content="answers", harmless="answers.type answers.id answers.created_at answers.updated_at"
    ),
    "email_notifications": _says(contact="email_id message_id recipients"),
    "side_conversations": _says(
        contact="participants external_ids", content="subject preview_text"
    ),
    "side_conversation_events": _says(
        contact="actor message.from message.to", content="message updates"
    ),
    "jira_links": _says(),
    # People and their organizations
    "users": _says(
        contact="name email phone alias external_id photo",
        content="signature details notes suspension_details",
    ),
    "user_identities": _says(contact="value"),
    "deleted_users": _says(contact="name email phone shared_phone_number photo"),
    "organizations": _says(contact="name external_id domain_names", content="details notes"),
    "organization_domain_names": _says(contact="domain_name"),
    "organization_memberships": _says(contact="organization_name"),
    # What the account has set up, where free text or addresses may stand
    "macros": _says(content="actions.value"),
    "macro_attachments": _says(content="filename content_url"),
    "triggers": _RULE,
    "trigger_revisions": _says(content="snapshot diff"),
    "automations": _RULE,
    "views": _says(content=_CONDITIONS),
    "sla_policies": _FILTER,
    "group_sla_policies": _FILTER,
    "deletion_schedules": _says(content=_CONDITIONS),
    "workspaces": _says(content=_CONDITIONS),
    "queues": _says(content="definition.all.value definition.any.value"),
    "routing_attribute_definitions": _says(content="conditions_all.values conditions_any.values"),
    "webhooks": _says(content="endpoint authentication custom_headers signing_secret"),
    "target_failures": _says(content="raw_request raw_response"),
    "recipient_addresses": _says(contact="name email"),
    "sharing_agreements": _says(contact="name partner_name remote_subdomain"),
    "job_statuses": _says(content="message results"),
    # Who did what in the account
    "audit_logs": _says(contact="actor_name ip_address source_label", content="change_description"),
    "access_logs": _says(contact="ip_address client", content="url referer summary graphql"),
    # Help Center: articles are published by the account, posts and comments are written by people
    "hc_posts": _says(content="title details html_url"),
    "hc_post_comments": _says(content="body html_url"),
    "hc_article_comments": _says(content="body"),
    "hc_article_attachments": _says(
        content="file_name display_file_name content_url relative_path"
    ),
    # Talk
    "talk_calls": _says(contact="phone_number line ivr_routed_to overflowed_to"),
    "talk_call_legs": _says(contact="forwarded_to"),
    "talk_phone_numbers": _says(contact=f"{_TALK_LINE} location"),
    "talk_lines": _says(contact="number name nickname"),
    "talk_addresses": _says(contact="name street city state province zip provider_reference"),
    "talk_ivrs": _says(contact="menus phone_number_names"),
    "talk_agents_activity": _says(contact="avatar_url forwarding_number name"),
    # Chat
    "chat_chats": _says(
        contact="visitor agent_names session history.name history.nick"
        " conversions.attribution.agent_name",
        content="comment message referrer_search_terms history webpath engagements",
        harmless="session.country_code session.country_name session.browser session.platform"
        " history.type history.channel history.sender_type history.timestamp webpath.timestamp"
        " engagements.id engagements.rating engagements.started_by engagements.timestamp",
    ),
    "chat_history": _says(contact="nick name", content="msg options"),
    "chat_conversions": _says(contact="attribution.agent_name"),
    "chat_agents": _says(contact="email first_name last_name display_name"),
    "chat_bans": _says(contact="visitor_id visitor_name ip_address", content="reason"),
    "chat_account": _says(contact="billing"),
    # Custom objects
    "custom_object_records": _says(contact="external_id", content="name photo"),
}

_NOTHING_PERSONAL = """
ticket_metrics ticket_tags ticket_followers ticket_collaborators ticket_tag_history
ticket_schedule_changes ticket_metric_events user_tags organization_tags
ticket_fields ticket_field_options ticket_forms ticket_form_statuses custom_statuses
user_fields user_field_options organization_fields organization_field_options
groups group_memberships brands brand_agents tags schedules schedule_holidays
satisfaction_reasons trigger_categories custom_roles csat_surveys targets
routing_attributes routing_attribute_values incremental_routing_attributes
incremental_routing_attribute_values incremental_routing_instance_values engagements
agent_availabilities agent_statuses capacity_rules account_settings locales time_zones
dynamic_content_items resource_collections organization_subscriptions organization_merges
hc_articles hc_categories hc_sections hc_article_labels hc_user_segments hc_permission_groups
hc_content_tags hc_locales hc_topics hc_badges hc_badge_categories hc_badge_assignments
hc_redirect_rules hc_article_votes hc_article_comment_votes hc_article_translations
hc_section_translations hc_category_translations hc_article_subscriptions
hc_section_subscriptions hc_topic_subscriptions hc_post_votes hc_post_comment_votes
hc_post_subscriptions
talk_greetings talk_greeting_categories talk_settings talk_agents_overview talk_account_overview
talk_current_queue_activity
chat_agent_timeline chat_department_events chat_agent_events chat_departments chat_goals chat_roles
chat_shortcuts chat_skills chat_triggers chat_routing_settings
custom_objects custom_object_fields
"""

# The name of a field says what its value is: `tickets` says it of `ticket_field_history`, too.
_BY_FIELD = """
ticket_field_history ticket_custom_fields user_custom_fields organization_custom_fields
"""


def _all_tables() -> Mapping[str, Personal]:
    none = dict.fromkeys(f"{_NOTHING_PERSONAL} {_BY_FIELD}".split(), _says())
    if twice := none.keys() & _OF_TABLES.keys():
        raise ValueError(f"{', '.join(sorted(twice))}: personal, and not personal")
    return MappingProxyType({**_OF_TABLES, **none})


PERSONAL: Mapping[str, Personal] = _all_tables()
"""What is personal in every table of the catalogue."""

_CHOICES = (
    *("checkbox", "date", "decimal", "dropdown"),
    *("integer", "lookup", "multiselect", "tagger"),
)
"""Types of custom fields whose values are numbers, days, ids, or chosen from a list."""


def kind_of_field(field_type: str | None) -> Kind | None:
    """Return what the values of a custom field are: content unless its type takes no free text.

    Args:
        field_type: As its definition has it; None for a field that nobody has described.
    """
    return None if field_type in _CHOICES else "content"
