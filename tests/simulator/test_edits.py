"""Every edit moves what Zendesk would move, and no more."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
import requests

from tests.simulator.walks import by_id, page
from zendesk_source.simulator import Account, SimulatedClock, Simulator

JsonObject = dict[str, Any]
DAY_SECONDS = 86_400


def ticket(account: Account, ticket_id: int) -> JsonObject:
    return by_id(account.truth("tickets"))[ticket_id]


def events_of(account: Account, ticket_id: int) -> list[JsonObject]:
    return [row for row in account.truth("ticket_events") if row["ticket_id"] == ticket_id]


def open_id(account: Account) -> Any:
    return next(row["id"] for row in account.truth("tickets") if row["status"] == "open")


def test_a_created_ticket_has_an_event_a_comment_metrics_and_its_fields(empty: Account) -> None:
    made = empty.create_ticket(subject="Ünïcode 🎈", tags=["a", "b"])
    assert ticket(empty, made["id"]) == made
    assert made["generated_timestamp"] == empty.now_second()
    (event,) = events_of(empty, made["id"])
    assert {child["event_type"] for child in event["child_events"]} == {"Comment", "Create"}
    (comment,) = empty.truth("ticket_comments")
    assert comment["body"] == made["description"]
    assert (comment["ticket_id"], comment["event_id"]) == (made["id"], event["id"])
    assert [row["ticket_id"] for row in empty.truth("ticket_metrics")] == [made["id"]]
    field_ids = {row["id"] for row in empty.truth("ticket_fields") if row["removable"]}
    assert {field["id"] for field in made["custom_fields"]} == field_ids
    assert made["custom_fields"] == made["fields"]


def test_an_edit_moves_both_times_and_writes_a_change(account: Account) -> None:
    ticket_id = open_id(account)
    before, events = ticket(account, ticket_id), len(events_of(account, ticket_id))
    account.edit_ticket(ticket_id, status="solved", priority="urgent")
    after = ticket(account, ticket_id)
    assert after["generated_timestamp"] == account.now_second() > before["generated_timestamp"]
    assert after["updated_at"] > before["updated_at"]
    assert len(events_of(account, ticket_id)) == events + 1
    changes = events_of(account, ticket_id)[-1]["child_events"]
    status = next(child for child in changes if "status" in child)
    assert (status["event_type"], status["status"]) == ("Change", "solved")
    assert status["previous_value"] == "open"
    assert after["custom_status_id"] != before["custom_status_id"]


def test_an_edit_of_tags_says_which_came_and_which_went(empty: Account) -> None:
    made = empty.create_ticket(tags=["keep", "old"])
    empty.edit_ticket(made["id"], tags=["keep", "new"])
    (child,) = events_of(empty, made["id"])[-1]["child_events"]
    assert child["added_tags"] == ["new"]
    assert child["removed_tags"] == ["old"]
    rows = {(row["ticket_id"], row["tag"]) for row in empty.truth("ticket_tags")}
    assert rows == {(made["id"], "keep"), (made["id"], "new")}
    assert {row["name"]: row["count"] for row in empty.truth("tags")} == {"keep": 1, "new": 1}


def test_a_system_update_moves_only_the_generated_timestamp(account: Account) -> None:
    ticket_id = open_id(account)
    before, events = ticket(account, ticket_id), len(account.truth("ticket_events"))
    account.system_update(ticket_id)
    after = ticket(account, ticket_id)
    assert after["updated_at"] == before["updated_at"]
    assert after["generated_timestamp"] > before["generated_timestamp"]
    assert after["priority"] != before["priority"]
    assert len(account.truth("ticket_events")) == events


def test_a_bulk_edit_happens_within_one_second(account: Account) -> None:
    ids = [row["id"] for row in account.truth("tickets") if row["status"] == "closed"][:20]
    account.bulk_edit(ids, priority="low")
    seconds = {ticket(account, each)["generated_timestamp"] for each in ids}
    assert seconds == {account.now_second()}


def test_a_deleted_ticket_stays_in_the_export_and_its_metrics_in_the_truth(
    account: Account,
) -> None:
    ticket_id = open_id(account)
    metrics = {row["ticket_id"]: row for row in account.truth("ticket_metrics")}[ticket_id]
    account.delete_ticket(ticket_id)
    assert ticket(account, ticket_id)["status"] == "deleted"
    assert metrics in account.truth("ticket_metrics")


def test_a_deleted_ticket_is_scrubbed_after_30_days_and_gone_after_120(
    empty: Account, clock: SimulatedClock
) -> None:
    ticket_id = empty.create_ticket(tags=["a"])["id"]
    empty.delete_ticket(ticket_id)
    deleted = ticket(empty, ticket_id)
    clock.advance(30 * DAY_SECONDS + 1)
    scrubbed = ticket(empty, ticket_id)
    assert (scrubbed["subject"], scrubbed["description"]) == ("SCRUBBED", "X")
    assert (scrubbed["tags"], scrubbed["custom_fields"], scrubbed["fields"]) == ([], [], [])
    assert scrubbed["updated_at"] == deleted["updated_at"]
    moved_seconds = scrubbed["generated_timestamp"] - deleted["generated_timestamp"]
    assert moved_seconds == 30 * DAY_SECONDS
    clock.advance(89 * DAY_SECONDS)
    assert ticket_id in by_id(empty.truth("tickets"))
    clock.advance(DAY_SECONDS)
    assert ticket_id not in by_id(empty.truth("tickets"))


def test_a_restored_ticket_is_not_scrubbed(empty: Account, clock: SimulatedClock) -> None:
    ticket_id = empty.create_ticket()["id"]
    empty.delete_ticket(ticket_id)
    clock.advance(DAY_SECONDS)
    empty.restore_ticket(ticket_id)
    clock.advance(5 * DAY_SECONDS)
    empty.delete_ticket(ticket_id)
    clock.advance(26 * DAY_SECONDS)
    assert ticket(empty, ticket_id)["subject"] != "SCRUBBED"
    clock.advance(5 * DAY_SECONDS)
    assert ticket(empty, ticket_id)["subject"] == "SCRUBBED"


def test_scrubbing_at_once_leaves_updated_at(empty: Account, clock: SimulatedClock) -> None:
    made = empty.create_ticket()
    clock.advance(100)
    scrubbed = empty.scrub_ticket(made["id"])
    assert scrubbed["status"] == "deleted"
    assert scrubbed["updated_at"] == made["updated_at"]


def test_a_comment_is_an_event_and_counts_as_a_reply(empty: Account) -> None:
    made = empty.create_ticket()
    agent_id = empty.create_user(role="agent")["id"]
    comment = empty.comment(made["id"], author_id=agent_id, body="Hello", public=True)
    assert comment in empty.truth("ticket_comments")
    assert comment["event_id"] == events_of(empty, made["id"])[-1]["id"]
    (metrics,) = empty.truth("ticket_metrics")
    assert metrics["replies"] == 1


def test_a_redacted_comment_brings_its_event_through_the_export_again(
    empty: Account,
    clock: SimulatedClock,
    start: Callable[..., Simulator],
    session: requests.Session,
) -> None:
    made = empty.create_ticket()
    comment = empty.comment(made["id"], body="my card is 4111")
    clock.advance(600)
    seen_until = empty.now_second() - 61
    empty.redact_comment(comment["id"])
    clock.advance(61)
    body = page(
        session,
        start(empty),
        "incremental/ticket_events",
        start_time=seen_until,
        include="comment_events",
    )
    (event,) = body["ticket_events"]
    assert event["id"] == comment["event_id"]
    assert event["created_at"] == comment["created_at"]
    (child,) = event["child_events"]
    assert child["id"] == comment["id"]
    assert "4111" not in str(child)


def test_a_deleted_user_stays_without_email_and_identities(account: Account) -> None:
    user = next(row for row in account.truth("users") if row["role"] == "end-user")
    account.delete_user(user["id"])
    after = by_id(account.truth("users"))[user["id"]]
    assert (after["active"], after["email"], after["permanently_deleted"]) == (False, None, False)
    assert user["id"] not in {row["user_id"] for row in account.truth("user_identities")}


def test_identities_come_and_go_and_move_their_user(
    account: Account, clock: SimulatedClock
) -> None:
    user = account.truth("users")[0]
    added = account.add_identity(user["id"], value="new@example.com")
    assert added in account.truth("user_identities")
    first = by_id(account.truth("users"))[user["id"]]["updated_at"]
    assert first > user["updated_at"]
    clock.advance(5)
    account.remove_identity(added["id"])
    assert added not in account.truth("user_identities")
    assert by_id(account.truth("users"))[user["id"]]["updated_at"] > first


def test_an_edited_user_keeps_the_fields_that_were_not_given(account: Account) -> None:
    user = account.truth("users")[0]
    after = account.edit_user(user["id"], name="Renamed", user_fields={"nickname": "Rex"})
    assert after["user_fields"] == {**user["user_fields"], "nickname": "Rex"}


def test_a_deleted_organization_stays_and_its_memberships_go(account: Account) -> None:
    organization_id = account.truth("organization_memberships")[0]["organization_id"]
    account.delete_organization(organization_id)
    assert by_id(account.truth("organizations"))[organization_id]["deleted_at"]
    left = {row["organization_id"] for row in account.truth("organization_memberships")}
    assert organization_id not in left


def test_a_rating_shows_on_its_ticket_and_changes_in_place(
    empty: Account, clock: SimulatedClock
) -> None:
    ticket_id = empty.create_ticket()["id"]
    assert ticket(empty, ticket_id)["satisfaction_rating"] is None
    empty.rate(ticket_id, "good")
    clock.advance(10)
    rating = empty.rate(ticket_id, "bad", "No answer")
    assert empty.truth("satisfaction_ratings") == [rating]
    assert rating["updated_at"] > rating["created_at"]
    assert ticket(empty, ticket_id)["satisfaction_rating"]["score"] == "bad"


def test_a_custom_field_is_added_set_renamed_and_removed(empty: Account) -> None:
    field = empty.add_ticket_field("tagger", "Colour", ["Deep red", "Blue"])
    assert [each["value"] for each in field["custom_field_options"]] == ["deep_red", "blue"]
    made = empty.create_ticket()
    assert {"id": field["id"], "value": None} in made["custom_fields"]
    empty.set_custom_field(made["id"], field["id"], "blue")
    after = ticket(empty, made["id"])
    assert {"id": field["id"], "value": "blue"} in after["custom_fields"]
    assert after["fields"] == after["custom_fields"]
    (child,) = events_of(empty, made["id"])[-1]["child_events"]
    assert child["custom_ticket_fields"] == {str(field["id"]): "blue"}
    empty.rename_ticket_field(field["id"], "Color")
    assert by_id(empty.truth("ticket_fields"))[field["id"]]["title"] == "Color"
    empty.remove_ticket_field(field["id"])
    assert field["id"] not in by_id(empty.truth("ticket_fields"))


@pytest.mark.parametrize("owner", ["user", "organization"])
def test_fields_of_people_have_keys_that_outlive_their_titles(empty: Account, owner: Any) -> None:
    field = empty.add_field(owner, "dropdown", "Shoe size", options=["S", "L"])
    assert field["key"] == "shoe_size"
    renamed = empty.rename_field(owner, field["id"], "Size of shoe")
    assert renamed["key"] == "shoe_size"
    empty.remove_field(owner, field["id"])
    assert field["id"] not in by_id(empty.truth(f"{owner}_fields"))


def test_rows_of_any_list_can_be_added_edited_and_removed(
    account: Account, clock: SimulatedClock
) -> None:
    row = account.add_row("macros", title="Say hello")
    assert by_id(account.truth("macros"))[row["id"]] == row
    clock.advance(5)
    edited = account.edit_row("macros", row["id"], title="Say goodbye")
    assert edited["updated_at"] > row["updated_at"]
    account.remove_row("macros", row["id"])
    assert row["id"] not in by_id(account.truth("macros"))


def test_an_unknown_stream_is_named(account: Account) -> None:
    with pytest.raises(KeyError, match="no stream 'ticket'"):
        account.truth("ticket")


def test_edits_from_many_threads_are_all_kept(empty: Account) -> None:
    threads = [Thread(target=lambda: [empty.create_ticket() for _ in range(10)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(by_id(empty.truth("tickets"))) == list(range(1, 81))


def test_the_truth_is_a_copy(account: Account) -> None:
    account.truth("tickets")[0]["tags"].append("mine")
    assert "mine" not in account.truth("tickets")[0]["tags"]
