"""A whole sync with a login that rotates, expires, or may read too little."""

from __future__ import annotations

from pathlib import Path

import dlt
import pytest

from tests.login.conftest import CLIENT
from tests.support.simulated import duckdb_pipeline
from zendesk_source import ServerUnavailable, sync, zendesk_support
from zendesk_source.login.token_file import TokenFile
from zendesk_source.settings.dlt_credentials import ZendeskOAuthClient, ZendeskRefreshToken
from zendesk_source.simulator import SimulatedClock, Simulator

DAY = 86_400


def pipeline() -> dlt.Pipeline:
    return duckdb_pipeline()


def source(zendesk: Simulator, clock: SimulatedClock, *streams: str, **fields: str):
    login = ZendeskRefreshToken(subdomain="acme", base_url=zendesk.base_url, **fields)
    login.client_id, login.client_secret = CLIENT["client_id"], CLIENT["client_secret"]
    return zendesk_support(login, clock=clock).with_resources(*streams)


def test_a_login_that_expires_in_mid_sync_is_renewed_and_every_stream_is_read(
    zendesk: Simulator, clock: SimulatedClock, stored: TokenFile, path: Path
) -> None:
    days = iter([3, 3])
    zendesk.before_answer(lambda request: clock.advance(next(days, 0) * DAY))
    streams = ("groups", "brands", "ticket_fields", "ticket_forms")
    report = sync(pipeline(), source(zendesk, clock, *streams, token_file=str(path)), clock=clock)
    assert {name: run.status for name, run in report.runs.items()} == dict.fromkeys(streams, "ok")
    assert zendesk.credentials.refreshes == 2
    kept = stored.read()
    assert kept is not None
    assert kept.access_token in zendesk.credentials.tokens()


def test_a_scope_that_covers_one_stream_skips_the_other_and_names_the_scope(
    zendesk: Simulator, clock: SimulatedClock, path: Path
) -> None:
    narrow = zendesk.credentials.issue_refresh_token(scope="tickets:read")
    login = source(zendesk, clock, "groups", "tickets", refresh_token=narrow, token_file=str(path))
    report = sync(pipeline(), login, clock=clock)
    assert report.exit_code == 5
    assert report.runs["tickets"].status == "ok"
    assert report.runs["groups"].status == "skipped"
    assert "`read` covers everything" in report.runs["groups"].reason


def test_a_token_endpoint_that_does_not_answer_is_told_before_anything_is_loaded(
    own_dlt: Path,
) -> None:
    clock = SimulatedClock()
    credentials = ZendeskOAuthClient(
        subdomain="acme", client_id="a", client_secret="b", base_url="http://127.0.0.1:9"
    )
    told: list[str] = []
    with pytest.raises(ServerUnavailable, match=r"127.0.0.1:9 refuses connections"):
        sync(
            pipeline(),
            zendesk_support(credentials, clock=clock).with_resources("groups"),
            clock=clock,
            on_wait=lambda reason, seconds: told.append(reason),
        )
    assert len(told) == 2
    assert all(reason.startswith("/oauth/tokens: ConnectionError: 127.0.0.1:9") for reason in told)
    assert list(own_dlt.glob("*.duckdb")) == []
