"""Who may see what, how often, and with which token (reference A.3, A.4, D)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from zendesk_source.simulator import Account, RateLimits, SimulatedClock, Simulator

Start = Callable[..., Simulator]
TICKETS = "/api/v2/incremental/tickets/cursor.json?start_time=0&per_page=1"
USERS = "/api/v2/incremental/users/cursor.json?start_time=0&per_page=1"
GROUPS = "/api/v2/groups.json?page[size]=1"
ME = "/api/v2/users/me.json"
CLIENT = {"client_id": "client", "client_secret": "secret"}


def get(zendesk: Simulator, path: str, **options: Any) -> requests.Response:
    return requests.get(zendesk.base_url + path, timeout=10, **options)


def token(zendesk: Simulator, **wish: Any) -> requests.Response:
    return requests.post(f"{zendesk.base_url}/oauth/tokens", json=wish, timeout=10)


def bearer(access_token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {access_token}"}}


def test_without_credentials_everything_is_401_but_me_who_is_anonymous(
    zendesk: Simulator,
) -> None:
    answer = get(zendesk, GROUPS)
    assert answer.status_code == 401
    assert answer.json() == {"error": "Couldn't authenticate you"}
    me = get(zendesk, ME)
    assert me.status_code == 200
    assert me.json()["user"]["id"] is None


def test_a_password_makes_an_anonymous_caller(zendesk: Simulator) -> None:
    password = ("agent@example.com", "token")
    assert get(zendesk, GROUPS, auth=password).status_code == 401
    assert get(zendesk, ME, auth=password).json()["user"]["id"] is None


@pytest.mark.parametrize("path", [GROUPS, ME])
def test_a_wrong_api_token_is_401_everywhere(zendesk: Simulator, path: str) -> None:
    assert get(zendesk, path, auth=("agent@example.com/token", "wrong")).status_code == 401


def test_a_good_api_token_is_an_admin(zendesk: Simulator, session: requests.Session) -> None:
    me = session.get(zendesk.base_url + ME).json()["user"]
    assert me["id"]
    assert me["role"] == "admin"


def test_a_static_bearer_token_is_good_for_ever(
    account: Account, clock: SimulatedClock, start: Start
) -> None:
    zendesk = start(account, oauth_token="static")
    clock.advance(10**7)
    assert get(zendesk, GROUPS, **bearer("static")).status_code == 200
    answer = get(zendesk, GROUPS, **bearer("other"))
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_token"


def test_client_credentials_give_a_token_that_expires_by_the_clock(
    zendesk: Simulator, clock: SimulatedClock
) -> None:
    grant = {"grant_type": "client_credentials", "scope": "read", "expires_in": 600}
    answer = token(zendesk, **CLIENT, **grant).json()
    assert answer["expires_in"] == 600
    assert answer["token_type"] == "bearer"
    assert "refresh_token" not in answer
    assert get(zendesk, GROUPS, **bearer(answer["access_token"])).status_code == 200
    clock.advance(600)
    expired = get(zendesk, GROUPS, **bearer(answer["access_token"]))
    assert expired.status_code == 401
    assert expired.json()["error"] == "invalid_token"


def test_a_refresh_rotates_both_tokens_and_kills_the_old_pair(zendesk: Simulator) -> None:
    wish = {**CLIENT, "grant_type": "refresh_token"}
    first = token(zendesk, **wish, refresh_token=zendesk.issue_refresh_token()).json()
    second = token(zendesk, **wish, refresh_token=first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert get(zendesk, GROUPS, **bearer(second["access_token"])).status_code == 200
    assert get(zendesk, GROUPS, **bearer(first["access_token"])).status_code == 401
    reused = token(zendesk, **wish, refresh_token=first["refresh_token"])
    assert reused.status_code == 400
    assert reused.json()["error"] == "invalid_grant"


def test_a_refresh_token_expires(zendesk: Simulator, clock: SimulatedClock) -> None:
    refresh_token = zendesk.issue_refresh_token()
    clock.advance(2_592_000)
    wish = {**CLIENT, "grant_type": "refresh_token", "refresh_token": refresh_token}
    assert token(zendesk, **wish).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("wish", "status", "error"),
    [
        ({**CLIENT, "client_secret": "wrong"}, 401, "invalid_client"),
        ({**CLIENT, "grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_bad_wish_for_a_token_is_refused(
    zendesk: Simulator, wish: dict[str, str], status: int, error: str
) -> None:
    answer = token(zendesk, **{"grant_type": "client_credentials", **wish})
    assert answer.status_code == status
    assert answer.json()["error"] == error


def test_tokens_are_asked_for_in_json(zendesk: Simulator) -> None:
    answer = requests.post(f"{zendesk.base_url}/oauth/tokens", data=CLIENT, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, {"title": "Forbidden", "message": "You do not have access to this page. Please contact "
                    "the account owner of this help desk for further help."}),
     (404, "InvalidEndpoint")],
)  # fmt: skip
def test_a_refused_stream_answers_as_documented_until_it_is_allowed(
    zendesk: Simulator, session: requests.Session, status: Any, error: object
) -> None:
    zendesk.refuse("sla_policies", status)
    url = f"{zendesk.base_url}/api/v2/slas/policies.json"
    answer = session.get(url)
    assert answer.status_code == status
    assert answer.json()["error"] == error
    zendesk.allow("sla_policies")
    assert session.get(url).status_code == 200


def test_only_streams_that_exist_can_be_refused(zendesk: Simulator) -> None:
    with pytest.raises(KeyError, match="no stream 'sla'"):
        zendesk.refuse("sla")


def test_exports_share_ten_requests_a_minute(
    account: Account, start: Start, session: requests.Session, clock: SimulatedClock
) -> None:
    zendesk = start(account, rate_limits=RateLimits.plan("team"))
    clock.advance(20)
    answers = [session.get(zendesk.base_url + TICKETS) for _ in range(11)]
    assert [each.status_code for each in answers] == [200] * 10 + [429]
    first, refused = answers[0], answers[-1]
    header = "Zendesk-RateLimit-incremental-exports"
    assert first.headers[header] == "total=10; remaining=9; resets=40"
    assert refused.headers["Retry-After"] == "40"
    assert refused.json()["error"] == "APIRateLimitExceeded"
    events = "/api/v2/incremental/ticket_events.json?start_time=0"
    assert session.get(zendesk.base_url + events).status_code == 429
    assert session.get(zendesk.base_url + USERS).status_code == 200
    clock.advance(40)
    assert session.get(zendesk.base_url + TICKETS).status_code == 200


@pytest.mark.parametrize(("high_volume", "allowed"), [(False, 20), (True, 60)])
def test_the_users_cursor_has_a_bucket_of_its_own(
    account: Account, start: Start, session: requests.Session, high_volume: bool, allowed: int
) -> None:
    limits = RateLimits.plan("enterprise", high_volume=high_volume)
    zendesk = start(account, rate_limits=limits)
    codes = [session.get(zendesk.base_url + USERS).status_code for _ in range(allowed + 1)]
    assert codes == [200] * allowed + [429]


def test_the_account_limit_answers_in_plain_text(
    account: Account, start: Start, session: requests.Session
) -> None:
    zendesk = start(account, rate_limits=RateLimits(account=2))
    answers = [session.get(zendesk.base_url + GROUPS) for _ in range(3)]
    assert [each.headers["X-Rate-Limit-Remaining"] for each in answers] == ["1", "0", "0"]
    assert answers[-1].status_code == 429
    assert answers[-1].text == "Number of allowed API requests per minute exceeded"
    assert answers[-1].headers["Content-Type"].startswith("text/plain")
    assert answers[-1].headers["Retry-After"] == "60"


def test_a_429_may_come_without_retry_after(
    account: Account, start: Start, session: requests.Session
) -> None:
    limits = RateLimits(account=0, retry_after=False)
    answer = session.get(start(account, rate_limits=limits).base_url + GROUPS)
    assert answer.status_code == 429
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    ("style", "names"),
    [
        ("2023", ["rate-limit", "rate-limit-remaining", "rate-limit-reset"]),
        ("2024", ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]),
    ],
)
def test_headers_come_in_the_spelling_of_their_year(
    account: Account, start: Start, session: requests.Session, style: str, names: list[str]
) -> None:
    zendesk = start(account, rate_limits=RateLimits.plan("enterprise"), header_style=style)
    headers = session.get(zendesk.base_url + TICKETS).headers
    assert [headers[name] for name in names] == ["700", "699", "60"]
    assert (headers["X-Rate-Limit"], headers["X-Rate-Limit-Remaining"]) == ("700", "699")
    word = "Zendesk-RateLimit" if style == "2024" else "zendesk-rate-limit"
    assert f"{word}-incremental-exports" in headers


def test_without_limits_there_are_no_headers_about_them(
    zendesk: Simulator, session: requests.Session
) -> None:
    headers = session.get(zendesk.base_url + TICKETS).headers
    assert not [name for name in headers if "limit" in name.lower()]


def test_the_date_is_the_clock_s(zendesk: Simulator, session: requests.Session) -> None:
    headers = session.get(zendesk.base_url + GROUPS).headers
    assert headers["Date"] == "Thu, 15 Jan 2026 12:00:00 GMT"
