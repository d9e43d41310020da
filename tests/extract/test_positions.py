"""What an answer says is no position until it can be one; what was saved wrongly is got out of."""

from __future__ import annotations

from typing import Any

import dlt
import pytest

from tests.support.scripted_zendesk import (
    SECOND,
    TIME,
    Reply,
    ScriptedZendesk,
    Seen,
    cursored,
    exported,
    ticket,
    timed,
)
from tests.support.stub import START
from tests.support.tables import stored_rows
from zendesk_source import SyncReport, sync
from zendesk_source.runs.reset import reset_stream
from zendesk_source.settings.options import ItemFormat

NOW = int(START.timestamp())
ORGANIZATIONS = "/api/v2/incremental/organizations"
TICKETS = "/api/v2/incremental/tickets/cursor"
AUDIT_LOGS = "/api/v2/audit_logs"
FIELDS = {
    "/api/v2/ticket_fields": cursored("ticket_fields", []),
    "/api/v2/organization_fields": cursored("organization_fields", []),
}


def load(
    pipeline: dlt.Pipeline, zendesk: ScriptedZendesk, *streams: str, **more: Any
) -> SyncReport:
    return sync(pipeline, zendesk.source(*streams, **more), clock=zendesk.clock)


def ids(pipeline: dlt.Pipeline, table: str) -> list[int]:
    return sorted(row["id"] for row in stored_rows(pipeline, table))


def organization(number: int, second: int = SECOND) -> dict[str, Any]:
    when = START.fromtimestamp(second, START.tzinfo).isoformat()
    return {"id": number, "name": "n", "created_at": TIME, "updated_at": when}


def organizations(*seconds: int, size: int = 2, **more: Any) -> Any:
    """Show an organization for each second, as the export does."""

    def answer(seen: Seen) -> dict[str, Any]:
        start = int(seen.params["start_time"])
        rows = [organization(n + 1, s) for n, s in enumerate(seconds) if s >= start]
        page = rows[:size]
        last = seconds[page[-1]["id"] - 1] if page else None
        is_last = len(rows) <= size
        return timed("organizations", page, end_time=last, end_of_stream=is_last, **more)

    return answer


OTHER_TIMES = [NOW * 1_000, 1e300, 2**63, True, "soon"]


@pytest.mark.parametrize(
    "end_time",
    [32_503_680_000, *(pytest.param(time, marks=pytest.mark.long) for time in OTHER_TIMES)],
)
def test_a_time_that_has_not_been_fails_the_stream_and_the_old_position_stays(
    pipeline: dlt.Pipeline, end_time: Any
) -> None:
    seconds = [SECOND + 10 * n for n in range(4)]
    routes = {**FIELDS, ORGANIZATIONS: organizations(*seconds[:2])}
    with ScriptedZendesk(routes) as zendesk:
        load(pipeline, zendesk, "organizations")
        zendesk.routes[ORGANIZATIONS] = timed(
            "organizations", [], end_time=end_time, end_of_stream=False
        )
        failed = load(pipeline, zendesk, "organizations").runs["organizations"]
        assert failed.status == "failed"
        assert "`end_time`" in failed.reason
        zendesk.routes[ORGANIZATIONS] = organizations(*seconds)
        assert load(pipeline, zendesk, "organizations").exit_code == 0
        assert ids(pipeline, "organizations") == [1, 2, 3, 4]


def test_an_odd_time_of_one_row_is_no_position_and_one_of_all_rows_fails(
    pipeline: dlt.Pipeline, item_format: ItemFormat
) -> None:
    odd = [NOW * 1_000, NOW * 1_000_000, 2**62, -1, 0]
    rows = [ticket(1), *(ticket(n + 2, generated_timestamp=time) for n, time in enumerate(odd))]
    with ScriptedZendesk({**FIELDS, TICKETS: exported("tickets", rows)}) as zendesk:
        report = load(pipeline, zendesk, "tickets", item_format=item_format)
        assert report.runs["tickets"].newest == SECOND
        assert ids(pipeline, "tickets") == [1, 2, 3, 4, 5, 6]
        in_milliseconds = [ticket(9, generated_timestamp=NOW * 1_000)]
        zendesk.routes[TICKETS] = exported("tickets", in_milliseconds, after_cursor="c2")
        failed = load(pipeline, zendesk, "tickets", item_format=item_format).runs["tickets"]
        assert failed.status == "failed"
        assert "`generated_timestamp` lies after Zendesk's own clock" in failed.reason
        zendesk.routes[TICKETS] = exported("tickets", [ticket(9)], after_cursor="c2")
        assert load(pipeline, zendesk, "tickets", item_format=item_format).exit_code == 0
        assert zendesk.asked(TICKETS)[-1].params["cursor"] == "c1"
        assert ids(pipeline, "tickets")[-1] == 9


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        pytest.param("x", marks=pytest.mark.long),
        pytest.param("Thu, 01 Jan 1970 00:00:00 GMT", marks=pytest.mark.long),
    ],
)
def test_a_clock_that_zendesk_cannot_have_is_not_believed(
    pipeline: dlt.Pipeline, date: str
) -> None:
    seconds = [SECOND + 10 * n for n in range(5)]
    shown = organizations(*seconds)
    routes = {**FIELDS, ORGANIZATIONS: lambda seen: Reply(200, shown(seen), {"Date": date})}
    with ScriptedZendesk(routes) as zendesk:
        assert load(pipeline, zendesk, "organizations").exit_code == 0
        zendesk.routes[ORGANIZATIONS] = timed("organizations", [], end_time=NOW + 86_400)
        assert load(pipeline, zendesk, "organizations").runs["organizations"].status == "failed"
        state = pipeline.state["sources"]["zendesk"]["resources"]["organizations"]
        assert state["positions"]["open"]["lanes"][0]["place"] == {"start_time": seconds[-1]}
        assert abs(state["first_read_at"] - NOW) < 100
        assert ids(pipeline, "organizations") == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "newest", [SECOND + 10, None, pytest.param(32_503_680_000, marks=pytest.mark.long)]
)
def test_a_position_that_was_saved_in_the_future_is_got_out_of(
    pipeline: dlt.Pipeline, newest: int | None
) -> None:
    seconds = [SECOND + 10 * n for n in range(4)]
    with ScriptedZendesk({**FIELDS, ORGANIZATIONS: organizations(*seconds[:2])}) as zendesk:
        load(pipeline, zendesk, "organizations")
        with pipeline.managed_state(extract_state=True) as state:
            kept = state["sources"]["zendesk"]["resources"]["organizations"]["positions"]
            (lane,) = kept["open"]["lanes"]
            lane |= {"place": {"start_time": 32_503_680_000}, "newest": newest}
        zendesk.routes[ORGANIZATIONS] = organizations(*seconds)
        run = load(pipeline, zendesk, "organizations").runs["organizations"]
        if newest == SECOND + 10:
            assert (run.status, ids(pipeline, "organizations")) == ("ok", [1, 2, 3, 4])
            assert "lay in the future" in run.reason
        else:
            assert run.status == "failed"
            assert "zendesk-source reset organizations" in run.reason
            reset_stream(pipeline, "organizations", drop_tables=False)
            assert load(pipeline, zendesk, "organizations").exit_code == 0
            assert ids(pipeline, "organizations") == [1, 2, 3, 4]


def test_a_stream_that_is_reset_loads_its_newest_rows_again(pipeline: dlt.Pipeline) -> None:
    with ScriptedZendesk({**FIELDS, ORGANIZATIONS: organizations(SECOND)}) as zendesk:
        load(pipeline, zendesk, "organizations")
        with pipeline.sql_client() as client:
            client.execute_sql("UPDATE organizations SET name = 'by hand'")
        load(pipeline, zendesk, "organizations")  # what comes again is not loaded again
        assert [row["name"] for row in stored_rows(pipeline, "organizations")] == ["by hand"]
        reset_stream(pipeline, "organizations", drop_tables=False)
        load(pipeline, zendesk, "organizations")
        assert [row["name"] for row in stored_rows(pipeline, "organizations")] == ["n"]
        state = pipeline.state["sources"]["zendesk"]["resources"]["organizations"]
        assert "first_read_at" in state


def test_what_a_list_shows_late_behind_its_newest_row_is_read(pipeline: dlt.Pipeline) -> None:
    """An entry of the audit log that shows a day late, in an account that is quiet since."""
    entries = [{"id": 1, "created_at": TIME, "action": "create"}]

    def answer(seen: Seen) -> dict[str, Any]:
        since = seen.target.split("=")[-1] if "created_at" in seen.target else ""
        asked = seen.target.partition("filter%5Bcreated_at%5D%5B%5D=")[2][:19].replace("%3A", ":")
        assert since
        return cursored("audit_logs", [e for e in entries if str(e["created_at"]) >= asked])

    with ScriptedZendesk({AUDIT_LOGS: answer}) as zendesk:
        load(pipeline, zendesk, "audit_logs")
        late = START.fromtimestamp(NOW - 86_400, START.tzinfo).strftime("%Y-%m-%dT%H:%M:%SZ")
        entries.append({"id": 2, "created_at": late, "action": "update"})
        zendesk.clock.sleep(3_600)
        load(pipeline, zendesk, "audit_logs")
        assert ids(pipeline, "audit_logs") == [1, 2]
