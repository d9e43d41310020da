"""Chat as it is told of: ids alone without ``fields``, inclusive ids, microseconds, bare lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from zendesk_source.simulator import Account, RateLimits, SimulatedClock, Simulator

Get = Callable[..., requests.Response]

EXPORT = "chat/incremental/chats"
EXPANDED = {"fields": "chats(*)"}


@pytest.fixture
def get(zendesk: Simulator, session: requests.Session) -> Get:
    def get_path(path: str, **params: Any) -> requests.Response:
        return session.get(f"{zendesk.base_url}/api/v2/{path}", params=params)

    return get_path


def test_an_export_shows_ids_unless_fields_are_asked_for(account: Account, get: Get):
    bare = get(EXPORT, limit=2).json()
    assert [list(row) for row in bare["chats"]] == [["id"], ["id"]]
    full = get(EXPORT, limit=2, **EXPANDED).json()
    assert (
        full["chats"]
        == sorted(
            account.truth("chat_chats"), key=lambda chat: (chat["update_timestamp"], chat["id"])
        )[:2]
    )
    assert full["count"] == 2


def test_the_last_row_of_a_page_begins_the_next(
    account: Account, get: Get, session: requests.Session
):
    moment = account.truth("chat_chats")[0]["update_timestamp"]
    for chat in account.truth("chat_chats"):
        account.load_rows("chat_chats", [{**chat, "update_timestamp": moment}])
    seen: list[str] = []
    body = get(EXPORT, limit=7, **EXPANDED).json()
    while body["count"] == 7:
        seen += [chat["id"] for chat in body["chats"]]
        body = session.get(body["next_page"]).json()
        assert body["chats"][0]["id"] == seen[-1]
    seen += [chat["id"] for chat in body["chats"]]
    assert sorted(set(seen)) == sorted(chat["id"] for chat in account.truth("chat_chats"))


def test_the_timeline_counts_in_microseconds_and_has_no_ids(account: Account, get: Get):
    path, fields = "chat/incremental/agent_timeline", "agent_timeline(*)"
    first = get(path, fields=fields, limit=3).json()
    assert "end_id" not in first
    assert first["end_time"] % 1_000_000 == 301_292
    then = get(path, fields=fields, start_time=first["end_time"], limit=3).json()
    assert then["agent_timeline"][0] == first["agent_timeline"][-1]
    later = get(path, fields=fields, start_time=first["end_time"] + 1, limit=3).json()
    assert later["agent_timeline"][0] == then["agent_timeline"][1]


def test_a_start_of_the_last_five_minutes_is_refused(clock: SimulatedClock, get: Get):
    now = int(clock.now().timestamp())
    assert get(EXPORT, start_time=now - 299).status_code == 400
    assert get(EXPORT, start_time=now - 300).status_code == 200
    assert get("chat/incremental/agent_timeline", start_time=(now - 299) * 10**6).status_code == 400


def test_lists_have_no_envelope_and_bans_have_two(account: Account, get: Get):
    assert get("chat/departments").json() == account.truth("chat_departments")
    agents = account.truth("chat_agents")
    assert get("chat/agents").json() == agents[:100]
    assert get("chat/agents", since_id=agents[-1]["id"]).json() == agents[-1:]
    account.add_row("chat_bans", type="visitor", visitor_id="1.2")
    bans = get("chat/bans").json()
    assert [len(bans["visitor"]), len(bans["ip_address"])] == [1, 3]


def test_chat_counts_apart_from_the_rest(
    account: Account, start: Callable[..., Simulator], session: requests.Session
):
    zendesk = start(account, rate_limits=RateLimits(account=2, buckets={"chat": 3}))
    skills = f"{zendesk.base_url}/api/v2/chat/skills"
    assert [session.get(skills).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert session.get(f"{zendesk.base_url}/api/v2/groups.json").status_code == 200
    assert "X-Rate-Limit" not in session.get(skills).headers


def test_chat_may_want_a_token_of_its_own(
    account: Account, start: Callable[..., Simulator], session: requests.Session
):
    zendesk = start(account, chat_token="of-chat")
    skills = f"{zendesk.base_url}/api/v2/chat/skills"
    assert session.get(skills).status_code == 401
    good = requests.get(skills, headers={"Authorization": "Bearer of-chat"}, timeout=5)
    assert good.status_code == 200
