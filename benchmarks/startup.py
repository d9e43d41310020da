"""What `zendesk-source --help` costs: `python -m benchmarks.startup`.

CPU seconds: on a machine that does nothing else they are what one waits.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from statistics import median

RUNS = 9
COMMANDS = {
    "an empty program": ["-c", "pass"],
    "zendesk-source --help": ["-m", "zendesk_source", "--help"],
    "zendesk-source load --help": ["-m", "zendesk_source", "load", "--help"],
    "zendesk-source streams": ["-m", "zendesk_source", "streams"],
    "import dlt": ["-c", "import dlt"],
}


def main() -> None:
    """Print the median and the range of each command, in CPU seconds."""
    for name, arguments in COMMANDS.items():
        seconds = sorted(_seconds(arguments) for _ in range(RUNS))
        print(f"{name:28} {median(seconds):.2f} ({seconds[0]:.2f}-{seconds[-1]:.2f})")


def _seconds(arguments: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
