"""What Guide and Gather show for one article, section, topic or post at a time."""

from __future__ import annotations

from functools import partial

from zendesk_source.catalogue.children import child_list
from zendesk_source.catalogue.help_center import HC_ARTICLES
from zendesk_source.catalogue.lists import whole_list
from zendesk_source.catalogue.stream import Parent, Stream, columns

_HELP_CENTER = "help_center/help-center-api/"

_child = partial(child_list, product="help_center")

# The export leaves out what votes and comments change, and shows what is archived.
_LISTED_ARTICLES = whole_list(
    "hc_articles",
    "help_center/articles.json",
    _HELP_CENTER + "articles/",
    HC_ARTICLES.columns,
    product="help_center",
    records_key="articles",
    needs="Guide",
)

_COMMENT = columns(
    bigint="id article_id author_id source_id vote_count vote_sum non_author_editor_id",
    timestamp="created_at updated_at non_author_updated_at",
    text="url html_url body locale source_type",
)

HC_ARTICLE_COMMENTS = _child(
    "hc_article_comments",
    "help_center/articles/{id}/comments.json",
    Parent(stream=_LISTED_ARTICLES, noun="article", column="article_id"),
    _HELP_CENTER + "article_comments/",
    _COMMENT,
    records_key="comments",
    access="anyone",
    needs="Guide",
    note="Nothing of an article tells of a comment, so every article is asked.",
)

HELP_CENTER_CHILDREN: tuple[Stream, ...] = (HC_ARTICLE_COMMENTS,)
