"""What one round leaves for the next does not outlive the log-in, nor an hour."""

from __future__ import annotations

from datetime import timedelta

import dlt
from dlt.extract import DltSource

from tests.support.brands import Brands
from tests.support.rounds import rounds_of
from tests.support.simulated import TOKEN, served, source_of
from zendesk_source.continuous.figures import Figures
from zendesk_source.continuous.rounds import Round
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.simulator import Account


def small_account() -> Account:
    return Account.generate(seed=6, tickets=5, users=5, organizations=1)


def test_a_token_that_was_replaced_lets_help_centers_be_read_again(pipeline: dlt.Pipeline) -> None:
    token = [TOKEN]
    with served(small_account()) as zendesk:

        def make_source() -> DltSource:
            login = ZendeskOAuthToken(oauth_token=token[0])
            return source_of(zendesk, "tickets", "hc_articles", credentials=login)

        def between(done: Round) -> None:
            if done.number == 1:
                token[0] = zendesk.credentials.oauth_token = "another-token"

        rounds = rounds_of(pipeline, zendesk, count=8, between=between, make_source=make_source)
    assert [each.is_good for each in rounds].count(False) == 1
    assert rounds[-1].is_good


def test_a_help_center_that_opens_later_is_read_though_no_list_is(pipeline: dlt.Pipeline) -> None:
    account = Account.generate(seed=5, tickets=20, users=12, organizations=2)
    with served(account) as zendesk:
        brands = Brands(zendesk)

        def between(done: Round) -> None:
            if done.number == 1:
                brands.open_second()
            account.clock.advance(3600 * 5)

        rounds_of(pipeline, zendesk, "tickets", "hc_articles", count=4, between=between)
        brands.pipeline = pipeline
        brands.assert_complete("hc_articles")


def test_lists_alone_are_healthy_between_their_rounds(pipeline: dlt.Pipeline) -> None:
    account = small_account()
    statuses = []
    with served(account) as zendesk:
        figures = Figures(account.clock.now(), 60)

        def between(done: Round) -> None:
            figures.count_round(done)
            shown = figures.snapshot()
            assert shown.next_round_at is not None
            statuses.append(shown.status(shown.next_round_at - timedelta(seconds=1)))

        rounds_of(pipeline, zendesk, "groups", "brands", count=2, between=between)
    assert set(statuses) == {"ok"}
