"""``python -m zendesk_source``: the command line."""

from __future__ import annotations

import sys

from zendesk_source.command_line import main

if __name__ == "__main__":
    sys.exit(main())
