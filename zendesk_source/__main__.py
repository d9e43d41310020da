"""``python -m zendesk_source``, and ``zendesk-source``: the command line."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; a Ctrl-C that comes while it is imported needs no traceback."""
    try:
        from zendesk_source.command_line import main as run

        return run()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
