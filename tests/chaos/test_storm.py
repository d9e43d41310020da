"""The short version of `make chaos`, and two syncs of one pipeline at once."""

from __future__ import annotations

import multiprocessing

import pytest

from tests.chaos.child import TOKEN, Order, run
from tests.chaos.storm import Storm
from tests.support.own_process import pipeline_in
from tests.support.tables import assert_table_equals
from zendesk_source import sync, zendesk_support
from zendesk_source.errors import ConfigurationError
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.simulator import Account, Simulator
from zendesk_source.simulator.clock import TimeScaledClock

pytestmark = pytest.mark.long


def test_ten_kills_lose_nothing_and_double_nothing(tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    verdict = Storm(folder, seed=5, tickets=200, say=lambda line: None).blow(kills=10)
    assert verdict.differences == []
    assert set(verdict.exits) <= {0, 5}
    assert verdict.requests <= verdict.allowed


def test_six_kills_lose_nothing_where_lists_are_read(tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    storm = Storm(folder, seed=4, tickets=250, say=lambda line: None, has_exports=False)
    verdict = storm.blow(kills=6)
    assert verdict.differences == []
    assert set(verdict.exits) <= {0, 5}


def test_a_second_sync_of_a_pipeline_stops_or_waits(tmp_path):
    clock = TimeScaledClock(200.0)
    account = Account.generate(seed=3, tickets=100, users=30, organizations=5, clock=clock)
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.chaos.child"])
    ours, theirs = processes.Pipe(duplex=False)
    with Simulator(account, oauth_token=TOKEN) as zendesk:
        order = Order(tmp_path, zendesk.base_url, clock.now(), 200.0)
        other = processes.Process(target=run, args=(order, theirs), daemon=True)
        other.start()
        assert ours.poll(60)
        assert ours.recv() == "extract begins"
        credentials = ZendeskOAuthToken()
        credentials.subdomain, credentials.oauth_token = "acme", TOKEN
        credentials.base_url = zendesk.base_url
        source = zendesk_support(credentials, clock=clock).with_resources("tickets")
        pipeline = pipeline_in(tmp_path, "chaos")
        with pytest.raises(ConfigurationError, match="Another sync of pipeline 'chaos' is running"):
            sync(pipeline, source, clock=clock)
        report = sync(pipeline, source, clock=clock, wait_for_other=True)
        other.join(60)
    assert other.exitcode == 0
    assert report.exit_code == 0
    assert_table_equals(pipeline, "tickets", account.truth("tickets"))
