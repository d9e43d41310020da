"""What goes wrong on demand goes wrong on the wire."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
import requests

from zendesk_source.simulator import Account, Fault, SimulatedClock, Simulator

TICKETS = "/api/v2/incremental/tickets/cursor.json?start_time=0"
GROUPS = "/api/v2/groups.json"
Start = Callable[..., Simulator]


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [
        (Fault.RATE_LIMITED, 429, "30"),
        (Fault.RATE_LIMITED_WITHOUT_RETRY_AFTER, 429, None),
        (Fault.CONFLICT, 409, None),
        (Fault.SERVER_ERROR, 500, None),
        (Fault.BAD_GATEWAY, 502, None),
        (Fault.UNAVAILABLE, 503, "30"),
        (Fault.UNAVAILABLE_WITHOUT_RETRY_AFTER, 503, None),
        (Fault.GATEWAY_TIMEOUT, 504, None),
    ],
)
def test_a_fault_answers_once_and_then_all_is_well(
    zendesk: Simulator,
    session: requests.Session,
    fault: Fault,
    status: int,
    retry_after: str | None,
) -> None:
    zendesk.fail_next(fault)
    answer = session.get(zendesk.base_url + GROUPS)
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == retry_after
    assert session.get(zendesk.base_url + GROUPS).status_code == 200
    assert [each.status for each in zendesk.requests] == [status, 200]


def test_a_fault_can_wait_for_one_stream_and_come_several_times(
    zendesk: Simulator, session: requests.Session
) -> None:
    zendesk.fail_next(Fault.SERVER_ERROR, stream="tickets", times=2, skip=1)
    paths = [GROUPS, TICKETS, TICKETS, GROUPS, TICKETS, TICKETS]
    codes = [session.get(zendesk.base_url + path).status_code for path in paths]
    assert codes == [200, 200, 500, 200, 500, 200]


def test_a_reset_connection_has_no_answer(zendesk: Simulator, session: requests.Session) -> None:
    zendesk.fail_next(Fault.RESET)
    with pytest.raises(requests.ConnectionError):
        session.get(zendesk.base_url + TICKETS)
    assert zendesk.requests[-1].status == 0
    assert session.get(zendesk.base_url + TICKETS).status_code == 200


def test_a_truncated_body_ends_before_its_length(
    zendesk: Simulator, session: requests.Session
) -> None:
    zendesk.fail_next(Fault.TRUNCATED)
    with pytest.raises(requests.exceptions.RequestException):
        session.get(zendesk.base_url + TICKETS)


def test_cut_json_has_the_right_length_and_cannot_be_read(
    zendesk: Simulator, session: requests.Session
) -> None:
    zendesk.fail_next(Fault.CUT_JSON)
    answer = session.get(zendesk.base_url + TICKETS, headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.content)


def test_an_html_page_may_come_with_200(zendesk: Simulator, session: requests.Session) -> None:
    zendesk.fail_next(Fault.HTML)
    answer = session.get(zendesk.base_url + TICKETS)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_slow_answer_takes_time_on_the_clock_alone(
    zendesk: Simulator, session: requests.Session, clock: SimulatedClock
) -> None:
    zendesk.fail_next(Fault.SLOW)
    assert session.get(zendesk.base_url + TICKETS).status_code == 200
    assert clock.slept_seconds == 90


def test_pages_that_are_too_large_time_out_until_they_are_smaller(
    zendesk: Simulator, session: requests.Session
) -> None:
    zendesk.time_out_above(20, "tickets")
    codes = [
        session.get(f"{zendesk.base_url}{TICKETS}{size}").status_code
        for size in ("", "&per_page=21", "&per_page=20")
    ]
    assert codes == [504, 504, 200]


def test_random_faults_are_the_same_for_a_seed(
    account: Account, start: Start, session: requests.Session
) -> None:
    def codes(seed: int) -> list[int]:
        zendesk = start(account)
        zendesk.fault_rate(0.5, seed)
        for _ in range(30):
            with contextlib.suppress(requests.RequestException):
                session.get(zendesk.base_url + GROUPS)
        return [each.status for each in zendesk.requests]

    assert codes(1) == codes(1) != codes(2)
    assert len(set(codes(1))) > 3


def test_each_page_takes_the_latency_on_the_clock(
    account: Account, start: Start, session: requests.Session, clock: SimulatedClock
) -> None:
    zendesk = start(account, latency_seconds=2.5)
    session.get(zendesk.base_url + TICKETS)
    session.get(zendesk.base_url + GROUPS)
    assert clock.slept_seconds == 5


def test_answers_are_gzipped_for_those_who_ask(
    zendesk: Simulator, session: requests.Session
) -> None:
    url = zendesk.base_url + TICKETS
    packed = session.get(url, headers={"Accept-Encoding": "gzip"})
    plain = session.get(url, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content


def test_a_stopped_simulator_answers_no_more(account: Account, session: requests.Session) -> None:
    zendesk = Simulator(account)
    with zendesk:
        assert session.get(zendesk.base_url + GROUPS).status_code == 200
    with pytest.raises(requests.ConnectionError):
        session.get(zendesk.base_url + GROUPS)


def test_what_a_callback_raises_comes_out_where_the_simulator_ends(
    account: Account, session: requests.Session
) -> None:
    def fail(request: object) -> None:
        raise RuntimeError("a bug in a test")

    def meet_it() -> None:
        with Simulator(account) as zendesk:
            zendesk.before_answer(fail)
            assert session.get(zendesk.base_url + GROUPS).status_code == 500

    with pytest.raises(RuntimeError, match="a bug in a test"):
        meet_it()


def test_requests_are_remembered_with_their_stream_and_query(
    zendesk: Simulator, session: requests.Session
) -> None:
    session.get(f"{zendesk.base_url}{GROUPS}?page[size]=5")
    (seen,) = zendesk.requests
    assert (seen.method, seen.path, seen.query) == ("GET", GROUPS, {"page[size]": "5"})
    assert (seen.status, seen.stream) == (200, "groups")
    zendesk.forget_requests()
    assert zendesk.requests == []


def test_an_answer_can_be_altered_and_sent_as_bytes_of_ones_own(
    zendesk: Simulator, session: requests.Session
) -> None:
    zendesk.alter_answers(lambda request, answer: replace(answer, status=418, body=b"tea"))
    answer = session.get(zendesk.base_url + GROUPS)
    assert (answer.status_code, answer.content) == (418, b"tea")
    zendesk.leave_answers_alone()
    zendesk.alter_answers(lambda request, answer: replace(answer, wire=b"garbage\r\n\r\n"))
    with pytest.raises(requests.ConnectionError):
        session.get(zendesk.base_url + GROUPS)
    zendesk.leave_answers_alone()
    assert session.get(zendesk.base_url + GROUPS).status_code == 200
