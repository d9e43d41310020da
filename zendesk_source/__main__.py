"""``python -m zendesk_source``, and ``zendesk-source``: the command line."""

from __future__ import annotations

import gc
import signal
import sys


def main() -> int:
    """Run the command line; a Ctrl-C before or after it needs no traceback."""
    try:
        from zendesk_source.command_line import main as run

        return run()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done and said
        gc.freeze()  # else Python looks through all that dlt has imported once more, for a second


if __name__ == "__main__":
    sys.exit(main())
