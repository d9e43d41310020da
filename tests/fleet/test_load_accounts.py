"""Many accounts in threads of one process."""

from __future__ import annotations

from tests.support.many_accounts import accounts_file, accounts_served, stored_ids
from zendesk_source import load_accounts


def test_accounts_are_loaded_side_by_side_each_into_its_own_place(tmp_path):
    names = [f"a{number}" for number in range(6)]
    with accounts_served(names) as simulators:
        file = accounts_file(tmp_path / "accounts.toml", simulators, 'streams = ["tickets"]')
        report = load_accounts(file, threads=4)
    assert [(each.account, each.exit_code, each.reason) for each in report.accounts] == [
        (name, 0, "") for name in names
    ]
    for name, simulator in simulators.items():
        truth = sorted(row["id"] for row in simulator.account.truth("tickets"))
        assert stored_ids(file, name, "tickets") == truth
