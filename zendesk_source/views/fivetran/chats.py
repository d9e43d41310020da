"""Chats and messaging conversations, from the events of their tickets.

Not from Chat's own API: there agents have other ids, which match no user, and visitors have none.
"""

from __future__ import annotations

from zendesk_source.catalogue import DataType
from zendesk_source.views.declared import Column, Rows, View


def _detail(of: str, name: str, data_type: DataType = "text") -> Column:
    return Column(name, data_type, f"({of}.details ->> '$.{name}')")


# A chat that ended is told twice; how it started is told in full.
TICKET_CHAT = View(
    name="ticket_chat",
    reads={"c": Rows("ticket_chats")},
    columns=(
        Column("chat_id", "text", "chat.chat_id"),
        Column("ticket_id", "bigint", "chat.ticket_id"),
        *(_detail("chat", name) for name in ("channel", "backend", "initiator")),
        Column("visitor_id", "text", "chat.visitor_id"),
        _detail("chat", "user_id", "bigint"),
        _detail("chat", "authenticated", "bool"),
        *(_detail("chat", name) for name in ("conversation_id", "integration_id")),
        Column("_fivetran_synced", "timestamp", "chat.synced_at"),
    ),
    body="""
    from (
        select c.chat_id, c.ticket_id, c.visitor_id, c.details, c._zendesk_synced_at as synced_at,
               row_number() over (
                   partition by c.chat_id
                   order by c.event_type = 'ChatStartedEvent' desc, c.updated desc, c.child_id desc
               ) as place
        from c
        where c.chat_id is not null
    ) as chat
    where chat.place = 1
    """,
    switch="using_ticket_chat",
    is_on=False,
)


_OF_MESSAGES = (
    *("message_id", "parent_message_id", "message_source", "external_message_id"),
    *("original_message_type", "filename", "url", "mime_type", "status", "reason"),
)

TICKET_CHAT_EVENT = View(
    name="ticket_chat_event",
    reads={"m": Rows("ticket_chat_messages")},
    columns=(
        Column("chat_id", "text", "message.chat_id"),
        Column("chat_index", "bigint", "message.chat_index"),
        Column("created_at", "timestamp", "message.created_at"),
        Column("actor_id", "text", "message.actor_id"),
        Column("type", "text", "message.type"),
        Column("message", "text", "message.message"),
        *(_detail("message", name) for name in _OF_MESSAGES),
        _detail("message", "size", "bigint"),
        _detail("message", "is_history_context", "bool"),
        Column("_fivetran_synced", "timestamp", "message.synced_at"),
    ),
    body="""
    from (
        select m.chat_id, m.chat_index, m.created_at, m.actor_id, m.type, m.message, m.details,
               m._zendesk_synced_at as synced_at,
               row_number() over (
                   partition by m.chat_id, m.created_at, coalesce(m.chat_index, -1 - m.position)
                   order by m.updated desc, m.child_id desc, m.position desc
               ) as place
        from m
        where m.chat_id is not null
    ) as message
    where message.place = 1
    """,
    switch="using_ticket_chat",
    is_on=False,
)

CHATS = (TICKET_CHAT, TICKET_CHAT_EVENT)
