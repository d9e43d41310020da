"""A sync goes on from what the destination holds, whatever the working folder remembers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import dlt
import pytest

from tests.support.simulated import source_of
from tests.support.tables import assert_table_equals
from zendesk_source import ConfigurationError, LoadFailed, SyncReport, sync, zendesk_support
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.simulator import Account, Simulator

pytestmark = pytest.mark.long

Load = Callable[..., SyncReport]


@pytest.fixture
def account() -> Account:
    return Account.generate(tickets=60, users=30, organizations=5)


def pipeline_into(file: str) -> dlt.Pipeline:
    return dlt.pipeline(
        "zendesk", destination=dlt.destinations.duckdb(file), dataset_name="zendesk_data"
    )


@pytest.fixture
def load(zendesk: Simulator) -> Load:
    def load(file: str, subdomain: str = "acme") -> SyncReport:
        return sync(pipeline_into(file), source_of(zendesk, "tickets", subdomain=subdomain))

    return load


def a_new_ticket(account: Account) -> None:
    account.clock.advance(600)
    account.create_ticket(subject="new")
    account.clock.advance(600)


def assert_complete(file: str, account: Account) -> None:
    assert_table_equals(pipeline_into(file), "tickets", account.truth("tickets"))


def test_a_file_put_back_from_a_backup_gets_what_was_loaded_since(load: Load, account) -> None:
    load("a.duckdb")
    shutil.copy("a.duckdb", "backup.duckdb")
    for _ in range(2):
        a_new_ticket(account)
        load("a.duckdb")
    shutil.move("backup.duckdb", "a.duckdb")
    load("a.duckdb")
    assert_complete("a.duckdb", account)


def test_two_files_by_turns_are_both_complete(load: Load, account) -> None:
    for file in ("a.duckdb", "b.duckdb", "b.duckdb", "b.duckdb", "a.duckdb"):
        a_new_ticket(account)
        load(file)
        assert_complete(file, account)


def test_a_package_for_one_file_is_not_loaded_into_another(
    load: Load, account, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("a.duckdb")
    load("b.duckdb")
    load("a.duckdb")
    for _ in range(3):
        a_new_ticket(account)
    with monkeypatch.context() as patched:
        patched.setattr("dlt.load.load.Load.load_single_package", _crash)
        with pytest.raises(LoadFailed):
            load("a.duckdb")
    a_new_ticket(account)
    load("b.duckdb")
    assert_complete("b.duckdb", account)
    load("a.duckdb")
    assert_complete("a.duckdb", account)


def test_a_package_that_waits_is_loaded_and_not_read_again(
    load: Load, account, zendesk: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("a.duckdb")
    a_new_ticket(account)
    with monkeypatch.context() as patched:
        patched.setattr("dlt.load.load.Load.load_single_package", _crash)
        with pytest.raises(LoadFailed):
            load("a.duckdb")
    report = load("a.duckdb")
    assert report.runs["tickets"].rows.get("tickets", 0) <= 1
    assert_complete("a.duckdb", account)


def test_the_working_folder_is_kept_when_nothing_differs(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("a.duckdb")
    monkeypatch.setattr(dlt.Pipeline, "drop", _crash)
    load("a.duckdb")


def test_another_account_is_not_mixed_into_the_dataset(load: Load, account) -> None:
    load("a.duckdb")
    with pytest.raises(ConfigurationError, match="holds the account acme"):
        load("a.duckdb", subdomain="other")
    load("b.duckdb", subdomain="other")
    assert_complete("a.duckdb", account)


def test_wrong_credentials_leave_no_file(zendesk: Simulator) -> None:
    credentials = ZendeskOAuthToken()
    credentials.subdomain, credentials.oauth_token = "acme", "wrong"
    credentials.base_url = zendesk.base_url
    with pytest.raises(Exception, match="401"):
        sync(pipeline_into("a.duckdb"), zendesk_support(credentials))
    assert not Path("a.duckdb").exists()


def _crash(*args: object, **kwargs: object) -> None:
    raise OSError("the machine lost power")
