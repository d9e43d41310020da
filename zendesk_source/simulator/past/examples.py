"""A few rows of every stream that has no story of its own, from one example each."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from zendesk_source.catalogue import Paging
from zendesk_source.simulator.children import count_children
from zendesk_source.simulator.recorded.chat import CHAT_EXAMPLES
from zendesk_source.simulator.recorded.children import CHILD_EXAMPLES
from zendesk_source.simulator.recorded.help_center import HELP_CENTER_EXAMPLES
from zendesk_source.simulator.recorded.routing import ROUTING_EXAMPLES
from zendesk_source.simulator.recorded.rules import RULE_EXAMPLES
from zendesk_source.simulator.recorded.support import SUPPORT_EXAMPLES
from zendesk_source.simulator.recorded.talk import TALK_EXAMPLES
from zendesk_source.simulator.rows.examples import rows_like
from zendesk_source.simulator.state import STREAM_BY_NAME, State
from zendesk_source.simulator.store import Row

# What others refer to comes first.
EXAMPLES: Mapping[str, Row] = {
    **RULE_EXAMPLES,
    **SUPPORT_EXAMPLES,
    **HELP_CENTER_EXAMPLES,
    **TALK_EXAMPLES,
    **CHAT_EXAMPLES,
    **CHILD_EXAMPLES,
    **ROUTING_EXAMPLES,
}

FEW = 3
FEW_OF_PARENTS = 12
# More than a page, or enough to look like something.
COUNTS = {
    "triggers": 12,
    "views": 9,
    "automations": 4,
    "audit_logs": 130,
    "ticket_audits": 230,
    "email_notifications": 120,
    "csat_survey_responses": 110,
    "organization_subscriptions": 105,
    "jira_links": 15,
    "workspaces": 101,
    "hc_articles": 40,
    "hc_article_comments": 130,
    "hc_sections": 6,
    "hc_posts": 104,
    "hc_post_comments": 60,
    "hc_post_votes": 40,
    "talk_calls": 60,
    "talk_call_legs": 120,
    "talk_phone_numbers": 2,
    "engagements": 120,
    "access_logs": 30,
    "chat_chats": 40,
    "chat_agent_timeline": 60,
    "chat_agents": 101,
    "chat_agent_events": 20,
}


def add_examples(state: State, seed: int, start: int, end: int) -> None:
    """Add the rows; the same seed and account give the same ones."""
    rng = Random(f"examples of {seed}")
    for name, example in EXAMPLES.items():
        stream = STREAM_BY_NAME[name]
        few = FEW if stream.parent is None else FEW_OF_PARENTS
        count = 1 if stream.paging is Paging.OBJECT else COUNTS.get(name, few)
        for row in rows_like(state, stream, example, count, rng, start, end):
            state.stores[name].put(row)
    count_children(state)
