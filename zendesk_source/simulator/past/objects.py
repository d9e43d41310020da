"""Fields and records of the custom objects of a generated account."""

from __future__ import annotations

from random import Random
from typing import Any

from zendesk_source.simulator.rows.settings import field_options, option_tag
from zendesk_source.simulator.rows.tickets import HOST
from zendesk_source.simulator.state import State
from zendesk_source.simulator.store import Row, iso

RECORDS_AN_OBJECT = 12
_ULID_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# A field of every type; two titles that slug to the same name, and one in another script.
FIELDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("text", "Make", ()),
    ("text", "make!", ()),
    ("textarea", "Remarks", ()),
    ("checkbox", "Is leased", ()),
    ("integer", "Doors", ()),
    ("decimal", "Price", ()),
    ("date", "Registered", ()),
    ("dropdown", "Color", ("Red", "Blue")),
    ("multiselect", "Extras", ("Roof rack", "Radio", "Towbar")),
    ("regexp", "Plate", ()),
    ("lookup", "Driver", ()),
    ("text", "型式", ()),
)


def add_custom_objects(state: State, seed: int, start: int, end: int) -> None:
    """Give every custom object fields and records; one record in each is deleted."""
    rng = Random(f"custom objects of {seed}")
    keys = state.stores["custom_objects"].keys()
    for key in keys:
        fields = [
            custom_object_field(state, key, field_type, title, iso(start), options=options)
            for field_type, title, options in FIELDS
        ]
        for field in fields:
            state.stores["custom_object_fields"].put(field)
        for number in range(RECORDS_AN_OBJECT):
            values = {field["key"]: _value(state, rng, field) for field in fields}
            moment = iso(rng.randint(start, end))
            record = custom_object_record(key, f"{key} {number}", values, moment, rng)
            if number == 1:
                record |= deleted(record)
            state.stores["custom_object_records"].put(record)


def custom_object_field(
    state: State,
    object_key: str,
    field_type: str,
    title: str,
    moment: str,
    *,
    options: tuple[str, ...] = (),
) -> Row:
    """Return a field of a custom object."""
    field_id = state.new_id()
    key = option_tag(title) if title != "make!" else "make_2"
    field: Row = {
        "url": f"{HOST}/api/v2/custom_objects/{object_key}/fields/{field_id}.json",
        "id": field_id,
        "custom_object_key": object_key,
        "type": field_type,
        "key": key if key != "option" else f"field_{field_id}",
        "title": title,
        "raw_title": title,
        "description": "",
        "raw_description": "",
        "position": 0,
        "active": True,
        "system": False,
        "regexp_for_validation": r"\A[A-Z]{2}-\d{4}\z" if field_type == "regexp" else None,
        "created_at": moment,
        "updated_at": moment,
    }
    if options:
        ids = [state.new_id() for _ in options]
        field["custom_field_options"] = field_options("user", field_id, ids, options)
    if field_type == "lookup":
        field |= {"relationship_target_type": "zen:user", "relationship_filter": {}}
    return field


def custom_object_record(object_key: str, name: str, values: Row, moment: str, rng: Random) -> Row:
    """Return a record."""
    record_id = "01J" + "".join(rng.choices(_ULID_LETTERS, k=23))
    return {
        "url": f"{HOST}/api/v2/custom_objects/{object_key}/records/{record_id}.json",
        "id": record_id,
        "name": name,
        "custom_object_key": object_key,
        "custom_object_fields": values,
        "created_by_user_id": "10001",
        "updated_by_user_id": "10001",
        "created_at": moment,
        "updated_at": moment,
        "external_id": None,
    }


def deleted(record: Row) -> Row:
    """Return a deleted record, in which every value is overwritten."""
    values = dict.fromkeys(record["custom_object_fields"], "[DELETED]")
    return {"name": "[DELETED]", "custom_object_fields": values}


def _value(state: State, rng: Random, field: Row) -> Any:
    kind = field["type"]
    tags = [option["value"] for option in field.get("custom_field_options", ())]
    if kind == "checkbox":
        return rng.random() < 0.5
    if kind == "integer":
        return rng.randint(0, 2**40)
    if kind == "decimal":
        return round(rng.uniform(0, 90_000), 2)
    if kind == "date":
        return f"{rng.randint(2000, 2025)}-{rng.randint(1, 12):02d}-15"
    if kind == "dropdown":
        return rng.choice(tags)
    if kind == "multiselect":
        return rng.sample(tags, rng.randint(0, 3))
    if kind == "regexp":
        return f"AB-{rng.randint(0, 9999):04d}"
    if kind == "lookup":
        users = state.stores["users"].keys()
        return str(rng.choice(users)) if users else None
    return rng.choice(("Tesla", "ça va", "long\ntext", None))
