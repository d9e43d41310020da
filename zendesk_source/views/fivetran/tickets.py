"""Tickets, their comments and their tags."""

from __future__ import annotations

from zendesk_source.views.declared import Column, Rows, View, same, synced

TICKET = View(
    name="ticket",
    reads={"t": Rows("tickets"), "m": Rows("ticket_events", may_be_missing=True)},
    columns=(
        *same("t", "tickets", "id url external_id type subject description priority status"),
        *same("t", "tickets", "recipient requester_id submitter_id assignee_id organization_id"),
        *same("t", "tickets", "group_id brand_id ticket_form_id problem_id forum_topic_id"),
        *same("t", "tickets", "has_incidents is_public allow_channelback due_at"),
        *same("t", "tickets", "created_at updated_at"),
        Column("via_channel", "text", "(t.via ->> '$.channel')"),
        Column("via_source_from_id", "bigint", "(t.via ->> '$.source.from.id')"),
        Column("via_source_from_title", "text", "(t.via ->> '$.source.from.title')"),
        Column("via_source_from_address", "text", "(t.via ->> '$.source.from.address')"),
        Column("via_source_rel", "text", "(t.via ->> '$.source.rel')"),
        Column("via_source_to_address", "text", "(t.via ->> '$.source.to.address')"),
        Column("via_source_to_name", "text", "(t.via ->> '$.source.to.name')"),
        Column("merged_ticket_ids", "text", "merged.ids"),
        # Deleted tickets stay in: the package does not read this.
        Column("_fivetran_deleted", "bool", "coalesce(t.status = 'deleted', false)"),
        synced("t"),
    ),
    body="""
    from t
    left join (
        select m.ticket_id, '[' || string_agg(
            cast(merged_id.element as varchar), ',' order by m.id, merged_id.place
        ) || ']' as ids
        from m cross join lateral each(m.merged_ticket_ids) as merged_id
        where m.merged_ticket_ids is not null
        group by m.ticket_id
    ) as merged on merged.ticket_id = t.id
    """,
    custom_fields_of="t",
)


def _came_by(*kinds: str, channel: str) -> str:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    return (
        f"coalesce(c.type in ({listed}), false)"
        f" or coalesce((c.via ->> '$.channel') = '{channel}', false)"
    )


TICKET_COMMENT = View(
    name="ticket_comment",
    reads={"c": Rows("ticket_comments")},
    columns=(
        *same("c", "ticket_comments", "id ticket_id"),
        Column("user_id", "bigint", "c.author_id"),
        Column("created", "timestamp", "c.created_at"),
        *same("c", "ticket_comments", "public body"),
        Column("facebook_comment", "bool", _came_by("FacebookComment", channel="facebook")),
        Column("tweet", "bool", _came_by("Tweet", channel="twitter")),
        Column(
            "voice_comment", "bool", _came_by("VoiceComment", "TpeVoiceComment", channel="voice")
        ),
        Column("call_duration", "bigint", "(c.data ->> '$.call_duration')"),
        Column("call_id", "bigint", "(c.data ->> '$.call_id')"),
        Column("recording_url", "text", "(c.data ->> '$.recording_url')"),
        Column("started_at", "text", "(c.data ->> '$.started_at')"),
        Column("_fivetran_deleted", "bool", "false"),
        synced("c"),
    ),
)

TICKET_TAG = View(
    name="ticket_tag",
    reads={"g": Rows("ticket_tags")},
    columns=(*same("g", "ticket_tags", "ticket_id tag"), synced("g")),
)

TICKETS = (TICKET, TICKET_COMMENT, TICKET_TAG)
