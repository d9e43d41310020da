"""Each destination that is advertised: loaded, edited, loaded again, and every value compared."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import dlt
import pytest

from tests.support.destinations import PLACES, dataset_of, opened_place, versions
from tests.support.edits import eventful_day
from tests.support.simulated import served, source_of
from tests.support.tables import assert_equals_truth
from zendesk_source import sync
from zendesk_source.html_report import write_report
from zendesk_source.simulator import Account

log = logging.getLogger(__name__)
REPORTED = ("duckdb", "postgres", "ducklake")
"""Places that the HTML report reads."""

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    # Of pyiceberg, for each list that is written for the first time.
    pytest.mark.filterwarnings("ignore:Delete operation did not match any records"),
]


def quiet_day(account: Account) -> None:
    """Sets that lose rows, lose all of them, and get some back."""
    account.clock.advance(3_600)
    tickets = [row for row in account.truth("tickets") if row["status"] != "closed"]
    tagged = [row["id"] for row in tickets if len(row.get("tags") or ()) > 1]
    for ticket_id in tagged[:3]:
        account.edit_ticket(ticket_id, tags=[])
    account.edit_ticket(tagged[3], tags=["another"])
    owners: dict[int, list[int]] = {}
    for identity in account.truth("user_identities"):
        owners.setdefault(identity["user_id"], []).append(identity["id"])
    for user_id in list(owners)[:3]:  # markers of three users, which differ in nothing else
        for identity_id in owners[user_id]:
            account.remove_identity(identity_id)
        account.edit_user(user_id, name="Without an address")
    account.clock.advance(3_600)


@pytest.mark.parametrize("name", PLACES)
def test_every_row_and_value_is_there_after_a_first_load_and_two_days_of_edits(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    account = Account.generate(seed=3, tickets=280, users=60, organizations=15)
    with opened_place(name, tmp_path, request) as place, served(account) as zendesk:
        settings = dict(place.settings)
        dataset_name = settings.pop("dataset_name", "zendesk_data")
        pipeline = dlt.pipeline("zendesk", destination=place.destination, dataset_name=dataset_name)
        seconds = []
        for happens in (eventful_day, quiet_day, lambda _: None):
            begun = time.perf_counter()
            report = sync(pipeline, source_of(zendesk, **settings), clock=account.clock)
            seconds.append(round(time.perf_counter() - begun, 1))
            assert report.exit_code == 0, {n: r.reason for n, r in report.runs.items() if r.reason}
            assert_equals_truth(dataset_of(place, pipeline), account)
            happens(account)
        if name in REPORTED:
            write_report(pipeline, tmp_path / "report.html")
        told = " / ".join(map(str, seconds))
        log.warning("%s: three loads in %s s; %s", name, told, versions())  # `make` shows it
