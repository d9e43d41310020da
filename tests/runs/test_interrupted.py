"""A signal that is heard while dlt reads a source for us leaves nothing of dlt's behind."""

from __future__ import annotations

from typing import Any

import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.config_section_context import ConfigSectionContext
from dlt.common.exceptions import SignalReceivedException
from dlt.common.pipeline import StateInjectableContext

from tests.support.simulated import duckdb_pipeline, source_of
from tests.support.tables import assert_table_equals
from zendesk_source import sync
from zendesk_source.resources import greeting


@pytest.mark.parametrize("where", ["whoami", "claim_dataset"], ids=["greeting", "asking"])
def test_a_signal_leaves_nothing_set_and_the_next_sync_goes_on(
    account, zendesk, monkeypatch, where
):
    pipeline = duckdb_pipeline()
    sync(pipeline, source_of(zendesk, "groups"), clock=account.clock)
    before = contexts()

    def interrupted(*_: Any) -> None:
        raise SignalReceivedException(2)

    with monkeypatch.context() as signal:
        signal.setattr(greeting, where, interrupted)
        with pytest.raises(SignalReceivedException) as caught:
            sync(pipeline, source_of(zendesk, "groups"), clock=account.clock)
    assert caught.value.signal_code == 2
    assert contexts() == before
    account.clock.advance(600)
    sync(pipeline, source_of(zendesk, "groups", "users"), clock=account.clock)
    assert_table_equals(pipeline, "users", account.truth("users"))


def contexts() -> list[Any]:
    """Return what dlt has set for a source in this thread."""
    specs: tuple[Any, ...] = (ConfigSectionContext, StateInjectableContext)
    return [Container()[spec] for spec in specs if spec in Container()]
