"""The streams that Guide and Gather show for one article, section, topic or post at a time."""

from __future__ import annotations

from functools import partial

from zendesk_source.catalogue.help_center import (
    HC_ARTICLES,
    HC_CATEGORIES,
    HC_POSTS,
    HC_SECTIONS,
    HC_TOPICS,
)
from zendesk_source.catalogue.lists import whole_list
from zendesk_source.catalogue.stream import Parent, Stream, columns

_HELP_CENTER = "help_center/help-center-api/"
_ARTICLE, _POST = "help_center/articles/{id}/", "community/posts/{id}/"
_VOTED = ("vote_count", "vote_sum")
_EDITS_UNSEEN = (
    "An edit of one, and a vote on it, is noticed when its post changes, or within 30 days."
)
_COMMENTS_AGAIN = "Reads the comments itself, to see which of them were voted on."

_GUIDE, _GATHER = "Guide", "Gather"
_list = partial(whole_list, product="help_center", is_of_brand=True)

# The export leaves out what votes change, and shows what is archived.
_LISTED_ARTICLES = _list(
    "hc_articles",
    "help_center/articles.json",
    _HELP_CENTER + "articles/",
    HC_ARTICLES.columns,
    records_key="articles",
    needs=_GUIDE,
)


def _article(*signs: str, count: str = "") -> Parent:
    return Parent(
        stream=_LISTED_ARTICLES, noun="article", column="article_id", signs=signs, count=count
    )


def _post(*signs: str, count: str) -> Parent:
    return Parent(stream=HC_POSTS, noun="post", column="post_id", signs=signs, count=count)


def _votes(name: str, path: str, parent: Parent, needs: str, note: str = "") -> Stream:
    return _list(
        name,
        path + "votes.json",
        _HELP_CENTER + "votes/",
        columns(
            bigint=f"id {parent.column} user_id item_id value",
            timestamp="created_at updated_at",
            text="url item_type",
        ),
        parent=parent,
        records_key="votes",
        needs=needs,
        note=note,
    )


def _subscriptions(name: str, path: str, parent: Parent, needs: str, note: str = "") -> Stream:
    return _list(
        name,
        path + "subscriptions.json",
        _HELP_CENTER + "content_subscriptions/",
        columns(
            bigint=f"id {parent.column} user_id content_id",
            timestamp="created_at updated_at",
            text="url content_type locale",
            bool="include_comments",
        ),
        parent=parent,
        records_key="subscriptions",
        needs=needs,
        note=note,
    )


def _translations(name: str, path: str, parent: Parent) -> Stream:
    return _list(
        name,
        path + "translations.json",
        _HELP_CENTER + "translations/",
        columns(
            bigint=f"id {parent.column} source_id created_by_id updated_by_id",
            timestamp="created_at updated_at",
            text="url html_url source_type locale title body",
            bool="draft outdated hidden",
        ),
        parent=parent,
        records_key="translations",
        needs=_GUIDE,
    )


HC_ARTICLE_COMMENTS = _list(
    "hc_article_comments",
    _ARTICLE + "comments.json",
    _HELP_CENTER + "article_comments/",
    columns(
        bigint="id article_id author_id source_id vote_count vote_sum non_author_editor_id",
        timestamp="created_at updated_at non_author_updated_at",
        text="url html_url body locale source_type",
    ),
    parent=_article(),
    records_key="comments",
    needs=_GUIDE,
    access="anyone",
    note="Nothing of an article tells of a comment, so every article is asked.",
)

HC_ARTICLE_VOTES = _votes(
    "hc_article_votes",
    _ARTICLE,
    _article(*_VOTED, count="vote_count"),
    needs=_GUIDE,
)

HC_ARTICLE_COMMENT_VOTES = _votes(
    "hc_article_comment_votes",
    "help_center/articles/{article_id}/comments/{id}/",
    Parent(
        stream=HC_ARTICLE_COMMENTS,
        noun="comment",
        column="comment_id",
        signs=_VOTED,
        count="vote_count",
    ),
    needs=_GUIDE,
    note=_COMMENTS_AGAIN,
)

HC_ARTICLE_ATTACHMENTS = _list(
    "hc_article_attachments",
    _ARTICLE + "attachments.json",
    _HELP_CENTER + "article_attachments/",
    columns(
        bigint="id article_id size",
        timestamp="created_at updated_at",
        text="url file_name display_file_name content_type content_url relative_path locale",
        bool="inline",
    ),
    parent=_article("updated_at"),
    records_key="article_attachments",
    needs=_GUIDE,
    access="anyone",
)

HC_ARTICLE_TRANSLATIONS = _translations("hc_article_translations", _ARTICLE, _article("updated_at"))

HC_SECTION_TRANSLATIONS = _translations(
    "hc_section_translations",
    "help_center/sections/{id}/",
    Parent(stream=HC_SECTIONS, noun="section", column="section_id"),
)

HC_CATEGORY_TRANSLATIONS = _translations(
    "hc_category_translations",
    "help_center/categories/{id}/",
    Parent(stream=HC_CATEGORIES, noun="category", column="category_id"),
)

HC_ARTICLE_SUBSCRIPTIONS = _subscriptions(
    "hc_article_subscriptions",
    _ARTICLE,
    _article(),
    needs=_GUIDE,
    note="Nothing of an article tells of its followers, so every article is asked.",
)

HC_SECTION_SUBSCRIPTIONS = _subscriptions(
    "hc_section_subscriptions",
    "help_center/sections/{id}/",
    Parent(stream=HC_SECTIONS, noun="section", column="section_id"),
    needs=_GUIDE,
)

HC_TOPIC_SUBSCRIPTIONS = _subscriptions(
    "hc_topic_subscriptions",
    "community/topics/{id}/",
    Parent(
        stream=HC_TOPICS,
        noun="topic",
        column="topic_id",
        signs=("follower_count",),
        count="follower_count",
    ),
    needs=_GATHER,
)

HC_POST_COMMENTS = _list(
    "hc_post_comments",
    _POST + "comments.json",
    _HELP_CENTER + "post_comments/",
    columns(
        bigint="id post_id author_id vote_count vote_sum non_author_editor_id",
        timestamp="created_at updated_at non_author_updated_at",
        text="url html_url body",
        bool="official",
    ),
    parent=_post("comment_count", "updated_at", count="comment_count"),
    records_key="comments",
    needs=_GATHER,
    access="anyone",
    note=_EDITS_UNSEEN,
)

HC_POST_VOTES = _votes("hc_post_votes", _POST, _post(*_VOTED, count="vote_count"), needs=_GATHER)

HC_POST_COMMENT_VOTES = _votes(
    "hc_post_comment_votes",
    "community/posts/{post_id}/comments/{id}/",
    Parent(
        stream=HC_POST_COMMENTS,
        noun="comment",
        column="comment_id",
        signs=_VOTED,
        count="vote_count",
    ),
    needs=_GATHER,
    note=_COMMENTS_AGAIN,
)

HC_POST_SUBSCRIPTIONS = _subscriptions(
    "hc_post_subscriptions",
    _POST,
    _post("follower_count", count="follower_count"),
    needs=_GATHER,
)

HELP_CENTER_CHILDREN: tuple[Stream, ...] = (
    HC_ARTICLE_COMMENTS,
    HC_ARTICLE_VOTES,
    HC_ARTICLE_COMMENT_VOTES,
    HC_ARTICLE_ATTACHMENTS,
    HC_ARTICLE_TRANSLATIONS,
    HC_SECTION_TRANSLATIONS,
    HC_CATEGORY_TRANSLATIONS,
    HC_ARTICLE_SUBSCRIPTIONS,
    HC_SECTION_SUBSCRIPTIONS,
    HC_TOPIC_SUBSCRIPTIONS,
    HC_POST_COMMENTS,
    HC_POST_VOTES,
    HC_POST_COMMENT_VOTES,
    HC_POST_SUBSCRIPTIONS,
)
