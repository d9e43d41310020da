"""An example row of every stream whose rows have parents, as documented."""

from __future__ import annotations

from collections.abc import Mapping

from zendesk_source.simulator.store import Row

_MOMENT = "2024-07-26T20:41:45Z"
_URL = "…"  # written anew for every row
_HTML_URL = "https://example.zendesk.com/hc/en-us"
_TIMES = {"created_at": _MOMENT, "updated_at": _MOMENT}
_UUID = "b376b35a-e38b-11e8-a292-e3b6377c5575"


def _comment(**more: object) -> Row:
    return {
        "id": 1,
        **more,
        "url": _URL,
        "html_url": f"{_HTML_URL}/comments/1",
        "body": "<p>Thanks for your help! 🙏</p>",
        "author_id": 1,
        "vote_sum": 0,
        "vote_count": 0,
        "non_author_editor_id": None,
        "non_author_updated_at": None,
        **_TIMES,
    }


def _vote(parent_column: str, item_type: str) -> Row:
    row = {"id": 1, parent_column: 1, "url": _URL, "user_id": 1, "value": 1}
    return {**row, "item_id": 1, "item_type": item_type, **_TIMES}


def _subscription(parent_column: str, content_type: str) -> Row:
    row = {"id": 1, parent_column: 1, "url": _URL, "user_id": 1, "content_id": 1}
    more = {"content_type": content_type, "locale": "en-us", "include_comments": False}
    return {**row, **more, **_TIMES}


def _translation(parent_column: str, source_type: str) -> Row:
    return {
        "id": 1,
        parent_column: 1,
        "url": _URL,
        "html_url": f"{_HTML_URL}/articles/1",
        "source_id": 1,
        "source_type": source_type,
        "locale": "de",
        "title": "Willkommen",
        "body": "<p>Schön, dass Sie da sind.</p>",
        "outdated": False,
        "draft": False,
        "hidden": False,
        "created_by_id": 1,
        "updated_by_id": 1,
        **_TIMES,
    }


# Comments come before the votes on them.
CHILD_EXAMPLES: Mapping[str, Row] = {
    "organization_merges": {
        "id": "01HPZM6206BF4G63783E5349AD",
        "organization_id": 1,
        "url": _URL,
        "loser_id": 123,
        "winner_id": 456,
        "status": "complete",
    },
    "macro_attachments": {
        "id": 100,
        "macro_id": 1,
        "filename": "foobar.jpg",
        "content_type": "image/jpeg",
        "content_url": "https://example.zendesk.com/api/v2/macros/attachments/100/content",
        "size": 2532,
        "created_at": _MOMENT,
    },
    "trigger_revisions": {
        "id": 100,
        "trigger_id": 1,
        "url": _URL,
        "author_id": 1,
        "created_at": _MOMENT,
        "diff": {"source_id": 1, "target_id": 2, "title": [], "active": [], "actions": []},
        "snapshot": {
            "title": "Notify requester of comment update",
            "description": "Notifies requester that a comment was updated",
            "active": True,
            "actions": [{"field": "notification_target", "value": ["510312", "{}"]}],
            "conditions": {"all": [], "any": []},
        },
    },
    "routing_attribute_values": {
        "id": _UUID,
        "attribute_id": _UUID,
        "url": _URL,
        "name": "French",
        **_TIMES,
    },
    "side_conversations": {
        "id": _UUID,
        "ticket_id": 1,
        "url": _URL,
        "subject": "My printer is on fire",
        "preview_text": "Please send somebody, quickly.",
        "state": "open",
        "participants": [{"user_id": 1, "name": "Johnny Agent", "email": "johnny@example.com"}],
        "external_ids": {"project": "Emergencies"},
        "created_at": "2024-07-26T20:41:45.123Z",
        "updated_at": "2024-07-26T20:41:45.123Z",
        "message_added_at": "2024-07-26T20:41:45.123Z",
        "state_updated_at": "2024-07-26T20:41:45.123Z",
    },
    "hc_article_comments": _comment(
        article_id=1, source_id=1, source_type="Article", locale="en-us"
    ),
    "hc_article_votes": _vote("article_id", "Article"),
    "hc_article_comment_votes": _vote("comment_id", "Comment"),
    "hc_article_attachments": {
        "id": 1428,
        "article_id": 1,
        "url": _URL,
        "file_name": "logo.jpg",
        "display_file_name": "logo.jpg",
        "content_type": "image/jpeg",
        "content_url": "https://example.zendesk.com/hc/article_attachments/1428",
        "relative_path": "/hc/article_attachments/1428",
        "locale": None,
        "inline": True,
        "size": 1428,
        **_TIMES,
    },
    "hc_article_translations": _translation("article_id", "Article"),
    "hc_section_translations": _translation("section_id", "Section"),
    "hc_category_translations": _translation("category_id", "Category"),
    "hc_article_subscriptions": _subscription("article_id", "Article"),
    "hc_section_subscriptions": _subscription("section_id", "Section"),
    "hc_topic_subscriptions": _subscription("topic_id", "CommunityTopic"),
    "hc_post_comments": _comment(post_id=1, official=False),
    "hc_post_votes": _vote("post_id", "Post"),
    "hc_post_comment_votes": _vote("comment_id", "PostComment"),
    "hc_post_subscriptions": _subscription("post_id", "CommunityPost"),
}
