"""The streams of Zendesk Guide and Gather: articles and their sections, the community, badges."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from zendesk_source.catalogue.lists import API_REFERENCE, whole_list, with_brand
from zendesk_source.catalogue.stream import WHOLE_ANSWER, Paging, Stream, columns

_HELP_CENTER = "help_center/help-center-api/"
_GATHER = "Gather"
_BADGES = "Gather Professional"

# What a brand has for itself is shown at its address alone; what is the account's, at any.
_of_brand = partial(whole_list, product="help_center", access="anyone", is_of_brand=True)
_of_account = partial(whole_list, product="help_center", is_of_brand=False)


def _brand_or_zero(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the brand for a row's key, where it cannot be null: 0 if the brand is unknown."""
    return {"brand_id": row.get("brand_id") or 0}


HC_ARTICLES = Stream(
    name="hc_articles",
    product="help_center",
    path="/api/v2/help_center/incremental/articles.json",
    records_key="articles",
    paging=Paging.TIME_EXPORT,
    primary_key=("id",),
    cursor_field="updated_at",
    write="merge",
    page_size=1000,
    bucket="help-center-incremental-exports",
    is_of_brand=True,
    columns=with_brand(
        columns(
            bigint="id author_id position section_id permission_group_id user_segment_id"
            " vote_count vote_sum",
            timestamp="created_at updated_at edited_at",
            text="url html_url name title body locale source_locale",
            bool="comments_disabled draft promoted outdated",
            json="content_tag_ids label_names outdated_locales user_segment_ids",
        )
    ),
    access="agent",
    needs="Guide",
    note="Votes and comments do not count as a change; an article that is archived stays.",
    docs=API_REFERENCE + _HELP_CENTER + "articles/",
)

HC_CATEGORIES = _of_brand(
    "hc_categories",
    "help_center/categories.json",
    _HELP_CENTER + "categories/",
    columns(
        bigint="id position",
        timestamp="created_at updated_at",
        text="url html_url name description locale source_locale",
        bool="outdated",
    ),
    records_key="categories",
    needs="Guide",
)

HC_SECTIONS = _of_brand(
    "hc_sections",
    "help_center/sections.json",
    _HELP_CENTER + "sections/",
    columns(
        bigint="id position category_id parent_section_id",
        timestamp="created_at updated_at",
        text="url html_url name description locale source_locale sorting theme_template",
        bool="outdated",
    ),
    records_key="sections",
    needs="Guide",
)

HC_ARTICLE_LABELS = _of_brand(
    "hc_article_labels",
    "help_center/articles/labels.json",
    _HELP_CENTER + "article_labels/",
    columns(bigint="id", timestamp="created_at updated_at", text="url name"),
    records_key="labels",
    access="agent",
    needs="Guide Professional",
)

HC_USER_SEGMENTS = _of_account(
    "hc_user_segments",
    "help_center/user_segments.json",
    _HELP_CENTER + "user_segments/",
    columns(
        bigint="id",
        timestamp="created_at updated_at",
        text="url name user_type",
        bool="built_in",
        json="added_user_ids group_ids organization_ids tags or_tags groups_count",
    ),
    records_key="user_segments",
    access="agent",
    needs="Guide Professional",
)

HC_PERMISSION_GROUPS = _of_account(
    "hc_permission_groups",
    "guide/permission_groups",
    _HELP_CENTER + "permission_groups/",
    columns(
        bigint="id",
        timestamp="created_at updated_at",
        text="name",
        bool="built_in",
        json="edit publish",
    ),
    paging=Paging.OFFSET,
    records_key="permission_groups",
    access="agent",
    needs="Guide",
)

HC_CONTENT_TAGS = _of_account(
    "hc_content_tags",
    "guide/content_tags",
    _HELP_CENTER + "content_tags/",
    columns(timestamp="created_at updated_at", text="id name"),
    records_key="records",
    access="agent",
    needs="Guide",
)

HC_LOCALES = _of_brand(
    "hc_locales",
    "help_center/locales.json",
    _HELP_CENTER + "translations/#list-all-enabled-locales-and-default-locale",
    columns(text="default_locale", json="locales"),
    paging=Paging.OBJECT,
    primary_key=("default_locale", "brand_id"),
    records_key=WHOLE_ANSWER,
    derive=_brand_or_zero,
    needs="Guide",
)

HC_TOPICS = _of_brand(
    "hc_topics",
    "community/topics.json",
    _HELP_CENTER + "topics/",
    columns(
        bigint="id position follower_count community_id user_segment_id",
        timestamp="created_at updated_at",
        text="url html_url name description manageable_by",
    ),
    records_key="topics",
    needs=_GATHER,
)

HC_POSTS = _of_brand(
    "hc_posts",
    "community/posts.json",
    _HELP_CENTER + "posts/",
    columns(
        bigint="id author_id topic_id comment_count follower_count vote_count vote_sum"
        " non_author_editor_id",
        timestamp="created_at updated_at non_author_updated_at",
        text="url html_url title details status",
        bool="closed featured frozen pinned",
        json="content_tag_ids",
    ),
    records_key="posts",
    needs=_GATHER,
)

HC_BADGES = _of_brand(
    "hc_badges",
    "gather/badges",
    "help_center/gather/badges/",
    columns(
        timestamp="created_at updated_at",
        text="id name description icon_url badge_category_id",
    ),
    records_key="badges",
    needs=_BADGES,
)

HC_BADGE_CATEGORIES = _of_brand(
    "hc_badge_categories",
    "gather/badge_categories",
    "help_center/gather/badge_categories/",
    columns(timestamp="created_at updated_at", text="id brand_id name slug"),
    records_key="badge_categories",
    needs=_BADGES,
)

HC_BADGE_ASSIGNMENTS = _of_brand(
    "hc_badge_assignments",
    "gather/badge_assignments",
    "help_center/gather/badge_assignments/",
    columns(bigint="user_id", timestamp="created_at", text="id badge_id"),
    records_key="badge_assignments",
    needs=_BADGES,
)

HC_REDIRECT_RULES = _of_brand(
    "hc_redirect_rules",
    "guide/redirect_rules",
    "help_center/help-center-api/redirect_rules/",
    columns(
        bigint="brand_id redirect_status",
        timestamp="created_at updated_at",
        text="id redirect_from redirect_to",
    ),
    records_key="records",
    access="admin",
    needs="Guide (Professional)",
)

HELP_CENTER: tuple[Stream, ...] = (
    HC_ARTICLES,
    HC_CATEGORIES,
    HC_SECTIONS,
    HC_ARTICLE_LABELS,
    HC_USER_SEGMENTS,
    HC_PERMISSION_GROUPS,
    HC_CONTENT_TAGS,
    HC_LOCALES,
    HC_TOPICS,
    HC_POSTS,
    HC_BADGES,
    HC_BADGE_CATEGORIES,
    HC_BADGE_ASSIGNMENTS,
    HC_REDIRECT_RULES,
)
