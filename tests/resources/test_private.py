"""Private by choice: what is dropped, hashed or masked, and what stays as it is."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.support.simulated import log_in, source_of
from tests.support.tables import whole_rows
from zendesk_source import ConfigurationError, sync
from zendesk_source.preflight.preview import preview
from zendesk_source.simulator import Account, Simulator

LONGER = ("json", "rows")
KEY = "a long and random text"
BOTH_DROPPED = {"contact": "drop", "content": "drop"}
BOTH_HASHED = {"contact": "hash", "content": "hash"}


def hashed(text: str, key: str = KEY) -> str:
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()


def load(zendesk: Simulator, pipeline: Any, *streams: str, **settings: Any) -> Mapping[str, str]:
    """Load streams; return what is told of each."""
    settings.setdefault("private_key", KEY)
    report = sync(pipeline, source_of(zendesk, *streams, **settings), clock=zendesk.account.clock)
    assert all(run.was_read for run in report.runs.values()), report.runs
    return {name: run.reason for name, run in report.runs.items()}


def by_id(pipeline: Any, table: str) -> dict[Any, dict[str, Any]]:
    return {row["id"]: row for row in whole_rows(pipeline, table)}


def as_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def test_hashed_columns_join_across_tables_and_with_hashes_made_elsewhere(
    account: Account, zendesk, either_pipeline, item_format
) -> None:
    load(
        zendesk,
        either_pipeline,
        *("users", "tickets", "ticket_events"),
        private=BOTH_HASHED,
        item_format=item_format,
    )
    users = by_id(either_pipeline, "users")
    sent = {row["id"]: row for row in account.truth("users") if row["email"]}
    assert sent
    assert {id_: users[id_]["email"] for id_ in sent} == {
        id_: hashed(row["email"].lower()) for id_, row in sent.items()
    }
    identities = {
        (row["user_id"], row["value"])
        for row in whole_rows(either_pipeline, "user_identities")
        if row["type"] == "email"
    }
    assert {(id_, hashed(row["email"].lower())) for id_, row in sent.items()} <= identities
    tickets = by_id(either_pipeline, "tickets")
    for row in account.truth("tickets"):
        assert tickets[row["id"]]["subject"] == hashed(row["subject"].strip())
        assert tickets[row["id"]]["status"] == row["status"]
    sources = [
        (as_json(tickets[row["id"]]["via"]), row["via"])
        for row in account.truth("tickets")
        if row["via"]["source"]["from"].get("address")
    ]
    assert sources
    for stored, via in sources:
        assert stored["channel"] == via["channel"]
        address = via["source"]["from"]["address"]
        assert stored["source"]["from"]["address"] == hashed(address.lower())
    comments = by_id(either_pipeline, "ticket_comments")
    for row in account.truth("ticket_comments"):
        assert comments[row["id"]]["body"] == hashed(row["body"].strip())


def test_a_dropped_column_stays_in_its_table_and_stays_empty(
    account: Account, zendesk, pipeline, item_format
) -> None:
    load(zendesk, pipeline, "tickets", private={"content": "drop"}, item_format=item_format)
    rows = whole_rows(pipeline, "tickets")
    assert len(rows) == len(account.truth("tickets"))
    assert {row["subject"] for row in rows} == {None}
    assert {row["status"] for row in rows} == {row["status"] for row in account.truth("tickets")}
    assert {row["external_id"] for row in rows} == {
        row["external_id"] for row in account.truth("tickets")
    }


def test_of_a_masked_column_the_length_is_left(account: Account, zendesk, pipeline) -> None:
    load(zendesk, pipeline, "tickets", private={"tickets.subject": "mask"}, private_key=None)
    rows = by_id(pipeline, "tickets")
    assert {id_: row["subject"] for id_, row in rows.items()} == {
        row["id"]: str(len(row["subject"])) for row in account.truth("tickets")
    }
    assert {row["raw_subject"] for row in rows.values()} == {
        row["raw_subject"] for row in account.truth("tickets")
    }


@pytest.mark.parametrize(
    "custom_fields", ["columns", *(pytest.param(each, marks=pytest.mark.long) for each in LONGER)]
)
def test_a_custom_field_is_private_by_its_type_its_id_or_its_title(
    account: Account, zendesk, pipeline, item_format, custom_fields
) -> None:
    free = account.add_ticket_field("text", "IBAN")
    choice = account.add_ticket_field("tagger", "Colour", ["red"])
    number = account.add_ticket_field("integer", "Customer number")
    ids = [field["id"] for field in (free, choice, number)]
    ticket = account.truth("tickets")[0]["id"]
    values = {ids[0]: "AT61 1904", ids[1]: "red", ids[2]: 4711}
    for field, value in values.items():
        account.set_custom_field(ticket, field, value)
    account.clock.advance(3_600)
    load(
        zendesk,
        pipeline,
        *("tickets", "ticket_events"),
        private={"content": "hash", "tickets.Customer number": "drop"},
        custom_fields=custom_fields,
        item_format=item_format,
    )
    row = by_id(pipeline, "tickets")[ticket]
    expected = {ids[0]: hashed("AT61 1904"), ids[1]: "red", ids[2]: None}
    if custom_fields == "columns":
        columns = ("cf_iban", "cf_colour", "cf_customer_number")
        found = {id_: row.get(column) for id_, column in zip(ids, columns, strict=True)}
    elif custom_fields == "json":
        found = {e["id"]: e["value"] for e in as_json(row["custom_fields"]) if e["id"] in ids}
    else:
        found = dict.fromkeys(ids) | {
            r["field_id"]: r["value"]
            for r in whole_rows(pipeline, "ticket_custom_fields")
            if r["ticket_id"] == ticket and r["field_id"] in ids
        }
    assert found == expected
    history = {
        r["field_name"]: r["value"]
        for r in whole_rows(pipeline, "ticket_field_history")
        if r["ticket_id"] == ticket and r["field_name"] in map(str, ids)
    }
    assert history == {str(i): value for i, value in expected.items()}


def test_history_is_as_private_as_the_column_that_it_is_of(
    account: Account, zendesk, pipeline, item_format
) -> None:
    ticket = account.truth("tickets")[0]["id"]
    account.edit_ticket(ticket, subject="Secret", priority="urgent")
    account.clock.advance(3_600)
    private = {"tickets.subject": "hash", "tickets.assignee_id": "drop"}
    load(zendesk, pipeline, "ticket_events", private=private, item_format=item_format)
    rows = whole_rows(pipeline, "ticket_field_history")
    values = {(row["ticket_id"], row["field_name"], row["value"]) for row in rows}
    assert (ticket, "subject", hashed("Secret")) in values
    assert (ticket, "priority", "urgent") in values
    assert {value for _, name, value in values if name == "assignee_id"} == {None}


def test_a_key_is_hashed_or_its_rows_are_left_out(account: Account, zendesk, pipeline) -> None:
    organization = account.truth("organizations")[0]["id"]
    account.edit_organization(organization, domain_names=["one.example", "two.example"])
    account.clock.advance(3_600)
    load(zendesk, pipeline, "organizations", private=BOTH_HASHED)

    def domains() -> set[str]:
        rows = whole_rows(pipeline, "organization_domain_names")
        return {row["domain_name"] for row in rows if row["organization_id"] == organization}

    assert domains() == {hashed("one.example"), hashed("two.example")}
    account.edit_organization(organization, domain_names=["two.example"])
    account.clock.advance(3_600)
    load(zendesk, pipeline, "organizations", private=BOTH_HASHED)
    assert domains() == {hashed("two.example")}, "what is gone at Zendesk goes, hashed or not"


def test_a_table_whose_key_is_dropped_stays_empty(account: Account, zendesk, pipeline) -> None:
    account.edit_organization(account.truth("organizations")[0]["id"], domain_names=["a.example"])
    account.clock.advance(3_600)
    load(zendesk, pipeline, "organizations", private=BOTH_DROPPED)
    assert len(whole_rows(pipeline, "organizations")) == len(account.truth("organizations"))
    assert whole_rows(pipeline, "organization_domain_names") == []


def test_what_fits_no_table_is_kept_without_its_texts(zendesk, pipeline) -> None:
    def spoil(request: Any, answer: Any) -> Any:
        if request.stream != "macros":
            return answer
        page = json.loads(answer.body)
        page["macros"].append({"id": None, "title": "jane@x.example", "jane@x.example": 17})
        return replace(answer, body=json.dumps(page).encode())

    zendesk.alter_answers(spoil)
    load(zendesk, pipeline, "macros", private={"contact": "mask"}, private_key=None)
    (row,) = whole_rows(pipeline, "_zendesk_rejected_rows")
    assert as_json(row["row"]) == {
        "id": None,
        "title": "(14 characters)",
        "(14 characters)": None,
    }


def test_hashing_without_a_key_is_refused_before_anything_is_asked(zendesk) -> None:
    for key, what in ((None, "is missing"), ("short", "is short")):
        with pytest.raises(ConfigurationError, match=f"private_key {what}"):
            source_of(zendesk, "tickets", private=BOTH_HASHED, private_key=key)
    assert zendesk.requests == []


def test_other_rules_and_another_key_are_told_once(account: Account, zendesk, pipeline) -> None:
    def told(**settings: Any) -> str:
        account.clock.advance(3_600)
        return "".join(load(zendesk, pipeline, "tickets", "users", **settings).values())

    assert told() == ""
    assert "loaded before keep what they hold" in told(private=BOTH_HASHED)
    assert told(private=BOTH_HASHED) == ""
    assert "do not join" in told(private=BOTH_HASHED, private_key=KEY[::-1])
    assert told(private=BOTH_HASHED, private_key=KEY[::-1]) == ""
    assert told() == "", "nothing is private any more, and nobody has to be warned of that"


def test_an_unchanged_list_is_written_once_and_again_under_other_rules(
    account: Account, zendesk, pipeline
) -> None:
    def synced_at(**settings: Any) -> Any:
        account.clock.advance(3_600)
        load(zendesk, pipeline, "macros", **settings)
        return {row["_zendesk_synced_at"] for row in whole_rows(pipeline, "macros")}

    first = synced_at(private=BOTH_HASHED)
    assert synced_at(private=BOTH_HASHED) == first
    assert synced_at(private={"macros.title": "drop"}) != first
    assert {row["title"] for row in whole_rows(pipeline, "macros")} == {None}


def test_versions_of_settings_are_private_too(account: Account, zendesk, pipeline) -> None:
    private = {"macros.title": "hash"}
    load(zendesk, pipeline, "macros", private=private, history=True)
    changed = account.truth("macros")[0]
    account.edit_row("macros", changed["id"], title="Another")
    account.clock.advance(3_600)
    load(zendesk, pipeline, "macros", private=private, history=True)
    rows = whole_rows(pipeline, "macros")
    titles = {row["title"] for row in rows if row["id"] == changed["id"]}
    assert titles == {hashed(changed["title"]), hashed("Another")}


def test_what_lists_tell_of_deletions_is_covered_and_what_was_loaded_is_not_hashed_again(
    account: Account, zendesk, pipeline
) -> None:
    zendesk.close_exports()
    names = ("tickets", "users", "organizations")

    def loaded() -> dict[str, dict[Any, dict[str, Any]]]:
        account.clock.advance(3_600)
        load(zendesk, pipeline, *names, private=BOTH_HASHED)
        return {name: by_id(pipeline, name) for name in names}

    before = loaded()
    ticket = next(row for row in account.truth("tickets") if row["status"] == "open")
    user = next(row for row in account.truth("users") if row["role"] == "end-user")
    organization = account.truth("organizations")[0]
    account.delete_ticket(ticket["id"])
    account.delete_user(user["id"])
    account.delete_organization(organization["id"])
    after = loaded()
    gone = after["tickets"][ticket["id"]]
    assert (gone["status"], gone["subject"]) == ("deleted", hashed(ticket["subject"].strip()))
    assert after["users"][user["id"]]["active"] is False
    assert after["users"][user["id"]]["name"] == hashed(user["name"].strip())
    assert after["organizations"][organization["id"]]["deleted_at"] is not None
    for name, rows in before.items():
        for id_, row in rows.items():
            for column in ("subject", "name"):
                assert after[name][id_].get(column) == row.get(column), (name, column)
    assert loaded() == after


def test_what_was_loaded_before_is_covered_when_a_deletion_writes_it_again(
    account: Account, zendesk, pipeline
) -> None:
    zendesk.close_exports()
    names = ("tickets", "users", "organizations", "macros")
    kinds = {
        "contact": "hash",
        "content": "drop",
        "macros.title": "mask",
        "ticket_tags.tag": "hash",
    }
    ticket = next(r for r in account.truth("tickets") if r["status"] == "open" and r["tags"])
    user = next(row for row in account.truth("users") if row["role"] == "end-user")
    organization, macro = account.truth("organizations")[0], account.truth("macros")[0]
    account.clock.advance(3_600)
    load(zendesk, pipeline, *names)
    account.delete_ticket(ticket["id"])
    account.delete_user(user["id"])
    account.delete_organization(organization["id"])
    account.remove_row("macros", macro["id"])
    account.clock.advance(3_600)
    load(zendesk, pipeline, *names, private=kinds)
    assert by_id(pipeline, "tickets")[ticket["id"]]["subject"] is None
    assert by_id(pipeline, "tickets")[ticket["id"]]["status"] == "deleted"
    assert by_id(pipeline, "users")[user["id"]]["name"] == hashed(user["name"].strip())
    assert by_id(pipeline, "organizations")[organization["id"]]["deleted_at"] is not None
    name = hashed(organization["name"].strip())
    assert by_id(pipeline, "organizations")[organization["id"]]["name"] in (None, name)
    assert by_id(pipeline, "macros")[macro["id"]]["title"] == str(len(macro["title"]))
    tags = {r["tag"] for r in whole_rows(pipeline, "ticket_tags") if r["ticket_id"] == ticket["id"]}
    assert tags == set(map(hashed, ticket["tags"]))


def test_a_preview_shows_what_a_load_would_bring(
    account: Account, zendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(monkeypatch, zendesk.base_url)
    monkeypatch.setenv("SOURCES__ZENDESK__PRIVATE", '{"contact": "hash", "users.phone": "mask"}')
    monkeypatch.setenv("SOURCES__ZENDESK__PRIVATE_KEY", KEY)
    shown = preview("users", rows=5, clock=account.clock)
    names = {row["id"]: row["name"] for row in account.truth("users")}
    assert shown["users"]
    assert all(row["name"] == hashed(names[row["id"]].strip()) for row in shown["users"])
    assert all(len(row["value"]) == 64 for row in shown["user_identities"])
