"""Loads on Dask: in processes of this machine, or on the workers of a scheduler.

Dask gets units, which hold no secret, and gives back what became of them. A load whose worker dies
is started anew on another one.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from zendesk_source.errors import ConfigurationError, ZendeskError, as_typed
from zendesk_source.fleet.accounts_file import Unit
from zendesk_source.fleet.report import AccountLoad
from zendesk_source.fleet.turns import Turn, Workers, WorkersGone
from zendesk_source.fleet.unit import load_account, zendesk_of
from zendesk_source.runs.dlt_process import dlt_set_up

log = logging.getLogger("zendesk_source")

_ANSWER_SECONDS = 30
_LEASE_SECONDS = 120
"""Longer than Dask takes to end the lease of a worker that died."""


@contextmanager
def on_scheduler(address: str, *, allows_tcp: bool = False) -> Iterator[Workers]:
    """Run loads on the workers of a scheduler.

    Args:
        address: Its address, such as ``tls://host:8786``. Certificates are those of Dask's own
            settings (``distributed.comm.tls``).
        allows_tcp: Whether an address without TLS will do.

    Raises:
        ConfigurationError: Dask is missing, or the address is not one of TLS.
        ZendeskError: The scheduler does not answer, or has no worker.
    """
    protocol = address.partition("://")[0]
    if protocol != "tls" and not (allows_tcp and protocol == "tcp"):
        raise ConfigurationError(
            "--scheduler is no address of TLS, such as tls://host:8786.",
            "Without TLS, who reaches the scheduler's port can run programs on its workers, which"
            " hold the secrets. In a network where nobody else can: --allow-tcp tcp://host:8786.",
        )
    distributed = _dask()
    try:
        client = distributed.Client(address, timeout=_ANSWER_SECONDS)
    except (OSError, ValueError, TypeError) as error:
        raise ZendeskError(
            f"The scheduler at {address} does not answer: {type(error).__name__}.",
            "Is it running, and do Dask's settings name the certificates (distributed.comm.tls)?",
        ) from error
    with client:
        yield _with_a_worker(client, address)


@contextmanager
def in_processes(workers: int, threads: int) -> Iterator[Workers]:
    """Run loads in processes of this machine, which talk through TLS of their own.

    Args:
        workers: How many processes.
        threads: How many threads each of them has.

    Raises:
        ConfigurationError: Dask is missing.
    """
    distributed = _dask()
    with (
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            processes=True,
            dashboard_address=None,
            security=True,
            silence_logs=logging.ERROR,
            memory_limit=0,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield _with_a_worker(client, "this machine")


def load_on_worker(unit: Mapping[str, Any], max_minutes: float) -> dict[str, Any]:
    """Load an account, while no other worker of the scheduler does.

    Args:
        unit: One of ``read_accounts``.
        max_minutes: As of ``load_account``.

    Returns:
        As ``load_account``.
    """
    try:
        with dlt_set_up():  # references may lead into `.env`
            whose = zendesk_of(unit)
    except Exception:
        log.debug("%s has no log-in", unit["account"], exc_info=True)
        whose = f"account {unit['account']}"
    lease = _dask().Semaphore(max_leases=1, name=f"zendesk {whose}")
    if not lease.acquire(timeout=_LEASE_SECONDS):
        reason = "Another worker is loading it. Wait until that has ended."
        return asdict(AccountLoad(unit["account"], reason=reason, may_pass=True))
    try:
        return load_account(unit, max_minutes)
    finally:
        lease.release()


class _Dask:
    def __init__(self, client: Any) -> None:
        self._client = client
        self._count = 0
        self._run = os.urandom(4).hex()

    def slots(self) -> int:
        with _answering():
            return sum(self._client.nthreads().values())

    def start(self, unit: Unit, max_minutes: float) -> Turn:
        self._count += 1
        # Dask would answer a key that it knows with what became of it then.
        key = f"zendesk-{unit['account']}-{self._run}-{self._count}"
        with _answering():
            future: Turn = self._client.submit(
                load_on_worker, unit, max_minutes, key=key, pure=False, retries=0
            )
        return future


@contextmanager
def _answering() -> Iterator[None]:
    """Say so if the scheduler went away."""
    try:
        yield
    except Exception as error:
        raise WorkersGone(
            f"The scheduler does not answer any more: {type(error).__name__}.",
            "What was loaded is complete, and loads that run on its workers end with their turn."
            " Start again to go on.",
        ) from error


def _with_a_worker(client: Any, where: str) -> _Dask:
    try:
        client.wait_for_workers(1, timeout=_ANSWER_SECONDS)
    except TimeoutError as error:
        raise ZendeskError(
            f"The scheduler at {where} has no worker.", "Start some: dask worker <its address>."
        ) from error
    return _Dask(client)


def _dask() -> Any:
    try:
        import distributed
    except ImportError:
        raise ConfigurationError(
            "Dask is not installed, which several processes or machines need.",
            f"{as_typed('pip')} install 'zendesk-source[distributed]'; or leave --workers and"
            " --scheduler out: --threads needs nothing.",
        ) from None
    return distributed
