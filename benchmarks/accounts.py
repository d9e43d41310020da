"""Many accounts at once: what waiting costs, and what a round costs in which nothing is new.

    python -m benchmarks.accounts waits                     24 accounts, 2.5 s a request
    python -m benchmarks.accounts idle --folder /tmp/idle   200 accounts, two rounds

The accounts are served by another process, which is not counted. With ``--folder`` the first load
is kept for a later measurement.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from zendesk_source.fleet.load import load_accounts
from zendesk_source.fleet.report import AccountsReport
from zendesk_source.simulator import Account, RateLimits, Simulator
from zendesk_source.simulator.clock import TimeScaledClock

TOKEN = "a-token"
NOON = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)
EXPORTS = 'streams = ["tickets", "users", "organizations", "ticket_metric_events"]'


def serve(count: int, latency_seconds: float) -> None:
    """Serve accounts, print their addresses, and end with the standard input."""
    with ExitStack() as stack:
        addresses = []
        for seed in range(count):
            clock = TimeScaledClock(1.0, NOON)
            clock.stand_still()
            account = Account.generate(seed, tickets=20, users=8, organizations=2, clock=clock)
            simulator = Simulator(
                account,
                rate_limits=RateLimits.off(),
                oauth_token=TOKEN,
                latency_seconds=latency_seconds,
            )
            addresses.append(stack.enter_context(simulator).base_url)
        print(json.dumps(addresses), flush=True)
        sys.stdin.read()


@contextmanager
def served(folder: Path, count: int, latency_seconds: float, streams: str) -> Iterator[Path]:
    """Serve accounts by another process; yield the file that names them."""
    command = [sys.executable, "-m", "benchmarks.accounts", "serve"]
    command += ["--accounts", str(count), "--latency", str(latency_seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        addresses = json.loads(server.stdout.readline())
        file = folder / "accounts.toml"
        lines = [f'oauth_token = "{TOKEN}"', streams]
        for number, address in enumerate(addresses):
            lines += [f"[accounts.a{number:03}]", f'base_url = "{address}"']
        file.write_text("\n".join(lines))
        yield file
        server.communicate()


def waits(folder: Path, count: int, latency_seconds: float) -> None:
    """Load accounts one after the other, and all at once, in threads and in processes."""
    few = [f"a{number:03}" for number in range(3)]
    with served(folder, count, latency_seconds, EXPORTS) as file:
        one = load_accounts(file, only=few, threads=1).seconds / len(few)
        print(f"one after the other: {one:.1f} s an account ({len(few)}), {one * count:.0f} s all")
        for workers, threads in ((0, count), (2, count // 2)):
            for path in folder.glob("*.duckdb"):
                path.unlink()
            report = load_accounts(file, workers=workers, threads=threads)
            _check(report)
            faster = one * count / report.seconds
            print(f"{workers or 1} x {threads} threads: {report.seconds:.0f} s, {faster:.1f} times")


def idle(folder: Path, count: int, threads: int) -> None:
    """Measure rounds in which nothing is new."""
    with served(folder, count, 0.0, 'streams = ["core"]') as file:
        _check(load_accounts(file, threads=threads))
        for number in range(1, 3):
            before = time.process_time()
            report = load_accounts(file, threads=threads)
            _check(report)
            cpu_seconds = time.process_time() - before
            print(
                f"round {number}: {cpu_seconds / count:.2f} CPU s an account,"
                f" {report.seconds / count:.2f} s, {sum(one.rows for one in report.accounts)} rows"
            )


def _check(report: AccountsReport) -> None:
    if report.exit_code:
        sys.exit(f"not all were loaded: {[each for each in report.accounts if each.exit_code][:3]}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("waits", "idle", "serve"))
    parser.add_argument("--accounts", type=int)
    parser.add_argument("--latency", type=float, default=2.5)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args(arguments)
    with TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        if chosen.what == "serve":
            serve(chosen.accounts, chosen.latency)
        elif chosen.what == "waits":
            waits(folder, chosen.accounts or 24, chosen.latency)
        else:
            idle(folder, chosen.accounts or 200, chosen.threads)


if __name__ == "__main__":
    main()
