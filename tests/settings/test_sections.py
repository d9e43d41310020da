"""Several accounts: a section of settings and a dataset each."""

from __future__ import annotations

from contextlib import ExitStack

import dlt
import pytest

from zendesk_source import ConfigurationError, sync, zendesk_source
from zendesk_source.simulator import Account, RateLimits, SimulatedClock, Simulator


@pytest.mark.long
def test_a_source_of_each_account_reads_its_own_section(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = {
        name: Account.generate(
            seed, tickets=5 + seed, users=3, organizations=1, clock=SimulatedClock()
        )
        for seed, name in enumerate(("emea", "apac"), 1)
    }
    with ExitStack() as running:
        for name, account in accounts.items():
            zendesk = running.enter_context(
                Simulator(account, rate_limits=RateLimits.off(), oauth_token=f"of-{name}")
            )
            prefix = f"SOURCES__ZENDESK_{name.upper()}__CREDENTIALS__"
            monkeypatch.setenv(f"{prefix}SUBDOMAIN", name)
            monkeypatch.setenv(f"{prefix}OAUTH_TOKEN", f"of-{name}")
            monkeypatch.setenv(f"{prefix}BASE_URL", zendesk.base_url)
        for name, account in accounts.items():
            source = zendesk_source.clone(name=f"zendesk_{name}", section=f"zendesk_{name}")
            pipeline = dlt.pipeline(name, destination="duckdb", dataset_name=f"{name}_data")
            report = sync(pipeline, source().with_resources("tickets"))
            assert report.runs["tickets"].rows["tickets"] == len(account.truth("tickets"))
        other = zendesk_source.clone(name="zendesk_emea", section="zendesk_apac")
        into_emea = dlt.pipeline("emea", destination="duckdb", dataset_name="emea_data")
        with pytest.raises(ConfigurationError, match="holds the account emea"):
            sync(into_emea, other().with_resources("tickets"))
