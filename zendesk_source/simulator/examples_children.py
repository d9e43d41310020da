"""An example row of every stream whose rows belong to something else, as documented."""

from __future__ import annotations

from collections.abc import Mapping

from zendesk_source.simulator.store import Row

_MOMENT = "2024-07-26T20:41:45Z"
_URL = "…"  # written anew for every row
_HTML_URL = "https://example.zendesk.com/hc/en-us"

CHILD_EXAMPLES: Mapping[str, Row] = {
    "schedule_holidays": {
        "id": 1,
        "schedule_id": 1,
        "name": "Christmas Day",
        "start_date": "2024-12-25",
        "end_date": "2024-12-26",
    },
    "hc_article_comments": {
        "id": 1,
        "article_id": 1,
        "url": _URL,
        "html_url": f"{_HTML_URL}/articles/1-Welcome/comments/1",
        "body": "<p>Thanks for your help! 🙏</p>",
        "author_id": 1,
        "source_id": 1,
        "source_type": "Article",
        "locale": "en-us",
        "vote_sum": 0,
        "vote_count": 0,
        "non_author_editor_id": None,
        "non_author_updated_at": None,
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    },
}
