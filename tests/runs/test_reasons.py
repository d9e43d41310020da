"""What is to be said of many streams is said once."""

from __future__ import annotations

from zendesk_source.runs.reasons import MOST_NAMED, lines_of

ADMIN = "Use an admin, or a scope that covers it."


def refused(name: str, answer: str = "403 Forbidden", remedy: str = ADMIN) -> tuple[str, str, str]:
    return name, "skipped", f"{name} (/api/v2/{name}.json) answered {answer}. {remedy}"


def test_streams_with_one_reason_share_a_line() -> None:
    other = refused("talk_calls", "404 InvalidEndpoint", "The account lacks the feature or plan.")
    told = [refused("tags"), other, refused("views")]
    assert lines_of(told, was_any_read=True) == [
        f"skipped: tags, views: answered 403 Forbidden. {ADMIN}",
        f"skipped: talk_calls: {other[2]}",
    ]


def test_of_many_streams_some_are_named() -> None:
    told = [refused(f"stream_{i}") for i in range(MOST_NAMED + 5)]
    (line,) = lines_of(told, was_any_read=True)
    assert "stream_11 and 5 more: answered 403" in line


def test_where_all_streams_are_refused_it_is_not_put_down_to_a_role() -> None:
    told = [refused("tags", "403"), refused("views", "403 SupportProductInactive")]
    (line,) = lines_of(told, was_any_read=False)
    assert line.startswith("skipped: tags, views: nothing at all may be read")
    assert "403 SupportProductInactive" in line
    assert "allow-list" in line
    assert ADMIN not in line


def test_a_plan_that_lacks_all_of_few_streams_is_not_put_down_to_the_network() -> None:
    lacks = "The account lacks the feature or plan."
    told = [refused(name, "404", lacks) for name in ("talk_calls", "talk_lines")]
    assert lines_of(told, was_any_read=False) == [
        f"skipped: talk_calls, talk_lines: answered 404. {lacks}"
    ]


def test_notes_of_streams_that_were_read_stay_a_line_each() -> None:
    told = [(name, "incomplete", "1 row is kept aside.") for name in ("users", "groups")]
    assert lines_of(told, was_any_read=True) == [
        "incomplete: users: 1 row is kept aside.",
        "incomplete: groups: 1 row is kept aside.",
    ]
