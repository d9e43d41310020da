"""Whatever one stream is answered: the others are whole, and the next good sync makes it right.

A run plays one input on each of many streams at once, so that hundreds of inputs take minutes.
When a run does not end as it should, its inputs are played one by one to name the culprit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import pytest

from tests.hostile.answers import answer_inputs
from tests.hostile.inputs import BY_NAME, HOSTILE_ID, Hostile, played
from tests.hostile.rows import row_inputs
from tests.support.simulated import duckdb_pipeline, served, source_of
from tests.support.tables import TABLES, Row, assert_rows_equal, opened, stored_rows
from zendesk_source import sync
from zendesk_source.catalogue import SideTable
from zendesk_source.runs.loop import SyncReport
from zendesk_source.simulator import Account, Simulator

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

TARGETS = (
    *("tickets", "users", "organizations", "ticket_events", "ticket_metric_events", "groups"),
    *("macros", "ticket_forms", "schedules", "talk_phone_numbers", "account_settings"),
    *("chat_chats", "chat_agents", "engagements", "incremental_routing_attributes"),
    *("satisfaction_ratings", "talk_calls", "ticket_audits", "custom_roles", "workspaces"),
)
"""One of every kind of paging, and those whose rows become several tables."""

CONTROLS = (
    *("views", "automations", "custom_statuses", "trigger_categories", "audit_logs"),
    *("side_conversation_events", "hc_posts", "chat_bans"),
)

ROWS_AT_ONCE = 5
INPUTS = [*row_inputs(), *answer_inputs()]
MOST_LETTERS = 2_000
Round = Mapping[str, Sequence[Hostile]]


def rounds() -> Sequence[Round]:
    """Deal the inputs out: one for each stream a round, or a few rows, each where fewest are."""
    dealt: list[dict[str, list[Hostile]]] = []
    burden = defaultdict[str, float](float)
    # Those that fit few streams first: the longest list of one stream is the number of rounds.
    for hostile in sorted(INPUTS, key=lambda each: len(each.only or TARGETS)):
        name = min(hostile.only or TARGETS, key=burden.__getitem__)
        burden[name] += 1 if not hostile.is_row else 1 / ROWS_AT_ONCE
        each = next((each for each in dealt if _has_room(each.get(name, []), hostile)), None)
        if each is None:
            each = {}
            dealt.append(each)
        each.setdefault(name, []).append(hostile)
    return dealt


def _has_room(taken: Sequence[Hostile], hostile: Hostile) -> bool:
    return not taken or (
        hostile.is_row and len(taken) < ROWS_AT_ONCE and all(other.is_row for other in taken)
    )


ROUNDS = rounds()


def synced(zendesk: Simulator, name: str, streams: Sequence[str], item_format: str) -> SyncReport:
    # A refusal is one of the inputs: no other list is to stand in for the stream that gets it.
    source = source_of(zendesk, *streams, item_format=item_format, exports="incremental")
    return sync(duckdb_pipeline(name), source, clock=zendesk.account.clock)


def troubles(name: str, inputs: Round, item_format: str) -> list[str]:
    """Play a round, heal the server, sync again; return what was not as promised."""
    account = Account.generate(seed=5, tickets=40, users=24, organizations=5)
    found = []
    with served(account) as zendesk:
        for stream, hostiles in inputs.items():
            for hostile in hostiles:
                zendesk.alter_answers(played(hostile, BY_NAME[stream]))
        streams = (*CONTROLS, *inputs)
        try:
            report = synced(zendesk, name, streams, item_format)
            found += list(_unlike(report))
            found += list(_differences(name, account, CONTROLS))
            zendesk.leave_answers_alone()
            account.clock.advance(4_000)
            healed = synced(zendesk, name, streams, item_format)
            found += [f"healed: {s}: {r.reason}" for s, r in healed.runs.items() if not r.was_read]
            found += list(_differences(name, account, streams))
        except Exception as error:  # noqa: BLE001 (each is what this test looks for)
            found.append(f"the sync ended with {type(error).__name__}: {str(error)[:300]}")
    return found


def _unlike(report: SyncReport) -> Iterator[str]:
    if report.exit_code not in (0, 5):
        yield f"exit code {report.exit_code}"
    for name, run in report.runs.items():
        if name in CONTROLS and run.status != "ok":
            yield f"{name} is {run.status}: {run.reason}"
        if "bug" in run.reason:
            yield f"{name}: {run.reason[:400]}"
        if len(run.reason) > MOST_LETTERS:
            yield f"{name}: a reason of {len(run.reason)} letters"


def _differences(name: str, account: Account, streams: Sequence[str]) -> Iterator[str]:
    with opened(duckdb_pipeline(name)) as dataset:
        tables = [table.name for s in streams for table in BY_NAME[s].tables]
        for table in tables:
            truth = _truth(account, table)
            stored = stored_rows(dataset, table) if table in dataset.tables else []
            own = [row for row in stored if not _is_foreign(row, table, truth)]
            try:
                assert_rows_equal(dataset, table, truth, own, TABLES[table].primary_key)
            except AssertionError as error:
                yield str(error)[:300]


def _truth(account: Account, table: str) -> list[Row]:
    rows, stream = account.truth(table), BY_NAME.get(table)
    if table == "ticket_metrics":
        live = {row["id"] for row in account.truth("tickets") if row["status"] != "deleted"}
        return [row for row in rows if row["ticket_id"] in live]
    if stream is None or stream.derive is None or stream.custom_fields:
        return rows
    return [{**row, **stream.derive(row)} for row in rows]


def _is_foreign(row: Row, table: str, truth: Sequence[Row]) -> bool:
    """Whether a row came with an input: its key, or its parent's, is none of the account's.

    A number tells by its size. Of texts any that the account has not is taken for an input's.
    """
    declared = TABLES[table]
    parent = [declared.parent_column] if isinstance(declared, SideTable) else []
    names = {*declared.primary_key, *parent} - {"position"}
    return any(
        row.get(name) is None
        or (isinstance(row[name], int) and _is_odd(row[name]))
        or (isinstance(row[name], str) and all(each.get(name) != row[name] for each in truth))
        for name in names
    )


def _is_odd(key: int) -> bool:
    return not 0 < key < 2**62 or HOSTILE_ID - 1_000 < key < HOSTILE_ID + 2**33


@pytest.mark.parametrize("number", range(len(ROUNDS)))
def test_one_stream_is_answered_with_nonsense(number: int, item_format: str, own_dlt) -> None:
    inputs = ROUNDS[number]
    if not troubles(f"round_{number}", inputs, item_format):
        return
    single = [(stream, hostile) for stream, each in inputs.items() for hostile in each]
    blame = {
        f"{hostile.name}, on {stream}": found
        for turn, (stream, hostile) in enumerate(single)
        if (found := troubles(f"one_{turn}", {stream: [hostile]}, item_format))
    }
    blamed = "\n".join(f"{name}:\n    " + "\n    ".join(each) for name, each in blame.items())
    pytest.fail(
        blamed or "only all of these together: " + ", ".join(hostile.name for _, hostile in single)
    )


def test_there_are_hundreds_of_inputs_and_each_is_played() -> None:
    dealt = [hostile.name for each in ROUNDS for some in each.values() for hostile in some]
    assert sorted(dealt) == sorted(hostile.name for hostile in INPUTS)
    assert len(set(dealt)) == len(dealt) >= 300
