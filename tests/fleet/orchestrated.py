"""Serve two accounts, one of them with a wrong token, for an orchestrator that is tried by hand.

    python -m tests.fleet.orchestrated FOLDER COMMAND...

runs the command with ``ZENDESK_ACCOUNTS`` naming their file, and prints what was loaded.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.many_accounts import accounts_file, accounts_served, stored_ids


def main(folder: Path, command: list[str]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    with accounts_served(["acme", "beta"]) as simulators:
        own = {"acme": 'oauth_token = "env:OF_ACME"', "beta": 'oauth_token = "env:OF_BETA"'}
        file = accounts_file(
            folder / "accounts.toml", simulators, 'streams = ["tickets", "users"]', **own
        )
        secrets = {"OF_ACME": "a-token", "OF_BETA": "marker-wrong-token"}
        environment = {**os.environ, **secrets, "ZENDESK_ACCOUNTS": str(file)}
        code = subprocess.run(command, env=environment, check=False).returncode
        for name, simulator in simulators.items():
            truth = sorted(row["id"] for row in simulator.account.truth("tickets"))
            loaded = (folder / f"{name}.duckdb").exists()
            is_equal = loaded and stored_ids(file, name, "tickets") == truth
            sys.stderr.write(f"{name}: {'equal' if is_equal else 'not loaded'}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
