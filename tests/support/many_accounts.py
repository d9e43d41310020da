"""Many simulated accounts, each on a socket of its own, and the file that names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from tests.support.simulated import TOKEN, served
from zendesk_source.simulator import Account, Simulator

CLIENT = "marker-client-of-all"
SECRET = "marker-secret-of-all"


@contextmanager
def accounts_served(
    names: list[str], *, tickets: int = 20, **options: Any
) -> Iterator[dict[str, Simulator]]:
    """Serve accounts, each with rows of its own."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                served(
                    Account.generate(seed=seed, tickets=tickets + seed, users=8, organizations=2),
                    oauth_client=(CLIENT, SECRET),
                    **options,
                )
            )
            for seed, name in enumerate(names, start=1)
        }


def accounts_file(
    file: Path, simulators: Mapping[str, Simulator], *everywhere: str, **own: str
) -> Path:
    """Write a file of accounts; each logs in with ``oauth_token`` unless ``own`` has lines for it.

    Args:
        file: Path of the file.
        simulators: What serves each account, by name.
        everywhere: Lines for all accounts.
        own: Lines for one account, by its name, in place of its log-in.
    """
    lines = ['database = "{account}.duckdb"', *everywhere]
    logs_in = any(line.startswith(("client_id", "oauth_token", "email")) for line in everywhere)
    for name, simulator in simulators.items():
        lines += [f"[accounts.{name}]", f'base_url = "{simulator.base_url}"']
        lines += [own[name]] if name in own else [] if logs_in else [f'oauth_token = "{TOKEN}"']
    file.write_text("\n".join(lines))
    return file


def stored_ids(file: Path, account: str, table: str) -> list[int]:
    """Return the ids in a table of an account's DuckDB file, in order."""
    with duckdb.connect(str(file.parent / f"{account}.duckdb"), read_only=True) as database:
        found = database.execute(f"SELECT id FROM zendesk_{account}.{table} ORDER BY id").fetchall()
    return [number for (number,) in found]
