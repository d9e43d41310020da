"""Syncs that are killed, against a Zendesk that edits, deletes and fails; then the comparison."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from random import Random
from typing import Any

from tests.chaos.child import SLICE_PAGES, STREAM_NAMES, TOKEN, Order, run
from tests.support.own_process import pipeline_in
from tests.support.second_road import assert_equals_truth, deleted_ids, tell_true_deletions
from tests.support.tables import differences
from zendesk_source.catalogue import STREAMS
from zendesk_source.simulator import Account, Answer, RateLimits, Request, Simulator
from zendesk_source.simulator.clock import TimeScaledClock
from zendesk_source.simulator.store import iso

SCALE = 200.0
FAULT_RATE = 0.12
ODD_ROW_RATE = 0.03
ROWS_KEYS = {stream.name: stream.rows_key for stream in STREAMS}
START = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)
MOMENTS = (
    "extract begins",
    "extract ends",
    "normalize begins",
    "normalize ends",
    "load begins",
    "load ends",
)
LONGEST_SYNC_SECONDS = 240.0
INCREMENTAL = {stream.name for stream in STREAMS if stream.is_incremental}
Say = Callable[[str], None]


@dataclass
class Verdict:
    """What came of it all.

    Attributes:
        kills: By moment.
        odd_rows: Pages with a row that fits no table.
        exits: Exit codes of the syncs that came to their end.
        requests: For the exports and ratings, the faulty ones included.
        undisturbed: Pages of them that were loaded, each of which had to be asked for once.
        differences: Tables that are not what Zendesk has, and how.
    """

    kills: Counter[str] = field(default_factory=Counter)
    exits: Counter[int] = field(default_factory=Counter)
    faults: Counter[int] = field(default_factory=Counter)
    odd_rows: int = 0
    requests: int = 0
    undisturbed: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def allowed(self) -> float:
        """1.2 times what an undisturbed run asks for, and two slices a kill."""
        return 1.2 * self.undisturbed + 2 * SLICE_PAGES * sum(self.kills.values())

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        codes = set(self.exits) <= {0, 5}
        return codes and not self.differences and self.requests <= self.allowed


class Storm:
    """One account, one copy of it, and a hand that kills.

    Args:
        folder: For the copy.
        seed: Decides everything that time does not.
        tickets: How large the account is.
        say: Prints a line.
        has_exports: Whether Zendesk shows its exports; without them lists are read.
    """

    def __init__(
        self, folder: Path, seed: int, tickets: int, say: Say, *, has_exports: bool = True
    ) -> None:
        self._folder, self._say, self._random = folder, say, Random(seed)
        self._has_exports = has_exports
        self._seed = seed
        self._clock = TimeScaledClock(SCALE, START)
        self.account = Account.generate(
            seed,
            tickets=tickets,
            users=tickets // 3,
            organizations=tickets // 15,
            clock=self._clock,
        )
        if not has_exports:
            tell_true_deletions(self.account)
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["tests.chaos.child"])
        self.verdict = Verdict()

    def blow(self, kills: int) -> Verdict:
        """Kill, finish in peace, compare."""
        limits = RateLimits.plan("enterprise_plus", high_volume=True)
        limits = RateLimits(100_000, dict.fromkeys(limits.buckets, 10_000))
        with Simulator(self.account, rate_limits=limits, oauth_token=TOKEN) as zendesk:
            if not self._has_exports:
                zendesk.close_exports()
            zendesk.fault_rate(FAULT_RATE, self._seed)
            zendesk.alter_answers(self._with_an_odd_row)
            with self._edits():
                while sum(self.verdict.kills.values()) < kills:
                    self._sync_and_kill(zendesk)
            self.verdict.faults = Counter(r.status for r in zendesk.requests if r.stream)
            self.verdict.requests = _count(zendesk)
            zendesk.fault_rate(0.0)
            zendesk.leave_answers_alone()
            self._clock.stand_still()
            for _ in range(2):
                self._clock.advance(600)
                self._finish(self._start(zendesk, self._folder)[0])
        self._compare()
        return self.verdict

    def _with_an_odd_row(self, request: Request, answer: Answer) -> Answer:
        """Put a row that is none, or has no key, into some pages."""
        key = ROWS_KEYS.get(request.stream, "")
        start = f'"{key}":['.encode()
        if not key or start not in answer.body or self._random.random() > ODD_ROW_RATE:
            return answer
        self.verdict.odd_rows += 1
        odd = self._random.choice((b"null", b'{"id":null}', b'"row"', b"[1]"))
        is_only = start + b"]" in answer.body
        return replace(
            answer, body=answer.body.replace(start, start + odd + (b"" if is_only else b","), 1)
        )

    def _sync_and_kill(self, zendesk: Simulator) -> None:
        moment, is_first = self._random.choice(("", "", *MOMENTS)), not self.verdict.kills
        child, marks = self._start(zendesk, self._folder)
        loaded = 0
        skip = 0 if is_first else self._random.choice((0, 0, 1, 3))
        deadline = time.monotonic() + (self._random.uniform(0.1, 4.0) if not moment else 60.0)
        while child.is_alive() and time.monotonic() < deadline:
            if not marks.poll(min(0.05, max(0.0, deadline - time.monotonic()))):
                continue
            try:
                said = marks.recv()
            except EOFError:
                break
            if said.startswith("loaded "):
                loaded = int(said.split()[1])
            if said == moment:
                skip -= 1
                if skip < 0:
                    time.sleep(self._random.choice((0.0, self._random.uniform(0.0, 0.3))))
                    break
        child.kill()
        child.join()
        self.verdict.undisturbed += loaded
        if child.exitcode == -9:
            self.verdict.kills[moment or "any moment"] += 1
        else:
            self.verdict.exits[child.exitcode] += 1
        done = sum(self.verdict.kills.values())
        self._say(f"{done:4} kills; {moment or 'any moment'}: exit {child.exitcode}")

    def _start(self, zendesk: Simulator, folder: Path) -> tuple[Any, Any]:
        ours, theirs = self._processes.Pipe(duplex=False)
        order = Order(folder, zendesk.base_url, self._clock.now(), SCALE)
        child = self._processes.Process(target=run, args=(order, theirs), daemon=True)
        child.start()
        theirs.close()
        return child, ours

    def _finish(self, child: Any) -> None:
        child.join(LONGEST_SYNC_SECONDS)
        if child.is_alive():
            child.kill()
            self.verdict.differences.append("an undisturbed sync did not come to its end")
        self.verdict.exits[child.exitcode or 0] += 1

    def _compare(self) -> None:
        pipeline = pipeline_in(self._folder, "chaos")
        pipeline.sync_destination()
        if not self._has_exports:
            try:
                assert_equals_truth(pipeline, self.account, deleted_ids(self.account))
            except AssertionError as difference:
                self.verdict.differences.append(str(difference))
            return
        for name, differs in differences(pipeline, self.account, STREAM_NAMES):
            if differs:
                self.verdict.differences.append(differs)
            else:
                rows = len(self.account.truth(name))
                self._say(f"     {name}: {rows} rows are as Zendesk has them")

    @contextmanager
    def _edits(self) -> Iterator[None]:
        """Edit, delete and bulk-update from a thread, for as long as the context lasts."""
        is_over = threading.Event()

        def edit() -> None:
            while not is_over.wait(0.25):
                edit_something(self.account, self._random, by_system=self._has_exports)

        thread = threading.Thread(target=edit, daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()


def edit_something(account: Account, random: Random, *, by_system: bool = True) -> None:
    """Let one thing happen that makes a connector lose or double rows.

    Args:
        account: Where it happens.
        random: Decides what.
        by_system: Whether Zendesk changes tickets itself, too, which exports alone show.
    """
    with account.lock:
        tickets = account.stores["tickets"]
        deleted = tickets.marked["deleted"]
        ids = [key for key in tickets.keys() if key not in deleted]  # noqa: SIM118
        some = random.sample(ids, min(len(ids), 3))
        users = account.stores["users"].keys()
        if not by_system:  # whoever is deleted is not changed any more
            users = [key for key in users if key not in account.stores["users"].marked["deleted"]]
        what = random.choice(
            ("edit", "edit", "comment", "delete", "bulk", "people", "fields", "new")
        )
        if what == "edit":
            account.edit_ticket(some[0], tags=[f"tag{random.randrange(9)}"], status="pending")
            if by_system:
                account.system_update(some[1])
        elif what == "comment":
            account.comment(some[0], body="Seen, thank you.")
            if _may_be_rated(account, some[1]):
                account.rate(some[1], random.choice(("good", "bad")))
        elif what == "delete" and len(ids) > 50:
            account.delete_ticket(some[0])
        elif what == "bulk":
            account.bulk_edit(random.sample(ids, min(len(ids), 150)), priority="urgent")
        elif what == "people":
            user = random.choice(users)
            account.edit_user(user, name=f"Name {random.randrange(999)}")
            account.add_identity(user, type="email", value=f"{random.random()}@example.com")
            organization = random.choice(account.stores["organizations"].keys())
            account.edit_organization(organization, details=f"Moved {random.randrange(99)}")
        elif what == "fields":
            field_row = account.add_field("ticket", "text", f"Field {random.randrange(5)}")
            account.set_custom_field(some[0], field_row["id"], "a value")
        else:
            account.create_ticket(subject="Brand new", tags=["new"])


def _may_be_rated(account: Account, ticket_id: int) -> bool:
    """A rating can change until its ticket closes, which is at most 28 days."""
    rating_id = (account.ticket(ticket_id)["satisfaction_rating"] or {}).get("id")
    ratings = account.stores["satisfaction_ratings"]
    return rating_id not in ratings or ratings[rating_id]["created_at"] >= iso(
        int(START.timestamp())
    )


def _count(zendesk: Simulator) -> int:
    return sum(request.stream in INCREMENTAL for request in zendesk.requests)
