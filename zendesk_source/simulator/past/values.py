"""Values of custom ticket fields, typed as Zendesk sends them."""

from __future__ import annotations

from random import Random
from typing import Any

from zendesk_source.simulator.past.words import pick
from zendesk_source.simulator.store import Row

_TEXTS = ("A-100", "", "0012", "ørsted ♻️", 'quote " and \\ backslash')


def ticket_field_values(rng: Random, fields: list[Row], agents: list[Row]) -> list[Row]:
    """Return a value for every field: null where unset, but false for a checkbox."""
    random, values = rng.random, []
    for field in fields:
        is_set, is_checkbox = random() < 0.55, field["type"] == "checkbox"
        value = _set_value(rng, field, agents) if is_set and not is_checkbox else None
        values.append({"id": field["id"], "value": is_set if is_checkbox else value})
    return values


def _set_value(rng: Random, field: Row, agents: list[Row]) -> Any:
    field_type = field["type"]
    # Numbers of tickets come as text, those of users and organizations as numbers.
    if field_type == "integer":
        return str(rng.randint(-5, 5000))
    if field_type == "decimal":
        return f"{rng.uniform(0, 900):.2f}"
    if field_type == "date":
        return f"2025-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    if field_type in ("tagger", "multiselect"):
        tags = [option["value"] for option in field["custom_field_options"]]
        return pick(rng, tags) if field_type == "tagger" else rng.sample(tags, rng.randint(1, 3))
    if field_type == "regexp":
        return f"AB-{rng.randint(0, 9999):04d}"
    if field_type == "lookup":
        return str(pick(rng, agents)["id"])
    if field_type == "partialcreditcard":
        return f"XXXXXXXXXXXX{rng.randint(0, 9999):04d}"
    return pick(rng, _TEXTS)
