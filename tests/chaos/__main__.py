"""`python -m tests.chaos --kills 100 --seed 1`: kill syncs at random, then compare every row."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.child import make_pages_small
from tests.chaos.storm import Storm, Verdict


def main() -> int:
    """Print progress and a verdict; 0 when every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.chaos")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tickets", type=int, default=2_000)
    options = parser.parse_args()
    make_pages_small()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="zendesk-chaos-") as folder:
        copy = Path(folder) / "copy"
        copy.mkdir()
        verdict = Storm(copy, options.seed, options.tickets, _say).blow(options.kills)
    _say(report(verdict, time.monotonic() - began))
    return 0 if verdict.is_good else 1


def report(verdict: Verdict, seconds: float) -> str:
    """Return the verdict in words."""
    kills = ", ".join(f"{n} at {moment}" for moment, n in verdict.kills.most_common())
    answers = verdict.faults
    faulty = sum(n for status, n in answers.items() if status != 200)
    share = faulty / max(1, sum(answers.values()))
    return "\n".join(
        [
            "",
            f"kills: {sum(verdict.kills.values())} ({kills})",
            f"answers other than 200: {share:.0%}, and 200 with a broken body or late beside them",
            f"pages with a row that fits no table: {verdict.odd_rows}",
            f"exit codes of the syncs that ended: {dict(verdict.exits)}",
            f"requests for exports and ratings: {verdict.requests}; allowed {verdict.allowed:.0f}"
            f" (pages loaded: {verdict.undisturbed})",
            *(f"DIFFERENT: {difference}" for difference in verdict.differences),
            f"{'GOOD' if verdict.is_good else 'BAD'} after {seconds:.0f} s",
        ]
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
