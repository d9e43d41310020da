"""`python -m tests.continuous --rounds 1000`: keep loading for long, then compare every row."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.continuous.endurance import timed


def main() -> int:
    """Print progress and figures; 0 when every table equals the account at the end."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.continuous")
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tickets", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=600.0, help="stop earlier, after these")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zendesk-rounds-") as folder:
        outcome, text = timed(
            Path(folder), options.seed, options.tickets, options.rounds, options.minutes, _say
        )
    _say(text)
    return 0 if outcome.exit_code == 0 and not outcome.differences else 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
