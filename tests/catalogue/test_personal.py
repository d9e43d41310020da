"""Every table says which of its columns are personal, and says it of columns that it has."""

from __future__ import annotations

import re

from zendesk_source.catalogue import CUSTOM_FIELD_ROWS, STREAMS, SideTable, Stream
from zendesk_source.catalogue.personal import PERSONAL

TABLES: dict[str, Stream | SideTable] = {
    **{table.name: table for stream in STREAMS for table in stream.tables},
    **{side.name: side for side in CUSTOM_FIELD_ROWS.values()},
}


def test_every_table_says_what_is_personal_in_it() -> None:
    unsaid = TABLES.keys() - PERSONAL.keys()
    assert not unsaid, "say in catalogue/personal.py which of their columns are personal"
    assert not PERSONAL.keys() - TABLES.keys()


def test_personal_paths_begin_with_columns_that_hold_texts() -> None:
    wrong = []
    for name, personal in PERSONAL.items():
        for path in personal:
            column, _, inside = path.partition(".")
            types = ("json",) if inside else ("json", "text")
            if TABLES[name].columns.get(column) not in types:
                wrong.append((name, path))
    assert wrong == []


def test_a_harmless_part_lies_within_a_personal_one() -> None:
    """What is in no personal part needs no word, and would say nothing."""
    wrong = []
    for name, personal in PERSONAL.items():
        for path, kind in personal.items():
            parts = path.split(".")
            outer = [".".join(parts[:count]) for count in range(1, len(parts))]
            if kind is None and not any(personal.get(each) for each in outer):
                wrong.append((name, path))
    assert wrong == []


SOUNDS_PERSONAL = re.compile(
    r"(^|_)(name|e?mail|phone|number|subject|body|text|comment|notes?|details|message|msg|address"
    r"|ip|content|author|actor|recipients?|sender|from|to|signature|avatar|photo|file|filename|city"
    r"|street|visitor|customer|requester|external)($|_)"
)
NAMES_OF_SETTINGS = """
agent_statuses brands capacity_rules chat_departments chat_goals chat_roles chat_shortcuts
chat_skills chat_triggers custom_roles dynamic_content_items groups hc_badge_categories
hc_badges hc_content_tags hc_permission_groups hc_topics hc_user_segments
incremental_routing_attributes incremental_routing_attribute_values locales
organization_field_options queues routing_attribute_values routing_attributes
schedule_holidays schedules tags talk_greetings talk_greeting_categories talk_ivrs
ticket_field_options ticket_fields ticket_forms time_zones trigger_categories
user_field_options webhooks
"""
PUBLISHED = """
hc_articles hc_categories hc_sections hc_article_labels hc_article_translations
hc_section_translations hc_category_translations
"""
TYPES_AND_IDS = re.compile(r".*(_ids?|_type|_name|field_name|_zrns)$")
LOOKED_AT = {
    ("ticket_metrics", "requester_wait_time_in_minutes"),
    ("brands", "signature_template"),
    ("webhooks", "external_source"),
    ("account_settings", "email"),
    ("chat_shortcuts", "message"),
    ("hc_redirect_rules", "redirect_from"),
    ("hc_redirect_rules", "redirect_to"),
}
"""What sounds personal and is not; whoever adds to it has looked at rows of the table."""


def test_what_sounds_personal_is_said_to_be_or_was_looked_at() -> None:
    unlooked = [
        (table.name, column)
        for table in TABLES.values()
        for column, data_type in table.columns.items()
        if data_type in ("text", "json")
        and SOUNDS_PERSONAL.search(column)
        and not any(path.split(".")[0] == column for path in PERSONAL[table.name])
        and not (table.name in NAMES_OF_SETTINGS.split() and re.search(r"(^|_)name$", column))
        and not (table.name in PUBLISHED.split() and column in ("name", "body"))
        and not TYPES_AND_IDS.match(column)
        and (table.name, column) not in LOOKED_AT
    ]
    assert unlooked == [], "say in catalogue/personal.py of which kind they are"
