"""What the setting `private` means: which rule counts, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from zendesk_source import ConfigurationError
from zendesk_source.shape.private.rules import rules_of


def action(given: Any, table: str, path: str, *also: str) -> str:
    return rules_of(given).verdict(table, tuple(path.split(".")), also).action


def test_the_kinds_of_the_catalogue_decide_without_a_rule() -> None:
    given = {"contact": "hash", "content": "drop"}
    assert action(given, "users", "email") == "hash"
    assert action(given, "tickets", "subject") == "drop"
    assert action(given, "tickets", "status") == "keep"
    assert action({"content": "drop"}, "users", "email") == "keep"


def test_a_key_inside_json_is_of_the_kind_of_the_longest_path_that_names_it() -> None:
    given = {"contact": "hash", "content": "drop"}
    assert action(given, "tickets", "via.source.from.address") == "hash"
    assert action(given, "tickets", "via.source.from.subject") == "drop"
    assert action(given, "tickets", "via.source.rel") == "keep"
    assert action(given, "tickets", "via.channel") == "keep"
    assert action(given, "tickets", "via.source.from.what_is_new") == "hash"


def test_a_column_that_nobody_knows_is_treated_as_the_stricter_kind_says() -> None:
    assert action({"contact": "hash", "content": "drop"}, "users", "what_is_new") == "drop"
    assert action({"contact": "mask"}, "users", "what_is_new") == "mask"
    assert action({"users.email": "drop"}, "users", "what_is_new") == "keep"


def test_a_variant_of_a_column_is_treated_as_the_column() -> None:
    given = {"contact": "hash", "content": "drop"}
    assert action(given, "users", "email__v_json") == "hash"
    assert action(given, "users", "role__v_json") == "keep"
    assert action(given, "users", "locale_id__v_text") == "drop", "a text where a number belongs"


@pytest.mark.parametrize("order", [1, -1])
def test_a_name_counts_before_a_pattern_and_a_pattern_before_a_kind(order) -> None:
    rules = {"users.email": "keep", "users.*": "drop", "contact": "hash", "*.phone": "mask"}
    given = dict(list(rules.items())[::order])
    assert action(given, "users", "email") == "keep"
    assert action(given, "users", "name") == "drop"
    assert action(given, "users", "phone") == "drop", "of two patterns the stricter one"
    assert action(given, "deleted_users", "phone") == "mask"
    assert action(given, "deleted_users", "name") == "hash"


def test_a_rule_for_a_part_counts_before_a_rule_for_the_whole() -> None:
    given = {"tickets.via": "drop", "tickets.via.source.from.name": "keep"}
    assert action(given, "tickets", "via.source.from.name") == "keep"
    assert action(given, "tickets", "via.source.from.address") == "drop"


def test_a_custom_field_is_called_by_its_column_its_id_its_key_or_its_title() -> None:
    for name in ("tickets.cf_iban", "tickets.360001", "tickets.IBAN number", "tickets.cf_*"):
        assert action({name: "drop"}, "tickets", "cf_iban", "360001", "IBAN number") == "drop"


def test_our_own_columns_are_never_private() -> None:
    assert action({"*.*": "drop"}, "users", "_zendesk_synced_at") == "keep"


def test_toml_without_quotes_and_json_are_understood() -> None:
    nested = {"content": "drop", "tickets": {"via": {"source": "hash"}}}
    flat = '{"content": "drop", "tickets.via.source": "hash"}'
    assert rules_of(nested) == rules_of(flat)
    assert rules_of(nested).text == rules_of(flat).text


@pytest.mark.parametrize("given", [None, "", {}])
def test_nothing_is_private_by_default(given) -> None:
    assert not rules_of(given)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("contact", "no mapping"),
        (["contact"], "no mapping"),
        ({"contact": "encrypt"}, "says 'encrypt' of contact"),
        ({"subject": "drop"}, "neither contact nor content"),
        ({"tickets.": "drop"}, "neither contact nor content"),
        ({"ticket.subject": "drop"}, "there is no table ticket"),
        ({"ticket.subject": "drop"}, "Did you mean tickets"),
        ({"users.emial": "drop"}, "has no column emial"),
        ({"users.emial": "drop"}, "Did you mean email"),
        ({"users.emial": "keep"}, "has no column emial"),
        ({"tickets.Type": "drop"}, "Did you mean type"),
        ({"macros.titel": "drop"}, "write a pattern: macros.tite?"),
        ({"users.email.domain": "drop"}, "there is nothing inside it"),
        ({"users._zendesk_synced_at": "drop"}, "never private"),
        ({"brands.i[d]": "drop"}, "tells the rows of brands apart"),
        ({"custom_object_records.name": "drop"}, "custom_object_\\*.name for all"),
        ({"tickets.id": "drop"}, "tells the rows of tickets apart"),
        ({"tags.name": "hash"}, "tells the rows of tags apart"),
        ({"ticket_tags.ticket_id": "drop"}, "tells the rows of ticket_tags apart"),
        ({"tickets.created_at": "hash"}, "of the type timestamp"),
        ({"tickets.brand_id": "mask"}, "of the type bigint"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, what) -> None:
    with pytest.raises(ConfigurationError, match=what):
        rules_of(given)
