"""Many rounds against a Zendesk that edits and fails, while others read the file; then figures."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from tests.continuous.keeper import STREAMS_KEPT, Orders, Told, run
from tests.support.own_process import pipeline_in
from tests.support.simulated import TOKEN
from tests.support.tables import differences, opened
from zendesk_source.simulator import Account, RateLimits, Simulator
from zendesk_source.simulator.clock import DEFAULT_START, TimeScaledClock

SCALE = 10.0
EVERY_SECONDS = 5.0
LISTS_EVERY_SECONDS = 300.0
FAULT_RATE = 0.03
SETTLED_SECONDS = 2 * LISTS_EVERY_SECONDS + 120
"""After the last edit, until every stream was certainly asked twice."""

LONGEST_ROUND_SECONDS = 240.0
SECONDS_BETWEEN_EDITS = 1.0
SECONDS_BETWEEN_READS = 0.7
ROUNDS_AROUND = 10
"""Memory is the median of so many rounds."""

READS = """
import sys, time, duckdb
seconds = 0.0
while True:
    try:
        with duckdb.connect(sys.argv[1], read_only=True) as reader:
            reader.sql("select count(*) from zendesk_data.tickets").fetchone()
            seconds = (seconds + 0.25) % 3.0  # sometimes it keeps the file open for longer
            time.sleep(seconds)
        print("read", flush=True)
        time.sleep(float(sys.argv[2]))
    except duckdb.IOException as busy:
        print("locked" if "lock" in str(busy) else busy, flush=True)
        time.sleep(0.02)
"""

Say = Callable[[str], None]


@dataclass
class Outcome:
    """What came of it all.

    Attributes:
        told: What the process said after each round.
        rounds: How many rounds there were while the account was edited.
        exit_code: Of the process.
        reads: How often others have read the file, or met its lock.
        faults: Answers, by status.
        differences: Tables that are not what Zendesk has, and how.
        rows_of_dlt: Rows of dlt's own tables and of the sync log.
    """

    told: list[Told] = field(default_factory=list)
    rounds: int = 0
    exit_code: int | None = None
    reads: Counter[str] = field(default_factory=Counter)
    faults: Counter[int] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    rows_of_dlt: dict[str, int] = field(default_factory=dict)

    def at(self, number: int, name: str) -> float:
        """Return a figure of the process around a round."""
        around = self.told[max(0, number - ROUNDS_AROUND // 2) : number + ROUNDS_AROUND // 2]
        return median(float(getattr(told, name)) for told in around)

    def cpu_seconds_a_round(self) -> float:
        """Return the CPU time of a usual round, after the first ones."""
        some = self.told[len(self.told) // 10 :]
        return (some[-1].cpu_seconds - some[0].cpu_seconds) / max(1, len(some) - 1)


class Endurance:
    """One account, one process that keeps loading it, and some who read what is loaded.

    Args:
        folder: For the copy.
        seed: Decides everything that time does not.
        tickets: How large the account is.
        say: Prints a line.
    """

    def __init__(self, folder: Path, seed: int, tickets: int, say: Say) -> None:
        self._folder, self._say, self._random, self._seed = folder, say, Random(seed), seed
        self._clock = TimeScaledClock(SCALE, DEFAULT_START)
        self.account = Account.generate(
            seed, tickets=tickets, users=tickets // 3, organizations=10, clock=self._clock
        )
        self.outcome = Outcome()

    def run(self, rounds: int, minutes: float) -> Outcome:
        """Do some rounds with edits, faults and readers, then some without; and compare.

        Args:
            rounds: How many.
            minutes: Of real time, after which there are no more.
        """
        ends_at = time.monotonic() + minutes * 60
        processes = multiprocessing.get_context("forkserver")
        ours, theirs = processes.Pipe()
        limits = RateLimits(100_000, {"incremental-exports": 10_000})
        with Simulator(self.account, rate_limits=limits, oauth_token=TOKEN) as zendesk:
            orders = Orders(
                self._folder,
                zendesk.base_url,
                self._clock.now(),
                SCALE,
                EVERY_SECONDS,
                LISTS_EVERY_SECONDS,
            )
            child = processes.Process(target=run, args=(orders, theirs), daemon=True)
            child.start()
            theirs.close()
            self._follow(ours, lambda told: told.number >= 1)
            zendesk.fault_rate(FAULT_RATE, self._seed)
            with self._readers(), self._again(self._edit, SECONDS_BETWEEN_EDITS):
                self._follow(ours, lambda told: told.number >= rounds or time.monotonic() > ends_at)
            self.outcome.rounds = self.outcome.told[-1].number
            self.outcome.faults = Counter(request.status for request in zendesk.requests)
            zendesk.fault_rate(0.0)
            settled_at = self._clock.monotonic() + SETTLED_SECONDS
            self._follow(ours, lambda told: self._clock.monotonic() >= settled_at)
            ours.send("enough")
            child.join(LONGEST_ROUND_SECONDS)
            self.outcome.exit_code = child.exitcode
        self._compare()
        return self.outcome

    def _follow(self, pipe: Any, is_over: Callable[[Told], bool]) -> None:
        while pipe.poll(LONGEST_ROUND_SECONDS):
            told: Told = pipe.recv()
            self.outcome.told.append(told)
            if told.number <= 5 or told.number % 50 == 0 or told.error:
                self._say(f"{told}")
            if is_over(told):
                return
        raise AssertionError("no round came to its end for minutes")

    @contextmanager
    def _again(self, do: Callable[[], None], pause_seconds: float) -> Iterator[None]:
        """Do something again and again from a thread, for as long as the context lasts."""
        is_over = threading.Event()

        def work() -> None:
            while not is_over.wait(pause_seconds):
                do()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    @contextmanager
    def _readers(self) -> Iterator[None]:
        """Let another process open and close the file, as long as the context lasts."""
        command = [sys.executable, "-c", READS, str(self._folder / "copy.duckdb")]
        command.append(str(SECONDS_BETWEEN_READS))
        with subprocess.Popen(command, text=True, stdout=subprocess.PIPE) as reader:
            yield
            reader.terminate()
            assert reader.stdout is not None
            self.outcome.reads.update(line.strip() for line in reader.stdout)

    def _edit(self) -> None:
        account, random = self.account, self._random
        with account.lock:
            deleted = account.stores["tickets"].marked["deleted"]
            ids = [key for key in account.stores["tickets"].keys() if key not in deleted]  # noqa: SIM118
            some = random.sample(ids, 3)
            what = random.choice(("edit", "edit", "comment", "delete", "people", "new", "list"))
            if what == "edit":
                account.edit_ticket(some[0], tags=[f"tag{random.randrange(9)}"])
                account.system_update(some[1])
            elif what == "comment":
                account.comment(some[0], body="Seen, thank you.")
            elif what == "delete" and len(ids) > 50:
                account.delete_ticket(some[0])
            elif what == "people":
                user = random.choice(account.stores["users"].keys())
                account.edit_user(user, name=f"Name {random.randrange(999)}")
                organization = random.choice(account.stores["organizations"].keys())
                account.edit_organization(organization, details=f"Moved {random.randrange(99)}")
            elif what == "list":
                macro = random.choice(account.truth("macros"))
                account.edit_row("macros", macro["id"], title=f"Macro {random.randrange(99)}")
            else:
                account.create_ticket(subject="Brand new", tags=["new"])

    def _compare(self) -> None:
        pipeline = pipeline_in(self._folder, "keeper")
        pipeline.sync_destination()
        compared = differences(pipeline, self.account, STREAMS_KEPT)
        self.outcome.differences += [text for _, text in compared if text]
        with opened(pipeline) as dataset:
            for name in ("_dlt_loads", "_dlt_pipeline_state", "_dlt_version", "_zendesk_sync_log"):
                table = dataset.client.make_qualified_table_name(name)
                count = dataset.client.execute_sql(f"SELECT count(*) FROM {table}")
                self.outcome.rows_of_dlt[name] = count[0][0]


def figures(outcome: Outcome, seconds: float) -> str:
    """Return the figures in words."""
    rounds = outcome.rounds
    lines = [
        "",
        *(_grown_to(outcome, number) for number in sorted({min(50, rounds), rounds // 2, rounds})),
    ]
    codes = Counter(told.error or str(told.code) for told in outcome.told)
    lines += [
        f"CPU a round: {outcome.cpu_seconds_a_round():.2f} s",
        f"rounds: {len(outcome.told)}, by exit code or error: {dict(codes)};"
        f" packages: {sum(told.slices for told in outcome.told)}",
        f"others have opened the file: {dict(outcome.reads)}",
        f"answers: {dict(outcome.faults)}",
        f"rows of dlt: {outcome.rows_of_dlt}",
        *(f"DIFFERENT: {difference}" for difference in outcome.differences),
        f"exit code {outcome.exit_code}; {seconds:.0f} s",
    ]
    return "\n".join(lines)


def _grown_to(outcome: Outcome, number: int) -> str:
    return (
        f"round {number}: {outcome.at(number, 'resident_mb'):.1f} MB,"
        f" {outcome.at(number, 'objects'):,.0f} objects,"
        f" {outcome.at(number, 'threads'):.0f} threads,"
        f" {outcome.at(number, 'descriptors'):.0f} descriptors,"
        f" {outcome.at(number, 'folder_files'):.0f} files of dlt"
    )


def timed(
    folder: Path, seed: int, tickets: int, rounds: int, minutes: float, say: Say
) -> tuple[Outcome, str]:
    """Run, and return what came of it with the figures."""
    begun = time.monotonic()
    outcome = Endurance(folder, seed, tickets, say).run(rounds, minutes)
    return outcome, figures(outcome, time.monotonic() - begun)
